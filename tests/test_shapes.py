"""Annotated shapes are checked under `make shapes`, and cost nothing elsewhere."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SHAPES = {"Float", "Int", "Bool"}
IMPORT_ALL = """
import importlib, pkgutil, sys
for package in ("spaces", "workers"):
    for module in pkgutil.walk_packages([package], package + "."):
        importlib.import_module(module.name)
"""
WRONG = {
    "spaces.layers.conv.ElasticConv2d.forward": """
from spaces.layers.conv import ElasticConv2d
ElasticConv2d(8, 8, 3)(torch.zeros(8, 6, 6), 8, 3)
""",
    "spaces.layers.global_context.attended_mean": """
from spaces.layers.global_context import attended_mean
attended_mean(torch.zeros(2, 8, 6, 6), torch.zeros(1, 1, 6, 6))
""",
    "spaces.layers.deconv_norm.ElasticDeconvNorm.forward": """
from spaces.layers.deconv_norm import ElasticDeconvNorm
wrong = ElasticDeconvNorm(8, 8, 4)
wrong.conv.forward = lambda x, *choice: x
wrong(torch.zeros(2, 8, 6, 6), 8, 4, 1)
""",
    "spaces.temporal.fusion.FusionModule.forward": """
from spaces.temporal.fusion import FusionModule
FusionModule("add", 17, 8)(torch.zeros(3, 8, 6, 6), torch.zeros(2, 17, 12, 12))
""",
    "spaces.chain.Links.__init__": """
from spaces.chain import Links
Links((1, 2), numpy.zeros(2, int), numpy.zeros((3, 2), int))
""",
    "workers.training.loops.loss.heatmap_loss": """
from workers.training.loops.loss import heatmap_loss
heatmap_loss(torch.zeros(2, 17, 8, 6), torch.zeros(2, 17, 8, 6), torch.zeros(17, 2))
""",
    "workers.latency.trees.Trees.__init__": """
from workers.latency.trees import Trees
one = numpy.zeros(1)
Trees(0.0, one, one.astype(int), one, one.astype(int), one.astype(int), one)
""",
}


def _modules(checkout: Path) -> Iterator[tuple[str, ast.Module]]:
    for package in ("spaces", "workers"):
        for path in sorted((checkout / package).rglob("*.py")):
            yield str(path.relative_to(checkout)), ast.parse(path.read_text())


def _imported(tree: ast.Module, module: str) -> set[str]:
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in statements if node.module == module for alias in node.names}


def _quoted_shapes(tree: ast.Module) -> list[str]:
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in texts if isinstance(text, str) and text.startswith(("Float[", "Int[", "Bool["))]


def test_no_annotated_shape_is_a_string_for_what_a_string_cannot_resolve_is_not_checked(
    checkout: Path,
) -> None:
    shaped = {name: tree for name, tree in _modules(checkout) if _imported(tree, "jaxtyping") & SHAPES}
    postponed = [name for name, tree in shaped.items() if "annotations" in _imported(tree, "__future__")]

    assert len(shaped) > 30
    assert postponed == []
    assert {name: quoted for name, tree in shaped.items() if (quoted := _quoted_shapes(tree))} == {}


@pytest.fixture(scope="module")
def refusals(checkout: Path) -> dict[str, str]:
    """What each wrong call raises under the hook: the error's name and its first line."""
    calls = "\n".join(f"attempt({name!r}, {code!r})" for name, code in WRONG.items())
    code = f"""
import tests.shapes, numpy, torch
def attempt(name, code):
    try:
        exec(code, {{"numpy": numpy, "torch": torch}})
        print(name, "passes")
    except Exception as error:
        print(name, type(error).__name__, str(error).splitlines()[0])
{calls}
"""
    run = _python(code, checkout)
    return dict(line.split(" ", 1) for line in run.splitlines())


@pytest.mark.parametrize("function", WRONG)
def test_a_wrong_shape_is_caught_where_it_comes_in(refusals: dict[str, str], function: str) -> None:
    assert refusals[function].startswith("TypeCheckError Type-check error whilst checking the ")
    assert function in refusals[function]


def test_outside_the_hook_nothing_is_checked_and_nothing_is_imported_for_it(checkout: Path) -> None:
    code = (
        IMPORT_ALL
        + """
import torch
from spaces.temporal.network import TemporalNetwork
print("beartype" in sys.modules, hasattr(TemporalNetwork.forward, "__wrapped__"))
"""
    )

    assert _python(code, checkout).split() == ["False", "False"]


def _python(code: str, checkout: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
