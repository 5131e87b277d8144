"""Prints, as Markdown, our ranges beside the paper's and our costs beside the published ones.

`python -m spaces.tables` writes to the standard output what spaces/TABLES.md holds.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from spaces.constraint import Constraint
from spaces.deconv_space import DeconvSpace
from spaces.drawing import candidates
from spaces.paper import REASONS, TABLE_COLUMNS, TABLES, PaperRow
from spaces.published import PUBLISHED, find_published
from spaces.registry import SPACES, build_space
from spaces.space import SearchSpace

BINARY_G = 1 << 30
FEW = 5  # so many values are all written out


def main() -> None:
    print("\n".join(lines()))


def lines() -> Iterator[str]:
    for name, (table, rows) in TABLES.items():
        yield from ranges_table(build_space(name), table, rows)
        yield ""
    yield from sizes_table()
    yield ""
    yield from costs_table()


def ranges_table(space: SearchSpace, table: str, rows: Mapping[str, PaperRow]) -> Iterator[str]:
    """The paper's range above ours in every cell; numbers in brackets lead to the reasons underneath."""
    yield f"### {space.name} (Table {table})"
    yield ""
    yield from _head(["part", *TABLE_COLUMNS])
    reasons: list[str] = []
    for part in space.part_names:
        cells = (_cell(space, part, column, rows[part], reasons) for column in TABLE_COLUMNS)
        yield _row([part.replace("_", " "), *cells])
    for number, reason in enumerate(reasons, start=1):
        yield ""
        yield f"({number}) {reason}"


def sizes_table() -> Iterator[str]:
    """How many architectures there are, and between which costs."""
    yield "### What the spaces hold"
    yield ""
    yield from _head(["space", "input", "architectures", "smallest", "biggest"])
    for name in SPACES:
        space = build_space(name)
        count = candidates(space, Constraint()).counts.total
        ends = (space.cost(space.smallest()), space.cost(space.biggest()))
        sizes = (f"{cost.params / 1e6:.3g} M, {cost.gmacs:.3g} GMACs" for cost in ends)
        yield _row([name, "{}x{}".format(*space.input_hw), f"{count:.3g}", *sizes])


def costs_table() -> Iterator[str]:
    """The published networks, transposed convolutions counted both ways."""
    yield "### Our count beside the published one (256x192, 17 keypoints)"
    yield ""
    names = ("network", "params", "published", "MACs without deconvolutions", "MACs, input pixels")
    yield from _head([*names, "MACs, output pixels", "the same in 2^30", "published G"])
    for name, published in PUBLISHED.items():
        space, architecture = find_published(name)
        cost = space.cost(architecture)
        yield _row([
            name, f"{cost.params:,}", f"{published.params_m:.1f} M", f"{cost.conv_macs:,}", f"{cost.macs:,}",
            f"{cost.macs_on_output_pixels:,}", f"{cost.macs_on_output_pixels / BINARY_G:.2f}",
            f"{published.gmacs:.2f}",
        ])  # fmt: skip


def options(space: SearchSpace, part: str, column: str) -> Sequence[Any]:
    """All values that a dimension of a part can have here."""
    index = space.part_names.index(part)
    if column == "resolution":
        return (_resolution(space, part, index),)
    open_ones = space.dimensions().get(f"{part}.{column}")
    if open_ones is not None:
        return open_ones
    if column == "groups":
        return (space.parts(space.biggest())[index].groups,)
    return getattr(space.ranges[index], column)


def _cell(space: SearchSpace, part: str, column: str, row: PaperRow, reasons: list[str]) -> str:
    printed, ours = getattr(row, column), options(space, part, column)
    reason = REASONS.get((space.name, part, column))
    if printed is None and reason is None:
        return "-" if len(ours) == 1 else _values(ours)
    mark = ""
    if reason is not None:
        if reason not in reasons:
            reasons.append(reason)
        mark = f" ({reasons.index(reason) + 1})"
    if column == "resolution":
        return f"1/{printed}<br>1/{ours[0]}{mark}"
    return f"[{printed[0]}, {printed[1]}]<br>{_values(ours)}{mark}"


def _values(values: Sequence[Any]) -> str:
    numbers = [int(value) for value in values]
    gaps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) <= FEW:
        return ", ".join(map(str, numbers))
    if len(gaps) == 1:
        return f"{numbers[0]} to {numbers[-1]} step {gaps.pop()}"
    return f"{numbers[0]}, {numbers[1]} ... {numbers[-1]} ({len(numbers)} values)"


def _resolution(space: SearchSpace, part: str, index: int) -> int:
    """How often the features are smaller than the input, in each direction."""
    if not isinstance(space, DeconvSpace):
        return 2 << int(part.partition("_branch")[2] or 1)
    pooling = 2 if space.pooled_stem else 1
    stride = pooling * math.prod(stage.stride for stage in space.ranges[: index + 1])
    return stride // 2 ** space.ranges[-1].depth[-1] if part == "head" else stride


def _head(names: Sequence[str]) -> list[str]:
    return [_row(names), _row(["---"] * len(names))]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
