"""The tables in TABLES.md are what the command prints, and every departure from the paper has its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaces import tables
from spaces.paper import REASONS, TABLE_COLUMNS, TABLES, PaperRow
from spaces.registry import build_space
from spaces.space import SearchSpace


def test_the_page_holds_exactly_what_the_command_prints(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables.main()
    printed = capsys.readouterr().out
    page = (checkout / "spaces" / "TABLES.md").read_text()
    held = page.partition("<!-- tables -->\n")[2].partition("<!-- end of tables -->")[0]
    assert held.strip() == printed.strip(), "run `python -m spaces.tables` and put its output there"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_a_row_for_every_part(name: str) -> None:
    assert tuple(TABLES[name][1]) == build_space(name).part_names


@pytest.mark.parametrize("name", TABLES)
def test_every_departure_from_the_paper_has_a_reason(name: str) -> None:
    space = build_space(name)
    departures = {
        (name, part, column)
        for part, row in TABLES[name][1].items()
        for column in TABLE_COLUMNS
        if differs(space, part, column, row)
    }
    assert departures <= REASONS.keys()


def test_only_these_cells_have_other_ends_than_the_paper() -> None:
    """Known by hand: two of the deconvolutions of Table A1, and the misprint of Table A2."""
    departures = {
        (name, part, column)
        for name, (_, rows) in TABLES.items()
        for part, row in rows.items()
        for column in TABLE_COLUMNS
        if differs(build_space(name), part, column, row)
    }
    assert departures == {
        ("mobilenetv3", "head", "width"),
        ("mobilenetv3", "head", "groups"),
        ("resnet50", "stage1", "resolution"),
    }


def test_reasons_are_given_for_parts_that_exist() -> None:
    for name, part, column in REASONS:
        assert part in TABLES[name][1]
        assert column in TABLE_COLUMNS


def differs(space: SearchSpace, part: str, column: str, row: PaperRow) -> bool:
    """Whether our least and most are not the paper's; a column that the paper lacks must leave no choice."""
    printed, ours = getattr(row, column), tables.options(space, part, column)
    if printed is None:
        return len(ours) > 1
    return (
        (printed, printed) != (ours[0], ours[0]) if column == "resolution" else printed != (ours[0], ours[-1])
    )
