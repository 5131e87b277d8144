"""Latency of any architecture of a space within microseconds, learnt from measured ones; a file of JSON."""

import json
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Float

from spaces.architecture import Architecture, StageChoice
from spaces.space import SearchSpace
from workers.errors import DataError
from workers.files import whole_file
from workers.latency.features import feature_names, features, part_features
from workers.latency.measure import Setting
from workers.latency.regression import Fitted, HeldOut, fit, held_out
from workers.latency.trees import Trees

FORMAT = 1
FEWEST_SAMPLES = 10  # that can be held out in turns
REMEMBERED_PARTS = 1 << 16  # parts

Latency = Callable[[Architecture], float]  # milliseconds


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatencyPredictor:
    """A latency predictor: what was learnt, of what, on which processor, and error on held-out samples."""

    setting: Setting
    cpu: str
    method: str
    names: tuple[str, ...]  # of the features
    fitted: Fitted
    held_out: HeldOut

    def bind(self, space: SearchSpace) -> Latency:
        """The function that predicts for `space`; DataError where it was learnt on another."""
        self._refuse_other(space)
        known: dict[Hashable, Float[np.ndarray, " K"]] = {}

        def part(before: Sequence[StageChoice], choice: StageChoice) -> Float[np.ndarray, " K"]:
            """Remembered by all that a part's features depend on."""
            where = (len(before), space.carried(before) if before else None, choice)
            if where not in known:
                if len(known) >= REMEMBERED_PARTS:
                    known.clear()
                known[where] = np.array(part_features(space, before, choice))
            return known[where]

        def predict_ms(architecture: Architecture) -> float:
            parts = space.parts(architecture)
            each = [part(parts[:index], choice) for index, choice in enumerate(parts)]
            return float(self.fitted(np.concatenate(each)[None])[0])

        return predict_ms

    def save(self, path: Path) -> None:
        """Writes a whole file or none. JSON keeps floating-point numbers to the bit."""
        fitted = {
            "intercept": self.fitted.intercept,
            "coefficients": self.fitted.coefficients.tolist(),
            "trees": self.fitted.trees.to_dict(),
        }
        about = {"setting": asdict(self.setting), "cpu": self.cpu, "method": self.method}
        value = {"format": FORMAT, **about, "held_out": asdict(self.held_out), "names": self.names, **fitted}
        with whole_file(path) as draft:
            draft.write_text(json.dumps(value, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path, expected: Setting) -> "LatencyPredictor":
        """The predictor in `path`; DataError where it is of another setting, or no such file."""
        try:
            value = json.loads(path.read_bytes())
            if value["format"] != FORMAT:
                raise ValueError(f"its format is {value['format']}, known is {FORMAT}")
            found = cls._parse(value)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                f"{path} must be a latency predictor that a search wrote, but: {error!r}. Remove it, and the "
                "search measures anew."
            ) from error
        _refuse_setting(path, found.setting, expected)
        return found

    @classmethod
    def _parse(cls, value: Any) -> "LatencyPredictor":
        setting = value["setting"] | {"input_hw": tuple(value["setting"]["input_hw"])}
        return cls(
            setting=Setting(**setting),
            cpu=value["cpu"],
            method=value["method"],
            names=tuple(value["names"]),
            fitted=Fitted(_finite(value["intercept"]), _coefficients(value), _trees(value)),
            held_out=HeldOut(**value["held_out"]),
        )

    def _refuse_other(self, space: SearchSpace) -> None:
        learnt = (self.setting.space, self.setting.keypoints, self.setting.input_hw, self.names)
        if learnt != (space.name, space.keypoints, space.input_hw, feature_names(space)):
            raise DataError(
                f"a latency predictor for space {space.name!r} with {space.keypoints} keypoints at "
                f"{space.input_hw} and its present parts is needed, but this one was learnt on "
                f"{self.setting.space!r} with {self.setting.keypoints} at {self.setting.input_hw}. "
                "Measure anew: remove the predictor's file."
            )


def _finite(number: Any) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{number} is no finite number")
    return float(number)


def _coefficients(value: Any) -> Float[np.ndarray, " K"]:
    found = np.array(value["coefficients"], dtype=float)
    if found.shape != (len(value["names"]),) or not np.isfinite(found).all():
        raise ValueError("it must have a finite coefficient for each of its names")
    return found


def _trees(value: Any) -> Trees:
    trees = Trees.from_dict(value["trees"])
    if trees.feature.max(initial=0) >= len(value["names"]):
        raise ValueError("its trees must ask for features that it names")
    return trees


def _refuse_setting(path: Path, found: Setting, expected: Setting) -> None:
    if found != expected:
        needed = asdict(expected)
        pairs = [(name, was, needed[name]) for name, was in asdict(found).items()]
        other = [f"{name} {was}, not {now}" for name, was, now in pairs if was != now]
        raise DataError(
            f"{path} must predict what this search needs, but it was learnt on {'; '.join(other)}. "
            "Give another run's name, or remove that file to measure anew."
        )


def train_predictor(
    space: SearchSpace, setting: Setting, cpu: str, samples: Sequence[tuple[Architecture, float]]
) -> LatencyPredictor:
    """A predictor learnt from architectures and their latencies. Raises DataError if they are too few."""
    if len(samples) < FEWEST_SAMPLES:
        raise DataError(
            f"a latency predictor needs at least {FEWEST_SAMPLES} measured architectures, but there are "
            f"{len(samples)}. Measure more, or widen the constraint."
        )
    columns = np.stack([features(space, architecture) for architecture, _ in samples])
    latencies_ms = np.array([latency_ms for _, latency_ms in samples])
    parts = len(space.part_names)
    method, fitted = fit(columns, latencies_ms, parts)
    return LatencyPredictor(
        setting=setting, cpu=cpu, method=method, names=feature_names(space), fitted=fitted,
        held_out=held_out(columns, latencies_ms, parts),
    )  # fmt: skip
