"""Architectures in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analysis.architecture import architecture_line, stage_texts
from analysis.errors import AnalysisError
from spaces.architecture import Architecture, StageChoice


def test_a_stage_shows_what_it_keeps() -> None:
    stage = StageChoice(depth=4, width=24, kernel=5, groups=36, attention=True, expansion=3)
    stem = StageChoice(depth=1, width=16, kernel=3, groups=1)
    head = StageChoice(depth=3, width=160, kernel=4, groups=160)
    architecture = Architecture(space="mobilenetv3", stem=stem, stages=(stage,), head=head)
    expected = "stem w16 k3 | d4 w24 k5 g36 +att x3 | head d3 w160 k4 g160"
    assert architecture_line(architecture.to_json()) == expected


def _line(**parts: Any) -> str:
    return architecture_line(json.dumps({"space": "toy", **parts}))


def test_attention_off_and_expansion_one_are_not_mentioned() -> None:
    stage = {"depth": 1, "width": 8, "kernel": 3, "groups": 1, "attention": False, "expansion": 1}
    assert _line(stages=[stage]) == "d1 w8 k3 g1"
    assert _line(stages=[stage | {"expansion": 0.25}]) == "d1 w8 k3 g1 x0.25"


def test_a_space_without_a_head_says_nothing_of_it() -> None:
    assert _line(head=None, stages=[{"depth": 2, "width": 8}]) == "d2 w8"


def test_branches_are_shown_in_order_and_equal_neighbours_counted() -> None:
    branch = {"depth": 4, "width": 32, "kernel": 3, "groups": 16}
    wide = branch | {"width": 64}
    assert _line(stages=[[branch, branch], [branch, wide]]) == "3*d4 w32 k3 g16 | d4 w64 k3 g16"


def test_fields_and_sections_of_another_space_are_shown_by_name() -> None:
    assert _line(fusion="add", stages=[{"width": 8, "ratio": 2}]) == "w8 ratio=2 | fusion add"


def test_frames_of_a_clip_keep_their_order() -> None:
    frame = {"space": "toy", "stages": [{"depth": 1}], "head": {"width": 4}}
    assert stage_texts(json.dumps({"frames": [frame, frame]})) == ("d1", "head w4", "d1", "head w4")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_text_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(AnalysisError, match="an architecture must be"):
        stage_texts(text)
