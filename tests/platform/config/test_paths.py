"""Where a run's data lie, which folders of earlier runs must find again."""

from __future__ import annotations

import pytest

from platform.config.paths import synthetic_name
from platform.config.recipes import recipe


@pytest.mark.parametrize(
    ("name", "folder"), [("smoke", "made-360x8x3-fef07522"), ("tiny", "made-8x2x2-56f0b88f")]
)
def test_data_that_earlier_runs_drew_are_found_again(name: str, folder: str) -> None:
    assert synthetic_name(recipe(name).data.made) == folder
