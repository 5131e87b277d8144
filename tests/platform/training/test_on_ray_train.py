"""How a training ends that cannot end well, in a real driver with its own Ray."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.environment import this_environment
from tests.end_to_end.processes import descendants, end_all


@contextmanager
def training(word: str, checkout: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A driver whose training began; none of its processes outlives the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.platform.training.odd_training", word, str(folder)],
        cwd=checkout, env=this_environment().variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            while not (folder / "starts").exists():
                assert process.poll() is None, process.communicate()
                time.sleep(0.1)
            family = descendants(process.pid)
            yield process
        finally:
            process.kill()
    end_all(family)


def test_ctrl_c_in_a_training_ends_the_command_with_one_line(checkout: Path, tmp_path: Path) -> None:
    with training("hang", checkout, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "stopped; the same command again continues"
    assert "Traceback" not in said
    assert "behind the training" not in said


def test_an_error_of_the_program_in_a_training_step_is_shown_once_and_whole_and_not_tried_again(
    checkout: Path, tmp_path: Path
) -> None:
    with training("raise", checkout, tmp_path) as process:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 1, said
    assert (tmp_path / "starts").read_text() == "x"
    assert "error: spatial_train met an error in the program itself" in said
    assert said.count("Traceback (most recent call last)") == 1
    assert said.count("ZeroDivisionError: nothing to divide by") == 1
    assert "(rank 0 of 1, step 0)" in said
