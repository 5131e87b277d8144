"""Build hook of the editable install (``pip install -e .``), which copies nothing.

The wheel holds ``vipnas_path/platform`` and the line of ``00-vipnas.pth`` that puts ``vipnas_path`` before
the standard library. An editable install gets the same line with the checkout's root in the place of
``vipnas_path``, so that ``platform`` is the checkout's own. The file's name sorts first, for Python reads
such files in this order, and others import ``platform``.
"""

from pathlib import Path
from typing import Any, final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


@final
class EditablePath(BuildHookInterface):
    """Writes ``00-vipnas.pth`` for the checkout; the ordinary wheel is left as pyproject.toml says."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            return
        line = (Path(__file__).parent / "00-vipnas.pth").read_text()
        path_file = Path(self.directory) / "00-vipnas.pth"
        path_file.write_text(line.replace('"vipnas_path"', repr(self.root)))
        build_data["force_include_editable"][str(path_file)] = "00-vipnas.pth"
        build_data["force_include_editable"][str(Path(__file__).parent / "vipnas.py")] = "vipnas.py"
