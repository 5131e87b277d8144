"""Cores of one's own, as far as this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers.latency.processor import cpu_model, own_cores

pins = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin")


def test_the_processor_is_named(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 3.2GHz\n")

    assert cpu_model(tmp_path / "cpuinfo") == "Some CPU @ 3.2GHz"
    assert cpu_model(tmp_path / "none") == os.uname().machine


@pins
def test_a_measurement_is_pinned_and_let_go(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    with own_cores(1, tmp_path) as cores:
        assert os.sched_getaffinity(0) == set(cores)
        assert len(cores) == 1
    assert os.sched_getaffinity(0) == before


@pins
def test_two_measurements_never_share_a_core(tmp_path: Path) -> None:
    every = len(os.sched_getaffinity(0))
    with own_cores(every, tmp_path) as all_cores:
        assert len(all_cores) == every
        with own_cores(1, tmp_path) as none_left:
            assert none_left == ()
    with own_cores(1, tmp_path) as cores:
        assert cores == (max(all_cores),)


@pins
def test_too_few_cores_are_given_back_at_once(tmp_path: Path) -> None:
    every = len(os.sched_getaffinity(0))
    with own_cores(every + 1, tmp_path) as none, own_cores(every, tmp_path) as cores:
        assert none == ()
        assert len(cores) == every
