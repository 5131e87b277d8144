from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest

from spaces.architecture import Architecture, StageChoice
from spaces.errors import ArchitectureError

STEM = StageChoice(depth=1, width=16, kernel=3, groups=1)
STAGE = StageChoice(depth=2, width=24, kernel=5, groups=12, attention=True, expansion=3)
SMALL = Architecture("made", STEM, (STAGE,), None)


def test_the_middle_width_is_the_output_width_times_the_expansion() -> None:
    assert STAGE.middle == 72
    assert replace(STAGE, width=2048, expansion=0.25).middle == 512


def test_the_json_is_canonical() -> None:
    assert SMALL.to_json() == (
        '{"head":null,"space":"made","stages":[{"attention":true,"depth":2,"expansion":3,"groups":12,'
        '"kernel":5,"width":24}],"stem":{"attention":false,"depth":1,"expansion":1,"groups":1,"kernel":3,'
        '"width":16}}'
    )


def test_a_whole_expansion_has_one_key_however_it_is_written() -> None:
    floating = replace(SMALL, stages=(replace(STAGE, expansion=3.0),))
    assert floating == SMALL
    assert floating.key == SMALL.key


def test_the_key_names_the_space_and_is_the_same_in_another_process() -> None:
    code = f"from spaces.architecture import *; print(Architecture.from_json({SMALL.to_json()!r}).key)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == SMALL.key
    assert SMALL.key.startswith("made-")
    assert len(SMALL.key) == len("made-") + 16


@pytest.mark.parametrize("dimension", ["depth", "width", "kernel", "groups", "attention", "expansion"])
def test_the_key_depends_on_every_dimension(dimension: str) -> None:
    other = replace(STAGE, **{dimension: getattr(STAGE, dimension) + 1})
    assert replace(SMALL, stages=(other,)).key != SMALL.key


def test_a_stage_and_a_head_are_not_the_same() -> None:
    assert Architecture("made", STEM, (), STAGE).key != SMALL.key


def test_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        STAGE.width = 32  # type: ignore[misc]


def test_a_pickled_architecture_is_equal_and_has_the_same_key() -> None:
    again = pickle.loads(pickle.dumps(SMALL))
    assert (again, again.key) == (SMALL, SMALL.key)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "Expecting value"),
        ("[]", "list indices"),
        ('{"space": "made"}', "'head'"),
        (SMALL.to_json().replace('"depth"', '"deepness"'), "deepness"),
        (SMALL.to_json().replace('"groups":12,', ""), "groups"),
    ],
)
def test_other_text_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ArchitectureError, match="must be JSON with space, stem, stages and head") as caught:
        Architecture.from_json(text)
    assert said in str(caught.value)
