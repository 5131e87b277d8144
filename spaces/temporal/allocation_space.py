"""What the joint search varies: the choices of T frames (equation 3), handled as a search space is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float

from spaces.architecture import Architecture
from spaces.cost import Cost
from spaces.errors import ArchitectureError
from spaces.space import MUTATION_RATE
from spaces.temporal.allocation import Allocation, FrameChoice, Fusion
from spaces.temporal.temporal_space import TemporalSpace

STAGE, OPERATION = "fusion_stage", "fusion_operation"


@final
@dataclass(frozen=True)
class AllocationSpace:
    """Allocations of `temporal` over `frames` frames, T of the paper: any from 1 on, whatever T was trained.

    `shared` gives all frames one choice, Figure 6b's control. A `temporal` without operations is Figure 6a's.
    """

    temporal: TemporalSpace
    frames: int
    shared: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ArchitectureError(
                f"an allocation must have at least one frame beside the key frame, not {self.frames}"
            )

    @property
    def name(self) -> str:
        return self.temporal.name

    @property
    def drawn(self) -> int:
        """Frames that are chosen independently."""
        return 1 if self.shared else self.frames

    def assemble(self, choices: Sequence[FrameChoice]) -> Allocation:
        """The allocation of the independent choices: T of them, or the one that all frames share."""
        return Allocation(self.name, tuple(choices) * (self.frames if self.shared else 1))

    def cost(self, allocation: Allocation) -> Cost:
        """Summed over the T frames: what equation 3 bounds. The key frame is not in it (`average` has it)."""
        return sum(map(self.temporal.cost, allocation.frames), Cost())

    def sample(self, rng: np.random.Generator) -> Allocation:
        """Uniform per dimension, not over allocations: see `spaces.temporal.drawing` for that."""
        return self.assemble([self.temporal.sample(rng) for _ in range(self.drawn)])

    def biggest(self) -> Allocation:
        """The key frame's CNN in every frame, with its dearest fusion."""
        return self._all_frames(self.temporal.cnn.biggest(), max)

    def smallest(self) -> Allocation:
        """The smallest CNN in every frame, with the fusion of the fewest MACs."""
        return self._all_frames(self.temporal.cnn.smallest(), min)

    def mutate(self, parent: Allocation, rng: np.random.Generator, rate: float | None = None) -> Allocation:
        """Each dimension is drawn anew with probability `rate`.

        By default as many change as in a mutant of one architecture, however many frames there are.
        """
        rate = MUTATION_RATE / self.drawn if rate is None else rate
        return self.assemble([self._mutant(frame, rng, rate) for frame in parent.frames[: self.drawn]])

    def crossover(self, mother: Allocation, father: Allocation, rng: np.random.Generator) -> Allocation:
        """Each dimension comes from the same frame of either parent."""
        pairs = zip(mother.frames[: self.drawn], father.frames[: self.drawn], strict=True)
        return self.assemble([self._child(*pair, rng) for pair in pairs])

    def dimensions(self) -> dict[str, tuple[Any, ...]]:
        """Every dimension that leaves a choice, as "frame1.part.dimension", with all its values, ascending.

        A frame's fusion is "frame1.fusion_stage" and "frame1.fusion_operation"; with `shared` the one frame
        is called "frames".
        """
        return {
            f"{frame}.{name}": values
            for frame in self._frame_names
            for name, values in self._frame_dimensions.items()
        }

    def describe(self, allocation: Allocation) -> dict[str, Any]:
        """The allocation as values of `dimensions()`."""
        return {
            f"{name}.{key}": value
            for name, frame in zip(self._frame_names, allocation.frames, strict=False)
            for key, value in self._describe_frame(frame)
        }

    def nearest(self, values: Mapping[str, Any]) -> Allocation:
        """The allocation with these values of `dimensions()`, the nearest option where one does not fit."""
        return self.assemble([self._nearest_frame(name, values) for name in self._frame_names])

    def features(self, allocation: Allocation) -> Float[np.ndarray, " D"]:
        """The allocation as numbers between 0 and 1, for a regressor.

        One for every numeric dimension, its place between least and most; one for every fusion operation.
        """
        dimensions, numbers = self.dimensions(), []
        for name, value in self.describe(allocation).items():
            options = dimensions[name]
            if name.endswith(OPERATION):
                numbers += [float(value == option) for option in options]
            else:
                numbers.append((value - options[0]) / (options[-1] - options[0]))
        return np.array(numbers, dtype=np.float64)

    def check(self, allocation: Allocation) -> None:
        """Raises ArchitectureError naming the first frame, counted from 1, and what in it lies outside."""
        if allocation.space != self.name:
            raise ArchitectureError(
                f"an allocation of space {self.name!r} is needed, but this is one of {allocation.space!r}"
            )
        if len(allocation.frames) != self.frames:
            raise ArchitectureError(
                f"an allocation over {self.frames} frames is needed, but this has {len(allocation.frames)}"
            )
        if self.shared and len(set(allocation.frames)) > 1:
            raise ArchitectureError("all frames must share one choice, but this allocation's differ")
        for number, frame in enumerate(allocation.frames, start=1):
            try:
                self._check_frame(frame)
            except ArchitectureError as error:
                raise ArchitectureError(f"frame {number}: {error}") from None

    def contains(self, allocation: Allocation) -> bool:
        try:
            self.check(allocation)
        except ArchitectureError:
            return False
        return True

    def parse(self, text: str) -> Allocation:
        """Reads an allocation's JSON and checks it."""
        allocation = Allocation.from_json(text)
        self.check(allocation)
        return allocation

    @cached_property
    def _frame_names(self) -> tuple[str, ...]:
        return ("frames",) if self.shared else tuple(f"frame{t}" for t in range(1, self.frames + 1))

    @cached_property
    def _frame_dimensions(self) -> dict[str, tuple[Any, ...]]:
        named = self.temporal.cnn.dimensions()
        fusions = [fusion for fusion in self.temporal.fusions if fusion is not None]
        own = {
            STAGE: tuple(dict.fromkeys(fusion.stage for fusion in fusions)),
            OPERATION: tuple(dict.fromkeys(fusion.operation for fusion in fusions)),
        }
        return named | {name: values for name, values in own.items() if len(values) > 1}

    def _describe_frame(self, frame: FrameChoice) -> Iterator[tuple[str, Any]]:
        yield from self.temporal.cnn.describe(frame.architecture).items()
        for name, of in ((STAGE, "stage"), (OPERATION, "operation")):
            if name in self._frame_dimensions:
                yield name, getattr(frame.fusion, of)

    def _nearest_frame(self, frame: str, values: Mapping[str, Any]) -> FrameChoice:
        prefix = f"{frame}."
        own = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}

        def far(fusion: Fusion | None) -> tuple[bool, float]:
            if fusion is None:
                return (False, 0)
            stage, operation = own.get(STAGE, 1), own.get(OPERATION, fusion.operation)
            return (fusion.operation != operation, abs(fusion.stage - stage))

        return FrameChoice(self.temporal.cnn.nearest(own), min(self.temporal.fusions, key=far))

    def _mutant(self, frame: FrameChoice, rng: np.random.Generator, rate: float) -> FrameChoice:
        architecture = self.temporal.cnn.mutate(frame.architecture, rng, rate)
        fusion, drawn = frame.fusion, self.temporal.sample_fusion(rng)
        if fusion is None or drawn is None:
            return FrameChoice(architecture, drawn)
        anew = rng.random(2) < rate
        stage = drawn.stage if anew[0] else fusion.stage
        return FrameChoice(architecture, Fusion(stage, drawn.operation if anew[1] else fusion.operation))

    def _child(self, mother: FrameChoice, father: FrameChoice, rng: np.random.Generator) -> FrameChoice:
        architecture = self.temporal.cnn.crossover(mother.architecture, father.architecture, rng)
        parents = [fusion for fusion in (mother.fusion, father.fusion) if fusion is not None]
        if not parents:
            return FrameChoice(architecture, None)
        first, second = rng.integers(len(parents), size=2)
        return FrameChoice(architecture, Fusion(parents[first].stage, parents[second].operation))

    def _all_frames(self, architecture: Architecture, pick: Callable[..., Fusion | None]) -> Allocation:
        fusion = pick(
            self.temporal.fusions,
            key=lambda each: 0 if each is None else self.temporal.fusion_cost(architecture, each).macs,
        )
        return Allocation(self.name, (FrameChoice(architecture, fusion),) * self.frames)

    def _check_frame(self, frame: FrameChoice) -> None:
        self.temporal.check(frame)
        if frame.fusion is None and self.temporal.operations:
            raise ArchitectureError(f"a frame of space {self.name!r} must have a fusion, but it has none")
