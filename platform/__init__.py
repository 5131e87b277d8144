"""The driver of ViPNAS, and a superset of the standard library's ``platform``.

A package of this name hides the standard module, which NumPy, pytest and Ray import. So this file first runs
the standard module's own code in its namespace: every name of it is here, and works as there. The parts of
the driver (``platform.search``, ...) are submodules and are loaded only when asked for.
"""

import sysconfig
from importlib.machinery import PathFinder

_doc = __doc__
_spec = PathFinder.find_spec(__name__, [sysconfig.get_path("stdlib")])
if _spec is None or _spec.loader is None:
    raise ImportError(
        f"the standard library's {__name__!r} must lie in {sysconfig.get_path('stdlib')}, and is not there. "
        "Run with a complete Python 3.11."
    )
exec(_spec.loader.get_code(__name__), globals())  # type: ignore[attr-defined]
__doc__ = f"{_doc}\nThe standard module says:\n{__doc__}"
del _doc, _spec, sysconfig, PathFinder

TYPE_CHECKING = False  # as type checkers define it; importing typing would triple this module's cost
if TYPE_CHECKING:
    from typing import Any

    def __getattr__(name: str) -> Any:
        """The standard module's names, which type checkers cannot see through ``exec``."""
