"""The configuration that a run keeps in its folder, wherever that folder lies by now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from platform.config.file import from_yaml
from platform.config.run import RunConfig
from platform.terminal.paths import absolute, with_paths

CONFIG, ENVIRONMENT = "config.yaml", "environment.json"  # a folder that has both is a run's


def read_config(path: Path) -> RunConfig:
    """What a file describes, its paths absolute: a run's own by where it lies, others by the working folder.

    Raises ConfigError as `from_yaml` does.
    """
    folder = path.absolute().parent
    if path.name == CONFIG and (folder / ENVIRONMENT).is_file():
        return read_own(folder)
    return absolute(from_yaml(path))


def read_own(folder: Path) -> RunConfig:
    """The configuration in a run's folder, with name and storage as the folder has them now.

    What lay in the run's folder lies in it still. What lay beside it is looked for where it was, then beside
    the folder. A relative path began where the run was first typed, which the relative storage tells.
    """
    folder = folder.absolute()
    config = from_yaml(folder / CONFIG)
    before, storage = config.storage / config.name, config.storage
    typed_in = _typed_in(folder.parent, storage)

    def place(path: Path) -> Path:
        if path.is_relative_to(before):
            return folder / path.relative_to(before)
        typed = typed_in / path
        if path.is_relative_to(storage) and not typed.exists():
            return folder.parent / path.relative_to(storage)
        return typed

    return replace(with_paths(config, place), storage=folder.parent, name=folder.name)


def _typed_in(now: Path, storage: Path) -> Path:
    """The folder from which `storage` is `now`; the working folder where there is none."""
    parts = storage.parts
    if not storage.is_absolute() and now.parts[len(now.parts) - len(parts) :] == parts:
        return Path(*now.parts[: len(now.parts) - len(parts)])
    return Path.cwd()
