"""The console script ``vipnas``, which must find ``platform`` wherever it is started.

It is a module of its own beside the folder of ``platform``: where Python read no path line, as after
``pip install --target``, the name ``platform`` is still the standard module's.
"""

from __future__ import annotations

import os
import site
import sys


def main() -> int:
    """Runs the command that the arguments name; the exit code is its own."""
    import platform

    if not hasattr(platform, "__path__"):
        site.addsitedir(os.path.dirname(os.path.abspath(__file__)))
    from platform.terminal.ends import end_while_loading
    from platform.terminal.shadows import refuse_shadows

    end_while_loading()
    refuse_shadows(sys.path)
    from platform.terminal import command_line, commands

    return command_line.run(commands.main, sys.argv[1:])


def hook_dirs() -> list[str]:
    """Where PyInstaller finds what it must know of ``platform``."""
    import platform

    return [os.path.join(place, "install") for place in platform.__path__]


if __name__ == "__main__":
    sys.exit(main())
