from __future__ import annotations

import io
from operator import attrgetter

import pytest
from rich.console import Console

from platform.config.arguments import COMMON, print_common_help, read_arguments
from platform.config.file import flat_fields
from platform.config.recipes import RECIPES, recipe, smoke
from platform.config.run import RunConfig
from platform.config.sections.resources import ResourceConfig
from platform.config.sections.search import AllocationConfig, SearchConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.sections.training import FinetuneConfig
from platform.terminal.short_help import meanings

SHOWN = [name for names in COMMON.values() for name in names]


def help_of(name: str, width: int) -> str:
    file = io.StringIO()
    print_common_help(recipe(name), f"python -m platform.search {name}", Console(file=file, width=width))
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", RECIPES)
def test_the_short_help_has_each_common_field_with_its_value_and_fits(name: str, width: int) -> None:
    shown, config = help_of(name, width), recipe(name)
    assert all(len(line) <= width and line == line.rstrip() for line in shown.splitlines())
    words = " ".join(shown.split())
    for field in SHOWN:
        assert f"--{field.replace('_', '-')} " in words
        value = attrgetter(field)(config)
        assert f"default: {' '.join(value) if isinstance(value, tuple) else value})" in words
    assert f"for all {len(flat_fields(config))}:" in words


def test_help_shows_few_fields_and_help_all_every_one(capsys: pytest.CaptureFixture[str]) -> None:
    for flag, wanted in (("--help", SHOWN), ("-h", SHOWN), ("--help-all", list(flat_fields(smoke())))):
        with pytest.raises(SystemExit) as left:
            read_arguments(["smoke", flag])
        assert left.value.code == 0
        said = capsys.readouterr().out
        flags = {f"--{name.replace('_', '-')}" for name in wanted}
        assert flags <= set(said.replace(",", " ").split())
        assert ("--search.crop-chunk-mib" in said) == (flag == "--help-all")


@pytest.mark.parametrize(
    "kind", [RunConfig, SearchConfig, AllocationConfig, TemporalConfig, FinetuneConfig, ResourceConfig]
)
def test_the_meaning_of_a_field_stands_alone(kind: type) -> None:
    said = meanings(kind)
    assert len(said) >= 5
    assert not [name for name, text in said.items() if text.startswith(("Of ", "As ", "The same"))]
