"""A training on Ray Train, from the driver's side: started, watched, and its last state fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import ray
import ray.train
from pyarrow.fs import FileSystem
from ray.train.torch import TorchTrainer
from ray.train.v2.api.config import FailureConfig, ScalingConfig  # ray.train's are these; its types are v1's
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from platform.config.sections.resources import ResourceConfig
from platform.run.context import Run
from platform.terminal.errors import ConfigError
from platform.training.watch import TrainingWatch
from workers.errors import TrainingError, UnexpectedError
from workers.progress import ProgressBoard
from workers.secrets import redacted
from workers.training.checkpoints import CheckpointStore, State
from workers.training.on_ray_train import TrainingJob, train
from workers.training.parallel.ranks import Ranks
from workers.training.tasks.training import Training
from workers.training.tasks.validation import Scoring

ANY_NUMBER = -1


def run_training(
    context: Run, stage: str, make: Callable[[Ranks], Training], *,
    steps: int, validation: Scoring | None = None,
) -> State:  # fmt: skip
    """Trains what `make` builds on every worker, or continues it, to `steps`; returns its last state.

    `make` is called in Ray workers, so it comes from workers/. Raises the VipnasError of a worker, its
    UnexpectedError, or TrainingError when more workers died than resources.max-failures.
    """
    resources = context.config.resources
    board = _board()
    uri = context.checkpoints_uri(stage)
    job = TrainingJob(
        make=make, checkpoints_uri=uri, threads=resources.cpus_per_train_worker, board=board,
        validation=validation, validation_threads=resources.cpus_per_slot,
    )  # fmt: skip
    store = _store(uri, context.config.train.keep_checkpoints)
    with TrainingWatch(context, stage, board, steps):
        try:
            _fit(job, resources, uri, board)
        except UnexpectedError as error:
            raise UnexpectedError(stage, error.told) from error
    last = store.newest(context.console.print)
    if last is None or last.step != steps:
        raise TrainingError(
            f"{stage} must leave a whole checkpoint at step {steps} in {uri}, but the last one is "
            f"{last.step if last else 'missing'}. Is that storage one that every node reaches?"
        )
    return last.state


def begins(context: Run, stage: str) -> bool:
    """Whether a training has no whole checkpoint yet to continue from."""
    store = _store(context.checkpoints_uri(stage), context.config.train.keep_checkpoints)
    return store.newest(lambda _damage: None) is None


def _store(uri: str, keep: int) -> CheckpointStore:
    try:
        return CheckpointStore(uri, keep)
    except TrainingError as error:
        raise ConfigError(f"checkpoints-uri cannot be used: {error}") from error


def _ray_storage(uri: str) -> dict[str, Any]:
    """What Ray Train is told of its storage; it logs the path, so that of a URI with a password is opened."""
    if redacted(uri) == uri:
        return {"storage_path": uri}
    files, path = FileSystem.from_uri(uri)
    return {"storage_path": path, "storage_filesystem": files}


def _board() -> Any:
    """The progress board, on the driver's node: any other node may be taken away."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(ProgressBoard).options(num_cpus=0, scheduling_strategy=here).remote()


def _fit(job: TrainingJob, resources: ResourceConfig, uri: str, board: Any) -> None:
    try:
        trainer(job, resources, uri).fit()
    except ray.train.TrainingFailedError as error:
        if (failure := ray.get(board.failure.remote())) is None:
            raise TrainingError(
                f"the training's workers failed more than resources.max-failures ({resources.max_failures}) "
                f"times, at last with: {error}. The same command continues from the last checkpoint."
            ) from error
    else:
        failure = ray.get(board.failure.remote())
    if failure is not None:
        raise failure


@final
class _Trainer(TorchTrainer):
    """Leaves Ctrl-C to the command: Ray Train's own handler ends the process with 1 and no word."""

    def _register_sigint_handler(self, controller: Any) -> None:
        """Registers none: the interrupt leaves `fit`, and Ray ends the workers with the session."""


def trainer(job: TrainingJob, resources: ResourceConfig, uri: str) -> TorchTrainer:
    """Ray Train's own object for the job: its workers, what each is given, and how often they may die."""
    per_worker: dict[str, float] = {"CPU": resources.cpus_per_train_worker}
    if resources.gpus_per_train_worker:
        per_worker["GPU"] = resources.gpus_per_train_worker
    return _Trainer(
        train,
        train_loop_config={"job": job},
        scaling_config=ScalingConfig(
            num_workers=resources.train_workers,
            use_gpu=resources.gpus_per_train_worker > 0,
            resources_per_worker=per_worker,
        ),
        run_config=ray.train.RunConfig(
            name="ray",
            **_ray_storage(uri),
            failure_config=FailureConfig(
                max_failures=resources.max_failures, max_preemption_failures=ANY_NUMBER
            ),
        ),
    )
