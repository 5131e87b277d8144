"""What a person is told of Ray's messages; the words are those of Ray 2.60."""

from __future__ import annotations

import pytest
import ray._private.worker

from platform.run.ray_messages import a_line_each

NODE = (
    "The node with node id: {id} and address: {address} and node name: {address} has been marked dead "
    "because the detector has missed too many heartbeats from it. This can happen when a \t(1) raylet is "
    "gone (OOM, etc.) \n\t(2) raylet has lagging heartbeats due to slow network or busy workload."
)
RAYLET = "Raylet is terminated. Termination is unexpected. Possible reasons: (1) SIGKILL\n    [state-dump] \n"
WORKER = "A worker died or was killed while executing a task by an unexpected system error. Lease ID: 0100"
MEMORY = "{n} Workers (tasks / actors) killed due to memory pressure (OOM) at node (ID: {id})\n\nRefer to ..."


def tell(*messages: str) -> None:
    for message in messages:
        data = {"lines": [message], "pid": "raylet", "is_err": False}
        vars(ray._private.worker)["print_to_stdstream"](data, ignore_prefix=False)


def test_messages_are_a_line_each_and_a_death_that_we_say_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with a_line_each():
        tell(RAYLET, WORKER, "\n")
        tell(*(NODE.format(id=id_, address="192.0.2.7") for id_ in ("d49", "d49")))
        tell(NODE.format(id="e50", address="192.0.2.8"))
        tell(MEMORY.format(n=1, id="d49"), MEMORY.format(n=2, id="e50"))
    assert capsys.readouterr().out.splitlines() == [
        "Ray: the node 192.0.2.7 died; what ran there is done again elsewhere",
        "Ray: the node 192.0.2.8 died; what ran there is done again elsewhere",
        "Ray: 1 Workers (tasks / actors) killed due to memory pressure (OOM) at node (ID: d49)",
    ]


def test_behind_the_block_ray_prints_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    with a_line_each():
        pass
    tell(RAYLET)
    assert "state-dump" in capsys.readouterr().out
