"""Every number of a run has bounds, and what is outside them is answered with the field as it is typed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform.config.arguments import read_arguments
from platform.config.checks import typed
from platform.config.file import from_yaml, to_yaml
from platform.config.recipes import smoke
from platform.config.run import RunConfig
from platform.config.sections.temporal import TemporalConfig
from platform.terminal.errors import ConfigError
from spaces.bounds import NumberRange, ranges

UNBOUNDED: Mapping[str, str] = {}  # number fields without bounds, and why each needs none


def number_fields(config: Any = None, section: str = "") -> Iterator[tuple[str, NumberRange, Any]]:
    """Dotted name, bounds and value of every number field of a run."""
    config = config or smoke()
    allowed = ranges(type(config))
    for field in fields(config):
        value, name = getattr(config, field.name), typed(section, field.name)
        if is_dataclass(value):
            yield from number_fields(value, name)
        elif field.name in allowed:
            yield name, allowed[field.name], value


def outside(allowed: NumberRange) -> list[float]:
    """Numbers just outside; NaN and the infinities where it need not be whole."""
    ends = [
        *([] if allowed.low is None else [allowed.low if allowed.low_open else allowed.low - 1]),
        *([] if allowed.high is None else [allowed.high if allowed.high_open else allowed.high + 1]),
    ]
    return [int(end) if allowed.whole else float(end) for end in ends] + (
        [] if allowed.whole else [math.nan, math.inf, -math.inf]
    )


CASES = [
    pytest.param(name, number, value, id=f"{name} {number}")
    for name, allowed, value in number_fields()
    for number in outside(allowed)
]


def test_every_number_of_a_run_has_bounds_or_a_reason_to_have_none() -> None:
    bounded = {name for name, allowed, _ in number_fields() if (allowed.low, allowed.high) != (None, None)}
    every = {name for name, _, _ in number_fields()}
    assert len(every) > 70
    assert every - bounded == UNBOUNDED.keys()


@pytest.mark.parametrize(
    ("words", "must"),
    [
        ("--seed -1", "seed must be at least 0, but it is -1"),
        ("--space.input-hw 64 0", "space.input-hw must be at least 1, but it is (64, 0)"),
        ("--train.epochs 0", "train.epochs must be at least 1, but it is 0"),
        (
            "--train.augmentation.scale-fraction nan",
            "train.augmentation.scale-fraction must be a share in [0, 1)",
        ),
        ("--data.made.clips 1", "data.made.clips must be from 2 to 999,999, but it is 1"),
        ("--temporal.search.batch-size 0", "temporal.search.batch-size must be at least 1, but it is 0"),
        ("--temporal.search.max-gmacs nan", "temporal.search.max-gmacs must be a finite number above 0"),
        (
            "--temporal.search.max-latency-ms 0",
            "temporal.search.max-latency-ms must be a finite number above 0",
        ),
        ("--resources.slots 0", "resources.slots must be at least 1, but it is 0"),
        ("--resources.cpus-per-slot 0", "resources.cpus-per-slot must be at least 1, but it is 0"),
        ("--resources.timeout-s inf", "resources.timeout-s must be a finite number above 0, but it is inf"),
    ],
)
def test_a_number_outside_its_bounds_is_answered_with_the_field_as_typed(words: str, must: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_arguments(["smoke", *words.split()])
    assert str(refused.value).startswith(must)


@pytest.mark.parametrize(("name", "number", "like"), CASES)
def test_every_number_outside_its_bounds_is_refused_by_its_dotted_name(
    name: str, number: float, like: Any, tmp_path: Path
) -> None:
    values = yaml.safe_load(to_yaml(smoke()))
    *sections, field = name.replace("-", "_").split(".")
    section = values
    for each in sections:
        section = section[each]
    section[field] = [number] * len(like) if isinstance(like, tuple) else number
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError, match=rf"^{name} must be .*, but it is .*{number}"):
        from_yaml(tmp_path / "run.yaml")


@pytest.mark.parametrize("search", ["search", "temporal.search"])
def test_the_least_of_a_search_is_not_above_its_most(search: str) -> None:
    words = [f"--{search}.min-gmacs", "0.3", f"--{search}.max-gmacs", "0.2"]
    says = rf"^{search}\.min-gmacs must be at most {search}\.max-gmacs, but they are 0\.3 and 0\.2\."
    with pytest.raises(ConfigError, match=says):
        read_arguments(["smoke", *words])


def test_a_range_of_workers_ends_where_it_begins_or_later() -> None:
    with pytest.raises(ConfigError, match=r"the second of resources\.train-workers must be at least 3"):
        read_arguments(["smoke", "--resources.train-workers", "3", "2"])


def test_a_run_made_in_python_is_checked_likewise() -> None:
    with pytest.raises(ConfigError, match=r"^temporal\.clip-step must be at least 1, but it is 0$"):
        RunConfig(name="a", temporal=TemporalConfig(clip_step=0))
