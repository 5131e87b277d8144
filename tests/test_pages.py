"""The pages are short, and what they name exists: links, commands, modules, tests; their Python compiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from platform.config.file import flat_fields
from platform.config.recipes import smoke
from spaces.registry import build_space
from tests import layout
from workers.weights.safetensors import save_network

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = {"README.md": 130}
MOST_LINES_OF_A_FOLDER = 60
FOLDERS = ("spaces", "workers", "platform", "analysis", "cluster", "tests", "tests/benchmarks")
PACKAGES = (*layout.PACKAGES, "tests", "cluster")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", ".github/**/*.md", *(f"{package}/**/*.md" for package in PACKAGES))
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
COMMAND = re.compile(r"python -m ((?:platform|spaces|workers|analysis|tests)(?:\.[a-z_]+)+)")
FILE = re.compile(rf"(?<![\w/.-])((?:{'|'.join(PACKAGES)})/[\w/.-]*\w\.(?:py|ipynb|md|txt|png))")
FOLDER_FILE = re.compile(r"`([a-z_0-9]+(?:/[a-z_0-9]+)*\.py)`")
FIELD = re.compile(r"--([a-z]+(?:\.[a-z-]+)+)")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def missing(page: Path, root: Path) -> list[str]:
    """What a page names and what is not there, one line each."""
    text = page.read_text()
    return [name for name, places in _named(page, text, root) if not any(place.exists() for place in places)]


def _named(page: Path, text: str, root: Path) -> Iterator[tuple[str, list[Path]]]:
    """Every name on a page with the places where it may be."""
    for match in LINK.finditer(text):
        target = (match[1] or match[2]).partition("#")[0]
        if target and "://" not in target:
            yield target, [page.parent / target]
    for match in COMMAND.finditer(text):
        module = root.joinpath(*match[1].split("."))
        yield match[0], [module.with_suffix(".py"), module / "__main__.py"]
    for match in FILE.finditer(text):
        yield match[1], [root / match[1]]
    for match in FOLDER_FILE.finditer(text):
        yield match[1], [page.parent / match[1], root / match[1]]


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_exists(name: str) -> None:
    assert missing(ROOT / name, ROOT) == []


@pytest.mark.parametrize("name", PAGES)
def test_python_on_a_page_compiles(name: str) -> None:
    for block in PYTHON.findall((ROOT / name).read_text()):
        compile(block, name, "exec")


@pytest.mark.parametrize("name", ["README.md", *(f"{folder}/README.md" for folder in FOLDERS)])
def test_a_readme_is_no_longer_than_it_may_be(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()

    assert len(lines) <= MOST_LINES.get(name, MOST_LINES_OF_A_FOLDER)


@pytest.mark.parametrize("folder", FOLDERS)
def test_rules_of_a_folder_name_their_tests_and_its_reasons_have_a_page(folder: str) -> None:
    rules = (ROOT / folder / "README.md").read_text().partition("## Rules\n")[2].partition("\n## ")[0]
    bullets = [line for line in rules.splitlines() if line.startswith("- ")]

    assert 5 <= len(bullets) <= 8
    assert "tests/" in rules
    assert folder == "tests" or (ROOT / folder / "DECISIONS.md").is_file()


def test_the_root_readme_activates_the_environment_before_it_uses_a_module() -> None:
    text = (ROOT / "README.md").read_text()

    assert text.index(". .venv/bin/activate") < text.index("python -m platform.search")


def test_every_flag_of_a_search_that_a_page_names_is_a_field(checkout: Path) -> None:
    """Flags with a dot are a search's; one dataclass for each section says what there is."""
    named = {flag for page in PAGES for flag in FIELD.findall((checkout / page).read_text())}
    known = {name.replace("_", "-") for name in flat_fields(smoke())}

    assert len(named) > 20
    assert {name.replace(".no-", ".") for name in named} - known == set()


def test_the_root_readme_has_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    table = text.partition("| `python -m platform.` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    listed = re.findall(r"`([a-z]+)", " ".join(cells))
    commands = {path.stem for path in (ROOT / "platform").glob("*.py") if not path.stem.startswith("__")}

    assert set(listed) == commands


def test_python_of_the_root_readme_predicts_a_picture_with_a_runs_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    space = build_space("mobilenetv3-small", keypoints=17, input_hw=(64, 64))
    smallest = space.smallest()
    network = space.network(smallest)
    save_network(tmp_path / "runs" / "smoke" / "network.safetensors", network, space, smallest)
    cv2.imwrite(str(tmp_path / "picture.jpg"), np.zeros((240, 320, 3), np.uint8))
    monkeypatch.chdir(tmp_path)
    (block,) = PYTHON.findall((ROOT / "README.md").read_text())
    code = [line for line in block.splitlines() if line]

    exec(block, {})

    assert len(code) <= 10
    assert "'left_wrist': [" in capsys.readouterr().out


def test_hooks_run_what_make_lint_runs() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]

    assert recipe
    assert [hook["entry"] for hook in hooks] == [
        line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](gone.md) and [b](page.md#part), [c](https://example.org/gone)", ["gone.md"]),
        ("python -m platform.search and python -m platform.gone", ["python -m platform.gone"]),
        ("`platform/search.py`, platform/gone.py", ["platform/gone.py"]),
        ("`search.py` and `gone.py`", ["gone.py"]),
        ('<img src="gone.png">', ["gone.png"]),
    ],
)
def test_the_check_finds_what_is_not_there(tmp_path: Path, text: str, found: list[str]) -> None:
    page = tmp_path / "platform" / "page.md"
    page.parent.mkdir()
    (page.parent / "search.py").touch()
    page.write_text(text)

    assert missing(page, tmp_path) == found
