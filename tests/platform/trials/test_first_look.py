from __future__ import annotations

import numpy as np
import pytest

from platform.config.search import SearchConfig
from platform.stages.spatial.inputs import first_look_rows
from platform.trials.first_look import LEAST_SEEN, FirstLook


def halved(looks: FirstLook, first: np.ndarray, slots: int) -> list[int]:
    """Who is scored on everybody when `slots` at a time look with the bar of when they began."""
    survivors = []
    for start in range(0, len(first), slots):
        bar = looks.bar()
        for number in range(start, min(start + slots, len(first))):
            if bar is None or first[number] >= bar:
                survivors.append(number)
            looks.observe(first[number])
    return survivors


def test_the_bar_is_what_the_better_half_reached() -> None:
    looks = FirstLook(keep=0.5)
    for ap in range(LEAST_SEEN - 1):
        looks.observe(ap / 10)
    assert looks.bar() is None
    looks.observe(0.9)  # 0.0 ... 0.9: the best five reach 0.5
    assert looks.bar() == 0.5


@pytest.mark.parametrize("slots", [1, 4])
def test_the_true_best_of_a_synthetic_problem_survives_and_half_the_work_does_not(slots: int) -> None:
    """200 candidates; a first look errs by a tenth of their spread. 30 draws."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        true_ap = rng.normal(0.5, 0.05, 200)
        survivors = halved(FirstLook(keep=0.5), true_ap + rng.normal(0, 0.005, 200), slots)
        assert true_ap.argmax() in survivors
        assert len(survivors) < 0.65 * 200


def test_a_resumed_search_knows_the_looks_of_before_and_others_take_none() -> None:
    rows: list[dict[str, float | None]] = [
        {"trial": -1, "first_look_ap": 0.7}, {"trial": 0, "first_look_ap": 0.2},
        {"trial": 1, "first_look_ap": None},
    ]  # fmt: skip
    looks = FirstLook.of(SearchConfig(first_look_people=5), rows)
    assert looks is not None
    assert looks.seen == [0.2]
    assert FirstLook.of(SearchConfig(), rows) is None


def test_a_first_look_ends_where_an_image_does() -> None:
    assert first_look_rows([7, 7, 7, 3, 3, 9], people=2) == 3
    assert first_look_rows([7, 7, 7, 3, 3, 9], people=3) == 3
    assert first_look_rows([7, 7, 7, 3, 3, 9], people=6) == 0
    assert first_look_rows([7, 7, 7, 3, 3, 9], people=0) == 0
