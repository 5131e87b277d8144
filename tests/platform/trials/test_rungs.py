from __future__ import annotations

import numpy as np
import pytest

from platform.config.sections.search import SearchConfig
from platform.stages.spatial.inputs import first_rung_rows
from platform.trials.rungs import FEWEST_RESULTS, FirstRung


def promoted(rung: FirstRung, first: np.ndarray, slots: int) -> list[int]:
    """The promoted candidates when `slots` at a time have the threshold of when they began."""
    candidates = []
    for start in range(0, len(first), slots):
        threshold = rung.threshold()
        for number in range(start, min(start + slots, len(first))):
            if threshold is None or first[number] >= threshold:
                candidates.append(number)
            rung.observe(first[number])
    return candidates


def test_the_threshold_is_what_the_better_half_reached() -> None:
    rung = FirstRung(keep=0.5)
    for ap in range(FEWEST_RESULTS - 1):
        rung.observe(ap / 10)
    assert rung.threshold() is None
    rung.observe(0.9)  # 0.0 ... 0.9: the best five reach 0.5
    assert rung.threshold() == 0.5


@pytest.mark.parametrize("slots", [1, 4])
def test_the_true_best_of_a_synthetic_problem_survives_and_half_the_work_does_not(slots: int) -> None:
    """200 candidates; the first rung errs by a tenth of their spread. 30 draws."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        true_ap = rng.normal(0.5, 0.05, 200)
        survivors = promoted(FirstRung(keep=0.5), true_ap + rng.normal(0, 0.005, 200), slots)
        assert true_ap.argmax() in survivors
        assert len(survivors) < 0.65 * 200


def test_a_resumed_search_knows_the_first_rung_of_before_and_others_have_none() -> None:
    rows: list[dict[str, float | None]] = [
        {"trial": -1, "first_look_ap": 0.7}, {"trial": 0, "first_look_ap": 0.2},
        {"trial": 1, "first_look_ap": None},
    ]  # fmt: skip
    rung = FirstRung.of(SearchConfig(first_look_people=5), rows)
    assert rung is not None
    assert rung.aps == [0.2]
    assert FirstRung.of(SearchConfig(), rows) is None


def test_a_first_rung_ends_where_an_image_does() -> None:
    assert first_rung_rows([7, 7, 7, 3, 3, 9], people=2) == 3
    assert first_rung_rows([7, 7, 7, 3, 3, 9], people=3) == 3
    assert first_rung_rows([7, 7, 7, 3, 3, 9], people=6) == 0
    assert first_rung_rows([7, 7, 7, 3, 3, 9], people=0) == 0
