"""Checkpoints that outlive a kill: a state, and the manifest written after it that vouches for it."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import final

import torch
from pyarrow import ArrowInvalid
from pyarrow.fs import FileSelector, FileSystem, FileType
from pydantic import TypeAdapter

from workers.errors import TrainingError
from workers.secrets import redacted
from workers.training.loops.loop import State
from workers.weights.foreign.torch_files import BROKEN

_MOST_MANIFEST_BYTES = 1 << 20
_NAMED = re.compile(r"step-(?P<step>\d+)\.(pt|json)")
BEST_BY = (("ap", max), ("loss", min))  # the first metric that any checkpoint has decides which is the best


class _Damaged(Exception):
    """What lies there is not what was written."""


@final
@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a training between two steps; its field `step` is the next one to do."""

    step: int
    state: State


@final
@dataclass(frozen=True, slots=True)
class _Manifest:
    step: int
    size_bytes: int
    sha256: str
    metrics: Mapping[str, float] = field(default_factory=dict)


_MANIFEST = TypeAdapter(_Manifest)


@final
class CheckpointStore:
    """The checkpoints of one training, in one folder of a disk or an object store.

    `uri` is an absolute path, or begins with file://, s3:// or gs://. A checkpoint is two files, NAME.pt and
    NAME.json; the second holds size and SHA-256 of the first and is written when that is complete. So a
    checkpoint torn by a kill or a full disk is recognised on any file system, also where none renames.
    One process writes; the last `keep` checkpoints and the best one stay.
    Raises TrainingError when there is no such storage.
    """

    def __init__(self, uri: str, keep: int) -> None:
        self.uri, self.keep = uri, keep
        try:
            self._files, self._folder = FileSystem.from_uri(uri)
            self._files.create_dir(self._folder, recursive=True)
        except (ArrowInvalid, OSError) as error:
            raise TrainingError(
                f"checkpoints need a folder that can be written to, as a path, file://, s3:// or gs://, but "
                f"{redacted(f'{uri}: {error}')}. Give another one."
            ) from None  # its cause names the URI

    def save(self, step: int, state: State, metrics: Mapping[str, float]) -> None:
        """Writes the state before `step`, then forgets what is neither among the last ones nor the best."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        self._write(f"{_name(step)}.pt", content)
        manifest = _Manifest(step, len(content), hashlib.sha256(content).hexdigest(), dict(metrics))
        self._write(f"{_name(step)}.json", json.dumps(asdict(manifest)).encode())
        self._forget(set(self.steps()) - self._kept())

    def newest(self, say: Callable[[str], None]) -> Checkpoint | None:
        """The last checkpoint that is whole; `say` hears of each one that is not. None where none is."""
        for step in reversed(self.steps()):
            try:
                return Checkpoint(step, self.read(step))
            except _Damaged as damage:
                where = f"{redacted(self.uri)}/{_name(step)}"
                say(f"checkpoint {where} is damaged ({damage}); the one before is used")
        return None

    def read(self, step: int) -> State:
        """The state before `step`, checked against its manifest."""
        manifest, name = self._manifest(step), f"{_name(step)}.pt"
        if (size := self._size(name)) != manifest.size_bytes:
            raise _Damaged(f"{size} bytes of {manifest.size_bytes}")
        content = self._read(name)
        if hashlib.sha256(content).hexdigest() != manifest.sha256:
            raise _Damaged("its checksum is another")
        return _loaded(content)

    def forget_after(self, step: int) -> None:
        """Removes what is newer than the checkpoint that a training goes on from: it is damaged."""
        self._forget({other for other in self.steps() if other > step})

    def steps(self) -> list[int]:
        """Steps of all checkpoints, damaged ones too, in order."""
        return _steps(self._files, self._folder)

    def best(self) -> int | None:
        """The step of the best checkpoint: highest validation AP, or lowest loss where none was validated."""
        metrics = {}
        for step in self.steps():
            try:
                metrics[step] = self._manifest(step).metrics
            except _Damaged:
                continue
        for metric, best in BEST_BY:
            scores = {step: found[metric] for step, found in metrics.items() if metric in found}
            if scores:
                return best(scores, key=lambda step: scores[step])
        return None

    def _kept(self) -> set[int | None]:
        return {*self.steps()[-self.keep :], self.best()}

    def _forget(self, steps: set[int]) -> None:
        for step in steps:
            for ending in ("json", "pt"):  # without its manifest, what is left is no checkpoint
                path = f"{self._folder}/{_name(step)}.{ending}"
                if self._files.get_file_info(path).type == FileType.File:
                    self._files.delete_file(path)

    def _manifest(self, step: int) -> _Manifest:
        name = f"{_name(step)}.json"
        if (size := self._size(name)) > _MOST_MANIFEST_BYTES:
            raise _Damaged(f"its manifest has {size:,} bytes, of at most {_MOST_MANIFEST_BYTES:,}")
        try:
            return _MANIFEST.validate_json(self._read(name))
        except ValueError as error:
            raise _Damaged(f"its manifest cannot be read: {error}") from error

    def _size(self, name: str) -> int:
        info = self._files.get_file_info(f"{self._folder}/{name}")
        if info.type != FileType.File:
            raise _Damaged(f"{name} is missing")
        return int(info.size)

    def _read(self, name: str) -> bytes:
        with self._files.open_input_stream(f"{self._folder}/{name}") as stream:
            content: bytes = stream.read()
        return content

    def _write(self, name: str, content: bytes) -> None:
        with self._files.open_output_stream(f"{self._folder}/{name}", compression=None) as stream:
            stream.write(content)


def has_checkpoints(uri: str) -> bool:
    """Whether a training left any there, whole or not; False where there is no storage. Writes nothing."""
    try:
        files, folder = FileSystem.from_uri(uri)
        return bool(_steps(files, folder))
    except (ArrowInvalid, OSError):
        return False


def _loaded(content: bytes) -> State:
    """The state in a file that its manifest vouches for; the two may come from somebody else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(record.file_size for record in archive.infolist())
        if unpacked > len(content):
            raise _Damaged(f"it would unpack to {unpacked:,} bytes, where PyTorch compresses nothing")
        state: State = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (*BROKEN, pickle.UnpicklingError) as error:
        told = str(error) or type(error).__name__
        raise _Damaged(f"it holds no training's state: {told.splitlines()[0]}") from error
    return state


def _steps(files: FileSystem, folder: str) -> list[int]:
    listed = files.get_file_info(FileSelector(folder, allow_not_found=True))
    found = (_NAMED.fullmatch(info.base_name) for info in listed if info.type == FileType.File)
    return sorted({int(named["step"]) for named in found if named})


def _name(step: int) -> str:
    return f"step-{step:09d}"
