"""Real Ray actors: what Tune runs, and what a search does with results that are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray

from platform.config.sections.resources import ResourceConfig
from platform.run.cluster import ray_session
from platform.samplers.sampler import Observation
from platform.trials.on_ray_tune import run_trials
from spaces.architecture import Architecture
from spaces.errors import ConstraintError
from spaces.initialise import initialise
from spaces.registry import build_space
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.errors import DataError
from workers.evaluation.coco.ap import CocoScorer
from workers.evaluation.crops import prepare_crops
from workers.search.evaluator import SearchInputs

INPUT_HW = (64, 32)
SPACE = build_space("mobilenetv3-small", 17, INPUT_HW)
FOREIGN = build_space("mobilenetv3").smallest()
RESOURCES = ResourceConfig(cpus=2, object_store_mib=128, slots=2)


class Listed:
    """A sampler that proposes a given list, and then nothing more."""

    def __init__(self, *architectures: Architecture) -> None:
        self.architectures = architectures

    def propose(self, trial: int) -> Architecture:
        if trial >= len(self.architectures):
            raise ConstraintError("no new architecture")
        return self.architectures[trial]

    def observe(self, trial: int | None, observation: Observation) -> None:
        """Learns nothing."""

    def notes(self) -> dict[str, float]:
        return {}


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    with ray_session(RESOURCES):
        yield


@pytest.fixture(scope="module")
def inputs(synthetic_root: Path) -> SearchInputs:
    people = read_people(synthetic_root, "val2017")
    crops = prepare_crops(people, INPUT_HW)
    supernet = initialise(SPACE.supernet(), seed=1, sigma=0.2)
    return SearchInputs(
        space=SPACE.name, keypoints=17, input_hw=INPUT_HW,
        weights={name: tensor.numpy() for name, tensor in supernet.state_dict().items()},
        recalibration_images=crops.images, crops=crops, scorer=CocoScorer.from_people(people),
        codec=Codec(INPUT_HW, 1.5), batch_size=4, flip_test=False,
    )  # fmt: skip


def search(inputs: SearchInputs, sampler: Listed, trials: int, folder: Path) -> dict[int, dict[str, Any]]:
    done: dict[int, dict[str, Any]] = {}
    run_trials(
        sampler, range(trials), ray.put(inputs), RESOURCES, folder,
        lambda trial, _, measured: done.update({trial: measured}),
    )  # fmt: skip
    return done


def test_an_architectures_own_failure_is_a_result_and_the_search_goes_on(
    inputs: SearchInputs, tmp_path: Path
) -> None:
    done = search(inputs, Listed(SPACE.smallest(), FOREIGN, SPACE.biggest()), 3, tmp_path)
    assert {trial: measured["status"] for trial, measured in done.items()} == {
        0: "finished", 1: "failed", 2: "finished",
    }  # fmt: skip
    assert "mobilenetv3-small" in done[1]["error"]
    assert len({measured["worker"].split(":")[0] for measured in done.values()}) == 1


def test_broken_data_stops_the_search_with_one_line(inputs: SearchInputs, tmp_path: Path) -> None:
    nothing = replace(inputs, recalibration_images=inputs.recalibration_images[:0])
    with pytest.raises(DataError, match="recalibrat"):
        search(nothing, Listed(SPACE.smallest(), SPACE.biggest()), 2, tmp_path)


def test_a_sampler_that_runs_out_keeps_what_was_done(inputs: SearchInputs, tmp_path: Path) -> None:
    done: dict[int, dict[str, Any]] = {}
    with pytest.raises(ConstraintError, match="no new architecture"):
        run_trials(
            Listed(SPACE.smallest()), range(3), ray.put(inputs), RESOURCES, tmp_path,
            lambda trial, _, measured: done.update({trial: measured}),
        )  # fmt: skip
    assert list(done) == [0]
