"""Ray Tune runs the trials; what to try comes from a sampler, what came out goes to `on_done` at once."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, final

from ray import tune
from ray.tune import Callback
from ray.tune.execution import class_cache
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from platform.config.sections.resources import ResourceConfig
from platform.samplers.sampler import Proposer
from platform.terminal.errors import ClusterError
from platform.trials.queue import OnDone, TrialQueue
from platform.trials.retry import RetryPolicy
from platform.trials.rungs import FirstRung
from platform.trials.slots import SlotLimit
from workers.search.on_ray_tune import CandidateTrial

FINISHED: Any = Searcher.FINISHED  # a string where Tune's own types promise a dictionary
TUNE_SETTINGS = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the results table is the log
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # and what a search resumes from
    "TUNE_MAX_PENDING_TRIALS_PG": "1000000",  # SlotLimit holds them back, so that actors start side by side
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # its own makes of the trials done so far a whole search
    "RAY_AIR_NEW_OUTPUT": "0",  # the newer output prints its tables even when it is told to be silent
}

KEYS = frozenset(
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
)  # Tune copies them into the runtime environment of its workers, and Ray writes that to its logs


@final
class QueueSearch(Searcher):
    """Tune's view of the queue: one of its trials is a batch of ours, one of its results a row."""

    def __init__(self, queue: TrialQueue, limit: SlotLimit, batch: int, first_rung: FirstRung | None) -> None:
        super().__init__()  # without a metric: a failed trial has none, and Tune would refuse its result
        self.queue, self.limit, self.batch, self.first_rung = queue, limit, batch, first_rung

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        if self.queue.finished:
            return FINISHED
        slots = self.limit.count()
        if self.queue.batches >= slots:
            return None
        share = -(-self.queue.left // slots)  # no slot is left without work at the end
        trials = self.queue.take(trial_id, min(self.batch, max(1, share)))
        if not trials:
            return FINISHED if self.queue.finished else None
        threshold = None if self.first_rung is None else self.first_rung.threshold()
        return {"candidates": [trial.candidate.to_json() for trial in trials], "threshold": threshold}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self.queue.came(trial_id, result)
        if self.first_rung is not None:
            self.first_rung.observe(result.get("first_look_ap"))

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if error or result is None:
            self.queue.died(trial_id)
        else:
            self.on_trial_result(trial_id, result)

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher beside its results; the results table is what a search resumes from."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the results table is what a search resumes from."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: the results table is what a search resumes from."""


@final
class Starts(Callback):
    """A Tune callback that tells the queue when a worker is up: from then on its time counts."""

    def __init__(self, queue: TrialQueue) -> None:
        self.queue = queue

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        self.queue.begin(trial.trial_id)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing to pickle: the results table is what a search resumes from."""
        return {}


def run_trials(
    sampler: Proposer, pending: Sequence[int], inputs: Any, resources: ResourceConfig, folder: Path,
    on_done: OnDone, first_rung: FirstRung | None = None, say: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Evaluates the trials numbered `pending` in `resources.slots` slots, on actors that are reused.

    `first_rung` has the results that an interrupted run left. `inputs` is the object reference of a
    `workers.search.candidates.Inputs`. Raises ConstraintError when the sampler runs out of candidates,
    DataError when the data breaks, UnexpectedError when the program does, ClusterError when no worker lives
    to begin or Tune ends before all trials have come; the rows that were done stay.
    """
    os.environ |= TUNE_SETTINGS
    class_cache.ENV_VARS_TO_PROPAGATE -= KEYS  # no setting does it; our trials read no object storage
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # a death that is survived is one line of ours
    policy = RetryPolicy(max_deaths=resources.max_failures, timeout_s=resources.timeout_s)
    queue = TrialQueue(sampler, pending, on_done, policy, say=say)
    per_trial = _per_trial(resources)
    limit = SlotLimit(resources.slots, per_trial)
    trainable = tune.with_parameters(
        CandidateTrial, inputs=inputs, threads=resources.cpus_per_slot, timeout_s=resources.timeout_s
    )
    tune.Tuner(
        tune.with_resources(trainable, per_trial),
        tune_config=tune.TuneConfig(
            search_alg=QueueSearch(queue, limit, resources.candidates_per_trial, first_rung),
            num_samples=-1,  # until the queue is finished: a death is handed out once more
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="spatial_search", storage_path=str(folder), callbacks=[Starts(queue)], verbose=0
        ),
    ).fit()
    if queue.stopped_by is not None:
        raise queue.stopped_by
    if not queue.finished:
        raise ClusterError(
            f"every trial of a search must have a row, but Ray Tune ended with {queue.left} that nobody had "
            f"and {queue.batches} workers at work. The same command continues."
        )


def _per_trial(resources: ResourceConfig) -> dict[str, float]:
    needs = {"CPU": resources.cpus_per_slot, "GPU": resources.gpus_per_slot}
    return {name: need for name, need in needs.items() if need}
