from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "import ctypes, time\nfrom workers.search.watchdog import ended_after\n"
HANGS = {
    "a loop": "while True: pass",
    "a call that keeps Python's lock": "ctypes.PyDLL(None).sleep(60)",
}


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS)
def test_a_process_that_hangs_ends_itself_and_says_where(hang: str, checkout: Path) -> None:
    code = HEAD + f"with ended_after(0.2):\n    {hang}\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 1
    assert 'File "<string>", line 4' in done.stderr


def test_what_is_in_time_goes_on(checkout: Path) -> None:
    code = HEAD + "with ended_after(2):\n    pass\nwith ended_after(None):\n    pass\ntime.sleep(2.5)"
    assert subprocess.run([sys.executable, "-c", code], cwd=checkout).returncode == 0
