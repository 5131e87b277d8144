"""Pickles read as data: what they name or make becomes an inert stand-in; nothing is imported or run."""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, final

from workers.errors import DataError

MOST_INSTRUCTIONS = 5_000_000  # instructions: some seconds; a checkpoint has 100 a tensor at most
RUN_CODE = {  # modules and functions; nothing of the file is run anyway, but it is no checkpoint
    *("os", "posix", "nt", "sys", "subprocess", "shutil", "socket"),
    *("runpy", "importlib", "pty", "ctypes", "pickle"),
} | {
    f"{builtins}.{name}"
    for builtins in ("builtins", "__builtin__")
    for name in ("eval", "exec", "execfile", "compile", "open", "__import__")
}
PLAIN = (
    str | int | float | bytes | None
)  # keys of a dictionary that are kept: others can take for ever to hash

Make = Callable[[str, tuple[Any, ...]], Any]  # what a call of this name gives
Find = Callable[[Any], Any]  # what a persistent id stands for


@final
@dataclass(eq=False)
class Inert:
    """Stands in for a class, a function or an object of a file: its name and everything said of it."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    entries: dict[PLAIN, Any] = field(default_factory=dict)


@final
@dataclass(eq=False)
class _Mark:
    """The beginning of a group of values on the stack."""


def stand_in(name: str, arguments: tuple[Any, ...]) -> Any:
    """An empty dictionary for every usual kind of one, otherwise a stand-in."""
    return {} if name in ("collections.OrderedDict", "collections.defaultdict") else Inert(name, arguments)


def read_pickle(file: IO[bytes], make: Make = stand_in, find: Find = lambda _: None) -> Any:
    """The value of the pickle that begins here, the file then standing behind it.

    `file` is to lie in memory, or to be mapped there: lengths in it are believed up to its end. Raises
    DataError where the pickle would run code, and ValueError, LookupError or TypeError where it is no pickle.
    """
    machine = _Machine(make, find)
    for count, (instruction, argument, _) in enumerate(pickletools.genops(file)):
        if count >= MOST_INSTRUCTIONS:
            raise ValueError(f"it has more than {MOST_INSTRUCTIONS:,} instructions")
        machine.step(instruction.name, argument)
    return machine.pop()


_FRESH: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_DICT": dict,
}


@final
class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self, make: Make, find: Find) -> None:
        self.make, self.find = make, find
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        value = self.stack.pop()
        if isinstance(value, _Mark):
            raise ValueError("its stack is empty")
        return value

    def group(self) -> list[Any]:
        """All values down to the last mark."""
        for place in range(len(self.stack) - 1, -1, -1):
            if isinstance(self.stack[place], _Mark):
                values = self.stack[place + 1 :]
                del self.stack[place:]
                return values
        raise ValueError("a mark is missing")

    def step(self, name: str, argument: Any) -> None:
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "MARK":
                self.stack.append(_Mark())
            case "POP":
                self.stack.pop()
            case "POP_MARK":
                self.group()
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self.memo[int(argument)] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                self.stack.append(self.memo[int(argument)])
            case "APPEND" | "APPENDS" | "ADDITEMS" | "SETITEM" | "SETITEMS" | "BUILD":
                self._fill(name)
            case _:
                self.stack.append(self._value(name, argument))

    def _value(self, name: str, argument: Any) -> Any:
        if name in _FRESH:
            return _FRESH[name]()
        match name:
            case "DUP":
                return self.stack[-1]
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                values = [self.pop() for _ in range(int(name[-1]))]
                return tuple(reversed(values))
            case "TUPLE" | "FROZENSET":
                return tuple(self.group())
            case "LIST":
                return self.group()
            case "DICT":
                values = self.group()
                return _filled({}, zip(values[::2], values[1::2], strict=True))
            case "GLOBAL":
                return Inert(argument.replace(" ", "."))
            case "STACK_GLOBAL":
                attribute, module = self.pop(), self.pop()
                return Inert(f"{module}.{attribute}")
            case "PERSID" | "BINPERSID":
                return self.find(argument if name == "PERSID" else self.pop())
            case "REDUCE" | "NEWOBJ" | "NEWOBJ_EX" | "OBJ" | "INST":
                return self._called(name, argument)
            case "EXT1" | "EXT2" | "EXT4" | "NEXT_BUFFER" | "READONLY_BUFFER":
                raise ValueError(f"it needs what is not in it ({name})")
        return argument  # all others are values that are written out

    def _called(self, name: str, argument: Any) -> Any:
        if name == "NEWOBJ_EX":
            self.pop()  # arguments by name: no class that is known here has any
        if name in ("OBJ", "INST"):
            values = self.group()
            called = Inert(argument.replace(" ", ".")) if name == "INST" else values.pop(0)
            arguments = tuple(values)
        else:
            arguments, called = self.pop(), self.pop()
        if not isinstance(called, Inert) or not isinstance(arguments, tuple):
            raise ValueError("it calls what is no function")
        if called.name in RUN_CODE or called.name.partition(".")[0] in RUN_CODE:
            raise DataError(f"calls {called.name!r}")
        return self.make(called.name, arguments)

    def _fill(self, name: str) -> None:
        values = self.group() if name.endswith("S") else [self.pop()]
        if name == "SETITEM":
            values.insert(0, self.pop())
        target = self.stack[-1]
        if name == "BUILD" and isinstance(target, Inert):
            target.state = values[0]
        elif name in ("SETITEM", "SETITEMS"):
            entries = target.entries if isinstance(target, Inert) else target
            if isinstance(entries, dict):
                _filled(entries, zip(values[::2], values[1::2], strict=True))
        elif isinstance(target, list):
            target += values


def _filled(entries: dict[PLAIN, Any], pairs: Iterable[tuple[Any, Any]]) -> dict[PLAIN, Any]:
    entries.update((key, value) for key, value in pairs if isinstance(key, PLAIN))
    return entries
