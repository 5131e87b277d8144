"""A configuration as YAML and back: what was resolved is what can be run again."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from platform.config.checks import fields_in, typed
from platform.config.run import RunConfig
from platform.terminal.errors import ConfigError
from spaces.bounds import NumberRange, ranges
from spaces.errors import BoundError
from workers.yaml_files import load_yaml

_ADAPTER = TypeAdapter(RunConfig)
OUT_OF_BOUNDS = ("greater_than_equal", "greater_than", "less_than_equal", "less_than")  # pydantic's words


def to_yaml(config: RunConfig) -> str:
    """Every field, in the order of the dataclasses."""
    text: str = yaml.safe_dump(_ADAPTER.dump_python(config, mode="json"), sort_keys=False)
    return text


def flat_fields(config: RunConfig) -> dict[str, Any]:
    """Every field by its dotted name, as YAML holds it."""
    return flatten(yaml.safe_load(to_yaml(config)))


def flatten(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, by dotted names."""
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= flatten(inner, f"{prefix}{key}.") if isinstance(inner, dict) else {f"{prefix}{key}": inner}
    return flat


def from_yaml(path: Path) -> RunConfig:
    """The configuration in a file; ConfigError names the file, the field and what is wrong with it."""
    try:
        value = load_yaml(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--config {path} must be a readable YAML file, but: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"--config {path} must hold the fields of a run, but it holds {value!r:.60}")
    _refuse_unknown(RunConfig, value, path)
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        raise ConfigError(_refusal(path, error)) from error
    except BoundError as error:
        raise ConfigError(fields_in(RunConfig, str(error))) from error


def _refusal(path: Path, error: ValidationError) -> str:
    """What is wrong with one field; a number out of bounds, if any, is said as everywhere."""
    found = error.errors()
    first = next((each for each in found if each["type"] in OUT_OF_BOUNDS), found[0])
    names, allowed = _field(first["loc"])
    if allowed is not None and first["type"] in OUT_OF_BOUNDS:
        return f"{typed('', '.'.join(names))} must be {allowed}, but it is {first['input']}"
    where = ".".join(names) or "the run"
    return f"{path}: {where} is not valid: {first['msg']}, but it is {first['input']!r:.60}"


def _field(loc: tuple[int | str, ...]) -> tuple[list[str], NumberRange | None]:
    """The field that pydantic means, and the numbers it takes; what it says of types behind is left out."""
    kind: Any = RunConfig
    names: list[str] = []
    for part in map(str, loc):
        names.append(part)
        inner = get_type_hints(kind).get(part)
        if not is_dataclass(inner):
            return names, ranges(kind).get(part)
        kind = inner
    return names, None


def _refuse_unknown(kind: type, value: dict[str, Any], path: Path, prefix: str = "") -> None:
    """Pydantic drops unknown keys of plain dataclasses silently; a misspelt field must not pass."""
    hints = get_type_hints(kind)
    known = {field.name: hints[field.name] for field in fields(kind)}
    for key, inner in value.items():
        if key not in known:
            raise ConfigError(f"{path}: no field {prefix}{key}; the fields there are: {', '.join(known)}")
        nested = next((t for t in (known[key], *get_args(known[key])) if is_dataclass(t)), None)
        if isinstance(nested, type) and isinstance(inner, dict):
            _refuse_unknown(nested, inner, path, f"{prefix}{key}.")
