"""Trainings that are disturbed, with real Ray workers: each ends as the undisturbed one does.

Three steps are an epoch here; checkpoints are written every four, so most of them are in mid-epoch.
"""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import ray
import torch
from ray.cluster_utils import Cluster
from ray.core.generated import autoscaler_pb2
from safetensors.torch import load_file
from torch import Tensor

from platform.recipes import tiny
from spaces.initialise import initialise
from spaces.registry import build_space
from tests.end_to_end.processes import descendants, end_all

EVERY = 4
STEPS = 48
WAIT_S = 240
ROUNDING = 0.01  # of the way that training moves the weights: one worker adds in another order than two
ARGUMENTS = (
    "tiny", "--stages", "data", "spatial_train", "--space.input-hw", "64", "32", "--train.epochs", "16",
    "--train.checkpoint-every-steps", str(EVERY), "--train.checkpoint-every-epochs", "16",
    "--train.keep-checkpoints", "3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Training:
    """The stages data and spatial_train of recipe tiny, in a process of their own."""

    checkout: Path
    storage: Path
    arguments: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def checkpoints(self) -> Path:
        """In the run's folder, or at the URI that the command line gave."""
        elsewhere = self.storage.glob("elsewhere/tiny-*/spatial_train")
        return next(elsewhere, self.storage / "tiny" / "checkpoints" / "spatial_train")

    @property
    def supernet(self) -> Path:
        return self.storage / "tiny" / "supernet.safetensors"

    @property
    def log(self) -> Path:
        return self.storage / "log"

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def newest_checkpoint(self) -> int:
        steps = [int(path.stem.removeprefix("step-")) for path in self.checkpoints.glob("step-*.json")]
        return max(steps, default=0)

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """The running driver; nothing that came of it outlives the block."""
        self.storage.mkdir(parents=True, exist_ok=True)
        variables = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        with self.log.open("w") as log:
            driver = subprocess.Popen(
                [sys.executable, "-m", "platform.search", *ARGUMENTS, *self.arguments,
                 "--storage", str(self.storage)],
                cwd=self.checkout, env=variables | self.variables, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            yield driver
        finally:
            family = descendants(driver.pid)
            driver.kill()
            driver.wait()
            end_all(family)

    def finish(self) -> str:
        with self.started() as driver:
            assert driver.wait(timeout=WAIT_S) == 0, self.said
        return self.said

    def killed_after(self, step: int) -> None:
        """Runs until there is a checkpoint at `step`, then kills the driver with SIGKILL."""
        with self.started() as driver:
            wait_until(lambda: self.newest_checkpoint() >= step, driver, self)
        assert not self.supernet.exists(), self.said


def wait_until(happened: Callable[[], bool], driver: subprocess.Popen[bytes], training: Training) -> None:
    deadline = time.monotonic() + WAIT_S
    while not happened():
        assert driver.poll() is None, training.said
        assert time.monotonic() < deadline, training.said
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of the training that nothing happens to."""
    training = Training(checkout, tmp_path_factory.mktemp("undisturbed"))
    said = training.finish()
    assert "spatial_train: starts on 2 workers" in said
    assert training.newest_checkpoint() == STEPS
    return training.supernet


def assert_equal_weights(ours: Path, theirs: Path) -> None:
    """Bit for bit; the files may differ in the order of their metadata."""
    weights, expected = load_file(ours), load_file(theirs)
    assert weights.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(weights[name], expected[name])] == []


def untrained() -> Mapping[str, Tensor]:
    """The weights that recipe tiny begins with."""
    config = tiny()
    supernet = build_space(config.space.name, input_hw=(64, 32)).supernet()
    return initialise(supernet, config.seed, config.train.init_sigma).state_dict()


def distance(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    """Euclidean, over all parameters and statistics."""
    assert ours.keys() == theirs.keys()
    return math.sqrt(sum(float((ours[name] - theirs[name]).double().square().sum()) for name in ours))


def resumed_steps(said: str) -> list[int]:
    return [int(step) for step in re.findall(r"continues from the checkpoint at step (\d+) on", said)]


def test_a_worker_killed_in_mid_epoch_costs_only_the_steps_since_the_last_checkpoint(
    undisturbed: Path, checkout: Path, tmp_path: Path
) -> None:
    training = Training(checkout, tmp_path)
    with training.started() as driver:
        wait_until(lambda: training.newest_checkpoint() >= 2 * EVERY, driver, training)
        workers = [pid for pid, command in descendants(driver.pid).items() if "RayTrainWorker" in command]
        assert len(workers) == 2
        before = training.newest_checkpoint()
        os.kill(workers[-1], signal.SIGKILL)
        assert driver.wait(timeout=WAIT_S) == 0, training.said
    (resumed,) = resumed_steps(training.said)
    assert before <= resumed <= before + EVERY, training.said  # one may have been written meanwhile
    assert_equal_weights(training.supernet, undisturbed)


def test_the_same_command_continues_after_the_driver_was_killed(
    undisturbed: Path, checkout: Path, tmp_path: Path
) -> None:
    training = Training(checkout, tmp_path)
    training.killed_after(2 * EVERY)
    before = training.newest_checkpoint()
    assert resumed_steps(training.finish()) == [before]
    assert_equal_weights(training.supernet, undisturbed)


def test_a_truncated_newest_checkpoint_is_said_and_the_one_before_is_used(
    undisturbed: Path, checkout: Path, tmp_path: Path
) -> None:
    training = Training(checkout, tmp_path, ("--checkpoints-uri", f"file://{tmp_path}/elsewhere"))
    training.killed_after(3 * EVERY)
    before = training.newest_checkpoint()
    newest = training.checkpoints / f"step-{before:09d}.pt"
    with newest.open("r+b") as file:
        file.truncate(newest.stat().st_size // 2)
    said = training.finish()
    assert f"step-{before:09d} is damaged" in said
    assert resumed_steps(said) == [before - EVERY]
    assert_equal_weights(training.supernet, undisturbed)


@pytest.fixture
def two_nodes() -> Iterator[Cluster]:
    """Two Ray nodes on this machine, with room for one training worker each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        yield cluster
    finally:
        cluster.shutdown()


def drain(cluster: Cluster, node_id: str, deadline_s: float) -> None:
    """Announces, as a cloud's preemption would, that the node will be taken away."""
    reasons: Any = autoscaler_pb2  # made by protobuf, without types, as Ray's own client is
    client: Any = vars(ray)["_raylet"].GcsClient(address=cluster.address)
    accepted, why = client.drain_node(
        node_id,
        reasons.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION"),
        "taken away by the test",
        int((time.time() + deadline_s) * 1000),
    )
    assert accepted, why


def test_a_notice_of_preemption_makes_a_checkpoint_and_the_training_goes_on_with_the_nodes_that_stay(
    undisturbed: Path, checkout: Path, tmp_path: Path, two_nodes: Cluster
) -> None:
    """Two workers of a range from one to two; the one that stays takes the whole global batch."""
    arguments = ("--resources.address", two_nodes.address, "--resources.train-workers", "1", "2")
    training = Training(checkout, tmp_path, arguments, {"RAY_TRAIN_PREEMPTION_POLL_INTERVAL_S": "0.2"})
    (node,) = two_nodes.worker_nodes
    with training.started() as driver:
        wait_until(lambda: "starts on 2 workers" in training.said, driver, training)
        drain(two_nodes, node.node_id, deadline_s=30)
        wait_until(lambda: "a node goes in" in training.said, driver, training)
        two_nodes.remove_node(node, allow_graceful=False)
        assert driver.wait(timeout=WAIT_S) == 0, training.said
    (noticed,) = re.findall(r"a node goes in \d+ s: checkpoint at step (\d+)\n", training.said)
    (resumed,) = resumed_steps(training.said)
    assert resumed >= int(noticed)
    assert f"at step {resumed} on 1 worker\n" in training.said
    expected = load_file(undisturbed)
    assert distance(load_file(training.supernet), expected) < ROUNDING * distance(untrained(), expected)
