"""A network's tensors among all that a checkpoint holds: where they lie, and what goes before their names."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from workers.errors import DataError
from workers.weights.foreign.pickles import Inert
from workers.weights.foreign.torch_files import StoredTensor

DEEPEST, LOOKED_AT = 6, 100_000  # levels of dictionaries, and values in all, in which tensors are looked for
LONGEST = 500  # letters of a name: a module that holds itself has no end
HOLDERS = ("", "state_dict", "model_state_dict", "model", "network", "net", "params", "weights", "module")
AVERAGED = re.compile(
    r"(?:^|[._])(?:ema|swa)|averag|teacher", re.IGNORECASE
)  # a second network, taken where it is alone
BESIDE = re.compile(r"optim|sched|scaler|grad|best|momentum", re.IGNORECASE)  # tensors of something else
WRAPPERS = frozenset(("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"))
NETWORK_PARTS = re.compile(r"(?:^|\.)(?=(?:backbone|head|keypoint_head)\.)")  # where MMPose's own names begin
COUNTERS = frozenset(("n_averaged", "steps"))  # of the averaging
MMCV_EMA = "ema_"  # what MMPose 0.x puts before a name whose dots it makes underscores

Tensors = dict[str, StoredTensor]


@final
@dataclass(frozen=True)
class Found:
    """Tensors in one dictionary of a checkpoint, under the path of names that leads to it."""

    path: tuple[str, ...]
    tensors: Tensors

    @property
    def rank(self) -> tuple[bool, bool, bool, int, int]:
        """Lowest for what is likeliest the network."""
        own = [
            name
            for name in self.tensors
            if NETWORK_PARTS.search(name) or name.startswith(f"{MMCV_EMA}backbone_")
        ]
        holder = self.path[-1] if self.path else ""
        place = HOLDERS.index(holder) if holder in HOLDERS else len(HOLDERS)
        beside, averaged = (any(kind.search(part) for part in self.path) for kind in (BESIDE, AVERAGED))
        return not own, beside, averaged, len(self.path), place


def network_tensors(value: Any) -> Tensors:
    """The tensors of the network in `value`, by their names without what wrappers put before them.

    Of a network and its moving average the network is taken; an average alone is taken as it is.
    Raises DataError, without the file's name, where there are none or where two networks could be meant.
    """
    found = list(_search(value))
    if not found:
        raise DataError(
            f"must hold a state dict, or one under 'state_dict', but holds {kind_of_value(value)}"
        )
    best = min(found, key=lambda each: each.rank)
    if any(BESIDE.search(part) for part in best.path) and best.rank[0]:
        raise DataError(
            f"must hold a network's weights, but has tensors only under {'.'.join(best.path)!r}. "
            "Give the file that was saved with the weights"
        )
    return _unwrapped(best.tensors)


def kind_of_value(value: Any) -> str:
    """What is there instead, for one to read."""
    if isinstance(value, Inert):
        return f"an object of {value.name}"
    if isinstance(value, dict) and "state_dict" in value:
        return kind_of_value(value["state_dict"])
    if isinstance(value, dict) and value:
        return f"a dict of {', '.join(map(repr, list(value)[:4]))} without tensors"
    if isinstance(value, StoredTensor):
        return "a Tensor"
    return "nothing" if value == {} else f"a {type(value).__name__}"


def _search(value: Any) -> Iterator[Found]:
    """Every dictionary, or pickled module, with tensors of its own; each looked at once."""
    waiting: deque[tuple[tuple[str, ...], Any]] = deque([((), value)])
    seen: set[int] = set()
    while waiting and len(seen) < LOOKED_AT:
        path, value = waiting.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        entries = _entries(value)
        tensors = {name: each for name, each in entries.items() if isinstance(each, StoredTensor)}
        if tensors:
            yield Found(path, tensors)
        if len(path) < DEEPEST:
            waiting += [((*path, name), each) for name, each in entries.items() if _entries(each)]


def _entries(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Inert):
        return _module_entries(value) or _named(value.entries) or _named(value.state)
    if isinstance(value, dict):
        return _named(value)
    if isinstance(value, list | tuple):
        return {str(number): each for number, each in enumerate(value)} if len(value) < 100 else {}
    return {}


def _named(value: Any) -> Mapping[str, Any]:
    return {str(name): each for name, each in value.items()} if isinstance(value, dict) else {}


def _module_entries(value: Inert) -> Mapping[str, Any]:
    """The state dict of a module that was saved whole."""
    entries: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting and len(entries) < LOOKED_AT:
        before, module = waiting.pop()
        state = _named(module.state) if isinstance(module, Inert) else {}
        if len(before) > LONGEST:
            break
        for kind in ("_parameters", "_buffers"):
            entries |= {f"{before}{name}": each for name, each in _named(state.get(kind)).items()}
        waiting += [(f"{before}{name}.", each) for name, each in _named(state.get("_modules")).items()]
    return entries


def _unwrapped(tensors: Tensors) -> Tensors:
    named = {name: each for name, each in tensors.items() if name.rpartition(".")[2] not in COUNTERS}
    groups: dict[str, Tensors] = {}
    for name, each in named.items():
        before, own = _split(name)
        groups.setdefault(before, {})[own] = each
    kept = {before: group for before, group in groups.items() if not AVERAGED.search(before)} or groups
    merged: Tensors = {}
    for group in kept.values():
        twice = sorted(set(merged) & set(group))
        if twice:
            raise DataError(
                f"must hold one network, but {twice[0]!r} is there twice, behind "
                f"{' and '.join(repr(each) for each in kept)}. Save the one that is wanted alone"
            )
        merged |= group
    plain = {name: each for name, each in merged.items() if not name.startswith(MMCV_EMA)}
    return plain or merged


def _split(name: str) -> tuple[str, str]:
    """What wrappers put before a name, and the name itself."""
    parts = [part for part in name.split(".") if part not in WRAPPERS]
    plain = ".".join(parts)
    begins = NETWORK_PARTS.search(plain)
    return (plain[: begins.end()], plain[begins.end() :]) if begins else ("", plain)


def averaged_names(names: Iterable[str]) -> dict[str, str]:
    """MMPose 0.x's name of a moving average -> the name of its parameter."""
    return {f"{MMCV_EMA}{name.replace('.', '_')}": name for name in names}
