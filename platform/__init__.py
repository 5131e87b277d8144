"""The driver of ViPNAS, and a superset of the standard library's ``platform``.

A package of this name hides the standard module, which NumPy, pytest and Ray import. So this file first runs
the standard module's own code in its namespace: every name of it is here, and works as there. The parts of
the driver (``platform.search``, ...) are submodules and are loaded only when asked for.
"""

import os
import sys

TYPE_CHECKING = False  # as type checkers define it; importing typing would triple this module's cost
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    def __getattr__(name: str) -> Any:
        """The standard module's names, which type checkers cannot see through ``exec``."""


def _standard_code() -> "CodeType":
    """The standard module's code, from the first place that has it; ImportError where none has.

    The standard library lies where ``os`` does. An embedded Python may have parts of it elsewhere on sys.path
    or frozen into itself; a program made by PyInstaller has the module's source in this folder.
    """
    library = os.path.dirname(getattr(os, "__file__", ""))
    for place in (library, *sys.path, *__path__):
        for finder in sys.meta_path:
            spec = finder.find_spec("platform", [place]) if hasattr(finder, "find_spec") else None
            if spec and spec.submodule_search_locations is None and hasattr(spec.loader, "get_code"):
                return spec.loader.get_code("platform")  # type: ignore[union-attr]
    raise ImportError(
        f"the standard library's 'platform' must lie in {library or 'sys.path'}, and is nowhere that this "
        "Python imports from. Run with a complete Python 3.11."
    )


_doc = __doc__
exec(_standard_code(), globals())
__doc__ = f"{_doc}\nThe standard module says:\n{__doc__}"
del _doc

if getattr(sys, "argv", [])[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)].startswith("platform."):
    from platform.terminal.ends import end_while_loading
    from platform.terminal.shadows import refuse_shadows

    end_while_loading()

    # While Python looks for a command, before that imports what may be hidden. The current directory may not
    # be on the path yet, where a .pth file imports this module.
    refuse_shadows(sys.path if sys.flags.safe_path else [os.getcwd(), *sys.path])
