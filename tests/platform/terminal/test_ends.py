"""Signals sent to real processes that run a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

STOPPED = "stopped; the same command again continues\n"
COMMAND = """
import os, signal, sys, time
from platform.terminal.command_line import run

def main(arguments):
    print("ready", flush=True)
    {body}
    return 0

sys.exit(run(main, []))
"""
SLEEPS = "time.sleep(60)"
KEEPS_ON = """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass  # taken as an end of the sleep alone
"""
FAILS_SO = """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        raise ValueError("half of it is missing")
"""
FORKS = """
    if not os.fork():
        print("forked", flush=True)
        time.sleep(60)
        os._exit(0)
    ended = os.wait()[1]
    print("fork ended by", os.WTERMSIG(ended), flush=True)
"""


def started(body: str, checkout: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(body=body)],
        cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("body", [SLEEPS, KEEPS_ON, FAILS_SO])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_with_one_line_whatever_is_made_of_the_interrupt(
    checkout: Path, body: str, sent: signal.Signals, code: int
) -> None:
    with started(body, checkout) as process:
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, STOPPED)


def test_a_librarys_handlers_do_not_stay_and_an_exit_of_theirs_is_an_interrupt(checkout: Path) -> None:
    body = """
    from platform.terminal.ends import handlers_kept
    with handlers_kept():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(signum))
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    """
    with started(body, checkout) as process:
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (143, STOPPED)


def test_a_fork_of_a_command_is_ended_by_the_signal_without_a_word(checkout: Path) -> None:
    with started(FORKS, checkout) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not children.read_text():
            assert process.poll() is None
        assert process.stdout is not None
        assert process.stdout.readline() == "forked\n"  # a signal within fork() itself is lost
        os.kill(int(children.read_text()), signal.SIGTERM)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said) == (0, "fork ended by 15\n", "")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_a_command_is_being_loaded_is_one_line(
    checkout: Path, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    """A library that the command imports waits for the signal."""
    (tmp_path / "tyro.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen(
        [sys.executable, "-m", "platform.search", "tiny"], cwd=checkout, text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, STOPPED)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_finished_command_takes_itself_down_changes_no_exit_code(
    checkout: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    """A library's object waits for the signal in its finalizer, behind the last callback at exit."""
    (tmp_path / "tyro.py").write_text(f"""
import os, signal

class Native:
    def __del__(self, kill=os.kill, write=os.write, pid=os.getpid()):
        write(1, b"ready\\n")
        kill(pid, {int(sent)})
        write(1, b"taken down\\n")

native = Native()
""")
    run = subprocess.run(
        [sys.executable, "-m", "platform.search", "--version"], cwd=checkout, check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("ready\ntaken down\n")


def test_an_interrupt_of_code_in_a_string_has_the_exit_code_of_any_other(
    checkout: Path, tmp_path: Path
) -> None:
    """As of a dataclass that is being made; Python runs modules and strings in two ways."""
    (tmp_path / "waits.py").write_text(COMMAND.format(body='exec("time.sleep(60)")'))
    with subprocess.Popen(
        [sys.executable, "-m", "waits"], cwd=tmp_path, text=True,
        env=os.environ | {"PYTHONPATH": str(checkout)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, STOPPED)
