"""Which tests one process has, where several run them."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

END_TO_END = "tests/end_to_end"


def scope_of(nodeid: str) -> str:
    """A file, with what its tests share. All of end_to_end is one: its files share a run, and clusters that
    are killed beside each other would wait for each other."""
    path = nodeid.partition("::")[0]
    return END_TO_END if path.startswith(f"{END_TO_END}/") else path


class ByFile(LoadScopeScheduling):
    """A process takes the next scope when it has done its last one."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
