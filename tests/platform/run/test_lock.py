from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from platform.run.lock import only_driver
from platform.terminal.errors import ConfigError

HOLD = """
import sys
from pathlib import Path
from platform.run.lock import only_driver
with only_driver(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_and_told_who_holds_the_run_until_that_one_is_killed(
    checkout: Path, tmp_path: Path
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigError, match=rf"but process {holder.pid} on \S+ does"):
            only_driver(tmp_path).__enter__()
        holder.send_signal(signal.SIGKILL)
    with only_driver(tmp_path):
        pass


def test_a_run_that_ended_may_be_taken_up_again_by_the_same_process(tmp_path: Path) -> None:
    for _ in range(2):
        with only_driver(tmp_path / "run"):
            assert (tmp_path / "run").is_dir()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigError, match="storage must be a folder that can be written"),
        only_driver(tmp_path / "file" / "run"),
    ):
        pass
