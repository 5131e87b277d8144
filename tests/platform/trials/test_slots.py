from __future__ import annotations

from typing import Any

from platform.trials.slots import SlotLimit, capacity


def node(alive: bool = True, **resources: float) -> dict[str, Any]:
    return {"Alive": alive, "Resources": resources}


def test_a_trial_never_spans_two_nodes() -> None:
    """Three CPUs each hold one trial of two; four hold two; a dead node holds none."""
    nodes = [node(CPU=3.0), node(CPU=3.0), node(CPU=4.0), node(alive=False, CPU=64.0)]
    assert capacity(nodes, {"CPU": 2}) == 1 + 1 + 2


def test_the_scarcest_resource_decides_and_fractions_share_a_gpu() -> None:
    nodes = [node(CPU=16.0, GPU=1.0), node(CPU=2.0, GPU=1.0), node(CPU=64.0)]
    assert capacity(nodes, {"CPU": 1, "GPU": 0.1}) == 10 + 2 + 0


def test_a_number_is_a_number_whatever_the_cluster() -> None:
    assert SlotLimit(5, {"CPU": 1}, nodes=list).count() == 5


def test_auto_keeps_one_trial_waiting_where_nothing_fits() -> None:
    assert SlotLimit("auto", {"GPU": 1}, nodes=lambda: [node(CPU=2.0)]).count() == 1
