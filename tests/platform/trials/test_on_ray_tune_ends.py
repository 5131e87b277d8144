"""Ctrl-C and SIGTERM in a search, sent to a real driver with its own Ray."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.environment import this_environment
from tests.end_to_end.processes import descendants, end_all


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_mid_search_ends_the_command_and_nothing_takes_the_trials_done_for_all(
    checkout: Path, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    (tmp_path / "begun").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.platform.trials.interrupted", str(tmp_path)],
        cwd=checkout, env=this_environment().variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            _wait_for(tmp_path / "begun" / "hang 2 0", process)
            family = descendants(process.pid)
            process.send_signal(sent)
            said, _ = process.communicate(timeout=300)
        finally:
            process.kill()
    end_all(family)
    assert process.returncode == code, said
    assert said == "row 0\nrow 1\nstopped; the same command again continues\n"


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.1)
