"""The JSON files of a run's folder that stages write and others read, each checked for what it must hold.

Whoever reads one gets every field as its type says, or one line that names the file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, final

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from workers.errors import DataError

Summary = TypeVar("Summary")
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]


@final
@dataclass(frozen=True, slots=True)
class Environment:
    """environment.json, of which the run's identity is needed, and what its trainings began with."""

    run_id: Text
    first_weights: dict[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class WithKey:
    """Any summary of one architecture; those of other programs have no key."""

    key: Text | None = None


@final
@dataclass(frozen=True, slots=True)
class BestSubnet:
    """best.json: the best subnet of a search, and its AP before any training."""

    key: Text
    ap: FiniteFloat
    gmacs: FiniteFloat
    architecture: Text
    ap_untrained: FiniteFloat


@final
@dataclass(frozen=True, slots=True)
class FoundPart:
    """One part of a frame's network."""

    depth: Count
    width: Count
    kernel: Count
    groups: Count
    attention: bool
    expansion: Count | FiniteFloat


@final
@dataclass(frozen=True, slots=True)
class FoundFusion:
    """The place where heatmaps come in, and how."""

    behind: Text
    operation: Text


@final
@dataclass(frozen=True, slots=True)
class FoundFrame:
    """One frame's network with its figures."""

    frame: Annotated[int, Field(ge=0)]
    parts: Annotated[dict[str, FoundPart], Field(min_length=1)]
    fusion: FoundFusion | None
    gmacs: FiniteFloat
    params: FiniteFloat
    ap: FiniteFloat


@final
@dataclass(frozen=True, slots=True)
class AllocationSummary:
    """allocation.json, and the one of the networks that are trained alone."""

    key: Text
    ap: FiniteFloat
    ap_all: FiniteFloat
    gmacs: FiniteFloat
    frames: Annotated[list[FoundFrame], Field(min_length=1)]

    def __post_init__(self) -> None:
        names = self.frames[0].parts.keys()
        for each in self.frames:
            if each.parts.keys() != names:
                raise ValueError(f"frame {each.frame} has other parts than the key frame")
            if each.fusion is not None and each.fusion.behind not in names:
                raise ValueError(f"frame {each.frame} has no part {each.fusion.behind!r}")


def read_best(path: Path) -> BestSubnet:
    """What best.json holds; DataError as `read_summary`."""
    return read_summary(path, BestSubnet, "Remove it: the stage spatial_search makes it again.")


def read_allocation(path: Path) -> dict[str, Any]:
    """What allocation.json holds, as analysis/ shows it; DataError as `read_summary`."""
    advice = "Remove it: the stage temporal_search makes it again."
    return asdict(read_summary(path, AllocationSummary, advice))


def read_retrained(path: Path) -> dict[str, Any]:
    """What the retrained allocation's JSON holds; DataError as `read_summary`."""
    advice = "Restore it, or remove it: reports show the search's."
    return asdict(read_summary(path, AllocationSummary, advice))


def read_summary(path: Path, kind: type[Summary], advice: str) -> Summary:
    """The file as `kind`; fields that it has besides are left out.

    Raises DataError, with the file, the first field that is wrong and the `advice`.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no plain file")
        return TypeAdapter(kind).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise DataError(f"{path} must be readable, but: {error.strerror}. {advice}") from error
    except ValidationError as error:
        raise DataError(f"{path} must hold {_fields(kind)}, but {_first(error)}. {advice}") from error
    except ValueError as error:
        raise DataError(f"{path} must be a JSON file, but {error}. {advice}") from error


def _fields(kind: type) -> str:
    return f"a JSON object with {', '.join(kind.__annotations__)}"


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg']}"
