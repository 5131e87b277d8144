from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from platform.config.recipes import tiny
from platform.run.context import Run
from platform.run.folder import RunFolder


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("/mnt/all/", "/mnt/all/tiny-01234567/spatial_train"),
        ("/mnt/all?#%20/", "/mnt/all?#%20/tiny-01234567/spatial_train"),
        ("s3://bucket/runs", "s3://bucket/runs/tiny-01234567/spatial_train"),
        ("s3://bucket?scheme=http", "s3://bucket/tiny-01234567/spatial_train?scheme=http"),
    ],
)
def test_a_run_has_a_folder_of_its_own_below_the_given_uri(given: str, used: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.environment.write_text('{"run_id": "0123456789abcdef"}')
    config = replace(tiny(), checkpoints_uri=given)
    context = Run(config, folder, None, Console())  # type: ignore[arg-type]  # needs no tracking
    assert context.checkpoints_uri("spatial_train") == used
