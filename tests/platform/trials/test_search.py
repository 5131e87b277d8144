"""What a search takes as chosen before."""

from __future__ import annotations

from pathlib import Path

from platform.trials.search import names_best
from tests.platform.trial_rows import trial_row

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
    best.write_text('{"key": "k')
    assert not names_best(best, ROWS)
    assert not names_best(best, ROWS[3:])
