"""Trainings that are disturbed, with real Ray workers: each ends as the undisturbed one does.

Three steps are an epoch here; checkpoints are written every four, so most of them are in mid-epoch.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.core.generated import autoscaler_pb2

from platform.config.paths import data_root
from platform.config.recipes import tiny
from platform.config.run import RunConfig
from platform.config.sections.resources import ResourceConfig
from platform.run.context import spatial_task
from tests.end_to_end.clusters import two_nodes
from tests.end_to_end.drivers import Driver, by_fork
from tests.end_to_end.processes import at_work, end_all
from tests.end_to_end.tiny_run import assert_equal_weights
from tests.end_to_end.undisturbed import save_trained
from tests.threads import one_thread
from workers.data.coco import read_people
from workers.training.checkpoints import CheckpointStore
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.supernet import SupernetTraining
from workers.weights.safetensors import save_weights

EVERY = 4
STEPS = 30
INPUT_HW = (64, 32)
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20}
QUICKLY = {  # what Ray Train looks at every two and every five seconds
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2", "RAY_TRAIN_PREEMPTION_POLL_INTERVAL_S": "0.2",
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two Ray nodes on this machine, with room for one training worker each."""
    with two_nodes(**NODE) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Training:
    """The stages data and spatial_train of recipe tiny, in drivers on the cluster."""

    cluster: Cluster
    storage: Path
    tracking_uri: str
    train_workers: int | tuple[int, int] = 2
    checkpoints_uri: str | None = None
    keep_checkpoints: int = 3

    @property
    def config(self) -> RunConfig:
        base = tiny()
        return replace(
            base, storage=self.storage, stages=("data", "spatial_train"),
            tracking_uri=self.tracking_uri, checkpoints_uri=self.checkpoints_uri,
            space=replace(base.space, input_hw=INPUT_HW),
            train=replace(
                base.train, epochs=STEPS // 3, checkpoint_every_steps=EVERY,
                checkpoint_every_epochs=STEPS // 3, keep_checkpoints=self.keep_checkpoints,
            ),
            resources=ResourceConfig(address=self.cluster.address, train_workers=self.train_workers),
        )  # fmt: skip

    @property
    def checkpoints(self) -> Path:
        """In the run's folder, or at the URI that was given."""
        elsewhere = self.storage.glob("elsewhere/tiny-*/spatial_train")
        return next(elsewhere, self.storage / "tiny" / "checkpoints" / "spatial_train")

    @property
    def supernet(self) -> Path:
        return self.storage / "tiny" / "supernet.safetensors"

    @property
    def workers(self) -> list[int]:
        return at_work(self.cluster, "RayTrainWorker")

    def newest_checkpoint(self) -> int:
        """The step of the newest whole one; a kill may leave the beginning of a manifest behind it."""
        manifests = self.checkpoints.glob("step-*.json")
        return max((int(path.stem.removeprefix("step-")) for path in manifests if whole(path)), default=0)

    @contextmanager
    def started(self) -> Iterator[Driver]:
        """The running driver; neither it nor its workers outlive the block."""
        with by_fork(self.config, QUICKLY) as driver:
            yield driver
        end_all(self.workers)


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, tracking_uri: str) -> Path:
    """The weights of the training that nothing happens to, on two processes without Ray."""
    training = Training(cluster, tmp_path_factory.mktemp("undisturbed"), tracking_uri)
    with by_fork(replace(training.config, stages=("data",))) as driver:
        driver.finish()
    save_trained(training.config, training.storage)
    return training.storage / "rank0.safetensors"


@pytest.fixture
def training(cluster: Cluster, tmp_path: Path, tracking_uri: str) -> Training:
    """The one to disturb."""
    return Training(cluster, tmp_path, tracking_uri)


def whole(manifest: Path) -> bool:
    with suppress(OSError, ValueError):
        json.loads(manifest.read_text())
        return True
    return False


def save_continued_alone(training: Training, step: int, path: Path) -> Path:
    """What one worker, here and without Ray, makes of the training's checkpoint at `step`."""
    config = training.config
    people = read_people(data_root(config), config.data.train_split)
    with one_thread():
        alone = SupernetTraining(spatial_task(config), people, Ranks())
        alone.load(CheckpointStore(str(training.checkpoints), training.keep_checkpoints).read(step))
        deque(alone.steps(), maxlen=0)
    save_weights(path, alone.state()["supernet"], {})
    return path


def resumed_steps(said: str) -> list[int]:
    return [int(step) for step in re.findall(r"continues from the checkpoint at step (\d+) on", said)]


def noticed_steps(said: str) -> list[int]:
    return [int(step) for step in re.findall(r"a node goes in \d+ s: checkpoint at step (\d+)\n", said)]


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
    cluster: Cluster, training: Training, tmp_path: Path
) -> None:
    """Two workers of a range from one to two; the one that stays takes the whole global batch.

    It adds in another order than two do, and so young a training is far from stable: a training that one
    worker continues from the same checkpoint has its bits, not the undisturbed one. Before the kills: for
    three minutes Ray keeps the nodes that a killed training asked for from such ranges.
    """
    training = replace(training, train_workers=(1, 2), keep_checkpoints=STEPS)
    (node,) = cluster.worker_nodes
    with training.started() as driver:
        driver.wait_until(lambda: "starts on 2 workers" in driver.said)
        drain(cluster, node.node_id, deadline_s=300)
        driver.wait_until(lambda: bool(noticed_steps(driver.said)))
        (noticed,) = noticed_steps(driver.said)
        driver.wait_until(lambda: training.newest_checkpoint() >= noticed)
        cluster.remove_node(node, allow_graceful=False)
        said = driver.finish()
    cluster.add_node(**NODE)
    assert "(raylet)" not in said, "Ray's own words of a death, with the end of the node's log"
    (resumed,) = resumed_steps(said)
    assert resumed >= noticed
    assert f"at step {resumed} on 1 worker\n" in said
    alone = save_continued_alone(training, resumed, tmp_path / "alone.safetensors")
    assert_equal_weights(training.supernet, alone)


def test_a_training_outlives_a_killed_worker_a_killed_driver_and_a_cut_checkpoint(
    undisturbed: Path, training: Training
) -> None:
    """Each costs only the steps since the newest checkpoint, or the one before where that is damaged.

    In one run, for each start of a training on Ray takes longer than the training.
    """
    training = replace(training, checkpoints_uri=f"file://{training.storage}/elsewhere")
    with training.started() as driver:
        driver.wait_until(lambda: training.newest_checkpoint() >= 2 * EVERY)
        workers = training.workers
        assert len(workers) == 2
        before = training.newest_checkpoint()
        os.kill(workers[-1], signal.SIGKILL)
        driver.wait_until(lambda: bool(resumed_steps(driver.said)))
        (resumed,) = resumed_steps(driver.said)
        assert before <= resumed <= before + EVERY, driver.said  # one may have been written meanwhile
        driver.wait_until(lambda: training.newest_checkpoint() >= resumed + EVERY)
        driver.kill()
    assert "(raylet)" not in driver.said, "Ray's own words of a death"
    assert not training.supernet.exists(), driver.said

    before = training.newest_checkpoint()
    newest = training.checkpoints / f"step-{before:09d}.pt"
    with newest.open("r+b") as file:
        file.truncate(newest.stat().st_size // 2)
    with training.started() as driver:
        said = driver.finish()
    assert f"step-{before:09d} is damaged" in said
    assert resumed_steps(said) == [before - EVERY]
    assert_equal_weights(training.supernet, undisturbed)
