"""Words that people type where a command wants a number, a name or a path, and others that nobody should."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

ODD_WORDS = (
    "", " ", "-", "--", "---", "-1", "0", "1", "2", "3", "0.5", "1e9", "1e400", "-1e400", "nan", "-nan",
    "inf", "-inf", "1_000", "0x10", "1,5", "1e", "0.0", "-0", "1" * 30, "18446744073709551616", "\u0663",
    "None", "null", "none", "true", "False", "[]", "[1]", "{}", "{a: 1}", "a=b", "a b", "a\nb", "a\tb",
    "\u00e4\u00df", "\ud83d\ude00", "..", ".", "../x", "~", "*", "?", "what?", "a#b", "%s", "%20", "[bold]",
    "[/]", "$HOME", "`x`", "'", '"', "\\", "x" * 300, "/", "//", "file:///", "s3://", "http://", "smoke",
    "tiny", "uniform", "tpe", "prefix", "adam", "data", "report", "spatial_search", "1 2", "64", "96",
    "cuda", "bf16", "fp64", "-h1", "--help=1", "--name", "--config", "--no-", "-e", "@file", "!", "&", ";",
    "|", ">",
)  # fmt: skip


def odd_words() -> st.SearchStrategy[list[str]]:
    """What stands behind a flag."""
    return st.lists(st.sampled_from(ODD_WORDS) | st.text(max_size=8), max_size=3)


def arguments_of(flags: Sequence[str], values: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    """One to four flags, each with words behind it."""
    pairs = st.tuples(st.sampled_from(flags), values)
    return st.lists(pairs, min_size=1, max_size=4).map(
        lambda given: [word for flag, words in given for word in (flag, *words)]
    )
