"""A class is abstract or final: who reads one need not look for what overrides it."""

from pathlib import Path

import pytest

from tests.classes import classes, open_classes

CLOSED = ("spaces", "workers", "platform", "analysis")


@pytest.mark.parametrize("package", CLOSED)
def test_every_class_is_abstract_or_final(checkout: Path, package: str) -> None:
    assert open_classes(classes(checkout), package) == []


@pytest.mark.parametrize(
    ("source", "complaints"),
    [
        ("class A: ...", ["A is not subclassed, so it must be @final"]),
        ("@final\n@dataclass(frozen=True)\nclass A: ...", []),
        ("class A: ...\n@final\nclass B(A): ...", ["A is subclassed, so it must be abstract"]),
        ("class A(ABC):\n    @abstractmethod\n    def f(self): ...\n@final\nclass B(A): ...", []),
        (
            "class A(ABC):\n    @abstractmethod\n    def f(self): ...\n"
            "class B(A):\n    def f(self): ...\n@final\nclass C(B): ...",
            ["B is subclassed, so it must be abstract"],
        ),
        ("class A(Protocol): ...\nclass B(Enum): ...\nclass C(ValueError, Exception): ...", []),
        ("class A(Exception): ...\nclass B(A): ...", []),
    ],
)
def test_the_check_finds_what_is_neither(tmp_path: Path, source: str, complaints: list[str]) -> None:
    (tmp_path / "spaces").mkdir()
    (tmp_path / "spaces/some.py").write_text(source)

    assert open_classes(classes(tmp_path), "spaces") == [f"spaces.some.{each}" for each in complaints]
