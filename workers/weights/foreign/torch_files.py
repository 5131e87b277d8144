"""PyTorch's own files, of today (an archive) and of before 1.6, read without PyTorch's unpickler.

Tensors are read one by one when they are asked for: an optimizer's state beside a network costs nothing.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any, final

import torch
from torch import Tensor

from workers.errors import DataError
from workers.weights.foreign.named_files import kind_of
from workers.weights.foreign.pickles import Inert, read_pickle, stand_in

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # what a file of before PyTorch 1.6 begins with
GIB = 1 << 30
PICKLE_LIMIT, TENSOR_LIMIT = GIB // 2, 2 * GIB  # bytes: of all that is no tensor, and of one tensor
DTYPES: Mapping[str, torch.dtype] = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
BROKEN = (ValueError, LookupError, TypeError, AttributeError, EOFError, struct.error, zlib.error,
          zipfile.BadZipFile, NotImplementedError, RuntimeError, RecursionError, OverflowError)  # fmt: skip


@final
@dataclass(eq=False)
class Storage:
    """Numbers in a row, as the file has them."""

    kind: str  # PyTorch's class, such as FloatStorage
    numbers: int
    read: Callable[[], bytes]

    @property
    def dtype(self) -> torch.dtype | None:
        return DTYPES.get(self.kind)


@final
@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor that still lies in its file, wherever it was computed."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def kind(self) -> str:
        """The kind of its numbers, such as float32."""
        return str(self.storage.dtype or self.storage.kind).removeprefix("torch.")

    @property
    def bytes(self) -> int:
        """Size of the tensor itself, whatever its storage holds besides."""
        return prod(self.shape) * (self.storage.dtype.itemsize if self.storage.dtype is not None else 1)

    def read(self) -> Tensor:
        """The tensor on the CPU, with memory of its own; ValueError where the file has less than it says."""
        dtype = self.storage.dtype
        if dtype is None:
            raise ValueError(f"it is of the kind {self.kind}, which is not read")
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        whole = min((0, self.offset, *self.shape, *self.strides)) == 0 and last < self.storage.numbers
        if prod(self.shape) == 0:
            return torch.zeros(self.shape, dtype=dtype)
        if not whole or prod(self.shape) > self.storage.numbers:
            raise ValueError(f"its shape {self.shape} does not fit {self.storage.numbers} stored numbers")
        content = self.storage.read()
        if len(content) != self.storage.numbers * dtype.itemsize:
            raise ValueError(f"{len(content)} bytes are there of {self.storage.numbers * dtype.itemsize}")
        flat = torch.frombuffer(bytearray(content), dtype=dtype)
        return flat.as_strided(self.shape, self.strides, self.offset).clone(
            memory_format=torch.contiguous_format
        )


@contextmanager
def open_torch_file(path: Path) -> Iterator[Any]:
    """What was given to torch.save, or to pickle.dump, with a `StoredTensor` for every tensor.

    Classes and functions are `Inert`; nothing of the file is imported or run. Raises DataError that says what
    the file is where it is no such file, is cut short or would run code.
    """
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(512))
            if kind is not None:
                raise DataError(
                    f"{path} must be a PyTorch checkpoint, but it is {kind[0]}. {kind[1] or 'Get it again.'}"
                )
            with _opened(file, path) as value:
                yield value
    except OSError as error:
        raise DataError(f"{path} must be a readable PyTorch checkpoint, but: {error}") from error


@contextmanager
def _opened(file: IO[bytes], path: Path) -> Iterator[Any]:
    refused = "Get the file from its publisher again, or save its state dict alone."
    try:
        file.seek(0)
        if file.read(2) == b"PK":
            archive = zipfile.ZipFile(file)
            value = _archived(archive)
        else:
            value = _in_sequence(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except DataError as error:
        raise DataError(
            f"{path} must be a PyTorch checkpoint of tensors alone, but it {error}. It was not run. {refused}"
        ) from error
    except (*BROKEN, MemoryError) as error:
        told = str(error) or type(error).__name__
        raise DataError(
            f"{path} must be a whole PyTorch checkpoint, but it is cut short, damaged or another file: "
            f"{told}. {refused}"
        ) from error
    yield value


def _archived(archive: zipfile.ZipFile) -> Any:
    names = archive.namelist()
    roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
    if not roots:
        raise ValueError(f"an archive of {', '.join(names[:3]) or 'nothing'}, without data.pkl")
    root = min(roots, key=len)
    if f"{root}constants.pkl" in names:
        raise ValueError(
            "it is a TorchScript program, not weights: save the state_dict() of what it loads as"
        )
    if f"{root}byteorder" in names and _record(archive, f"{root}byteorder", 16) != b"little":
        raise ValueError("it was written on a machine of another byte order")

    def find(told: Any) -> Any:
        _, kind, key, _, numbers, *_ = told
        name = f"{root}data/{key}"
        return Storage(_last(kind), int(numbers), lambda: _record(archive, name, TENSOR_LIMIT))

    return read_pickle(BytesIO(_record(archive, f"{root}data.pkl", PICKLE_LIMIT)), _made, find)


def _record(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    size = archive.getinfo(name).file_size
    if size > limit:
        raise ValueError(f"{name} would have {size:,} bytes, of at most {limit:,}")
    with archive.open(name) as record:
        return record.read(size)


def _in_sequence(file: Any) -> Any:
    """A file of before PyTorch 1.6: pickles one behind the other, then the numbers of each storage."""
    storages: dict[str, Storage] = {}

    def find(told: Any) -> Any:
        if told[0] == "module":
            return told[1]
        _, kind, key, _, numbers, *view = told
        if view and view[0] is not None:
            raise ValueError("it shares memory between tensors as PyTorch 0.3 wrote it")
        return storages.setdefault(str(key), Storage(_last(kind), int(numbers), bytes))

    begin = read_pickle(file, _made)
    if begin != MAGIC:
        return begin  # by pickle.dump, without PyTorch
    version, system = read_pickle(file), read_pickle(file)
    if version != PROTOCOL or not system.get("little_endian", True):
        raise ValueError(f"its protocol is {version}, or of another byte order")
    value = read_pickle(file, _made, find)
    for key in read_pickle(file):
        (numbers,) = struct.unpack("<q", file.read(8))
        storage = storages[str(key)]
        size = numbers * (storage.dtype.itemsize if storage.dtype is not None else 1)
        if numbers != storage.numbers or not 0 <= size <= TENSOR_LIMIT:
            raise ValueError(f"{numbers:,} numbers are there of {storage.numbers:,}")
        storage.read = _slice(file, file.tell(), size)
        file.seek(size, 1)
    return value


def _slice(file: Any, begin: int, size: int) -> Callable[[], bytes]:
    def read() -> bytes:
        file.seek(begin)
        content: bytes = file.read(size)
        return content

    return read


def _made(name: str, arguments: tuple[Any, ...]) -> Any:
    """What PyTorch's own functions give; everything else is a stand-in."""
    module, _, function = name.rpartition(".")
    if module == "torch.storage" and function == "_load_from_bytes":
        return _in_sequence(BytesIO(arguments[0]))
    if module == "torch._utils" and function in (
        "_rebuild_tensor",
        "_rebuild_tensor_v2",
        "_rebuild_tensor_v3",
    ):
        return _tensor(*arguments)
    if module == "torch._utils" and function in ("_rebuild_parameter", "_rebuild_parameter_with_state"):
        return arguments[0]
    if name in ("torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type"):
        return _made(arguments[0].name, arguments[2])
    return stand_in(name, arguments)


def _tensor(
    storage: Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *more: Any
) -> StoredTensor:
    if not isinstance(storage, Storage):
        raise TypeError("a tensor has no numbers")
    if len(more) > 2:  # numbers of a kind that had no class of storage: its dtype is told apart
        storage = Storage(more[2].name, storage.numbers, storage.read)
    return StoredTensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _last(kind: Any) -> str:
    return kind.name.rpartition(".")[2] if isinstance(kind, Inert) else "unknown"
