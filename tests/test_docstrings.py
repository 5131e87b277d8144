"""Docstrings stand alone: whoever reads one in pydoc, without the code, learns what the thing is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.layout import modules

ROOT = Path(__file__).resolve().parent.parent
NOT_YET = ("spaces", "platform.config")  # packages whose docstrings are not held to this yet

# First words that lean on a name, a signature or a docstring nearby.
LEANING = re.compile(
    r"(Of|As|The same|Like|That|Those|This|These|It|They|Its|Their|What it|With|Without|Where|By|At|From"
    r"|In|On|For|So|Then|Once|Also|None|Before|After|Afterwards|Beside|Else)\b"
)

Named = tuple[str, str]


def docstrings(tree: ast.Module) -> Iterator[Named]:
    """The qualified name and the text of each docstring, those of fields included."""
    yield from _docstrings("", tree)


def undocumented(tree: ast.Module) -> Iterator[str]:
    """The module, where it has no docstring, and the public classes at its top that have none."""
    if ast.get_docstring(tree) is None:
        yield "the module"
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield node.name


def _docstrings(name: str, node: ast.Module | ast.ClassDef | ast.FunctionDef) -> Iterator[Named]:
    if text := ast.get_docstring(node):
        yield name, text
    for before, child in zip([None, *node.body], node.body, strict=False):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield from _docstrings(f"{name}.{child.name}".strip("."), child)
        elif isinstance(before, ast.AnnAssign | ast.Assign) and (text := _text(child)):
            target = before.target if isinstance(before, ast.AnnAssign) else before.targets[0]
            yield f"{name}.{ast.unparse(target)}".strip("."), text


def _text(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value if isinstance(node.value.value, str) else None
    return None


def held() -> list[Path]:
    return [path for name, path in modules(ROOT).items() if not name.startswith(NOT_YET)]


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in held()}


def test_no_docstring_leans_on_what_stands_around_it(trees: dict[str, ast.Module]) -> None:
    leaning = [
        f"{path} {name}: {text.splitlines()[0]}"
        for path, tree in trees.items()
        for name, text in docstrings(tree)
        if LEANING.match(text)
    ]
    assert not leaning, "\n".join(leaning)


def test_every_module_and_every_public_class_has_a_docstring(trees: dict[str, ast.Module]) -> None:
    missing = [f"{path}: {name}" for path, tree in trees.items() for name in undocumented(tree)]
    assert not missing, "\n".join(missing)


def test_docstrings_of_modules_classes_functions_and_fields_are_found() -> None:
    tree = ast.parse(
        '"""M."""\nclass C:\n    """K."""\n    x: int = 0\n    """X."""\n    def f(self):\n        """F."""'
    )
    assert list(docstrings(tree)) == [("", "M."), ("C", "K."), ("C.x", "X."), ("C.f", "F.")]


def test_words_that_lean_are_told_from_words_that_begin_like_them() -> None:
    assert LEANING.match("Of the parent run.")
    assert LEANING.match("The same with another seed.")
    assert not LEANING.match("Offsets of the parts.")
    assert not LEANING.match("The samples of an epoch.")
