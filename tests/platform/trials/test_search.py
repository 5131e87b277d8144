"""What a search takes as chosen before."""

from __future__ import annotations

from pathlib import Path

import pytest

from platform.trials.search import names_best
from tests.platform.trial_rows import trial_row
from workers.errors import DataError

ROWS = [trial_row(0, ap=0.4), trial_row(1, ap=0.6), trial_row(2, ap=0.6, gmacs=0.2), trial_row(3, ap=None)]


def test_a_summary_of_fewer_trials_or_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    """The rows of a search that went on may all be there, and the summary still that of before."""
    best = tmp_path / "best.json"
    assert not names_best(best, ROWS)
    best.write_text('{"key": "k1"}')
    assert names_best(best, ROWS[:2])
    assert not names_best(best, ROWS)
    best.write_text('{"key": "k2"}')
    assert names_best(best, ROWS)
    for damaged in ('{"key": "k', "", "[]", "null", '{"key": 7}', "[" * 5000, "{}"):
        best.write_text(damaged)
        assert not names_best(best, ROWS)
    assert not names_best(best, ROWS[3:])


def test_a_folder_in_the_place_of_a_summary_is_refused_before_any_trial(tmp_path: Path) -> None:
    (tmp_path / "best.json").mkdir()
    with pytest.raises(DataError, match=r"best\.json must be a file, but it is none\. Move it away"):
        names_best(tmp_path / "best.json", ROWS)
