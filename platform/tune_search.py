"""Ray Tune runs the trials; what to try comes from a sampler, what came out goes to `on_done` at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from platform.config import ResourceConfig
from platform.samplers.sampler import Sampler
from spaces.architecture import Architecture
from spaces.errors import ConstraintError
from workers.errors import DataError
from workers.search.on_ray_tune import SubnetTrial

FINISHED: Any = Searcher.FINISHED  # a string where Tune's own types promise a dictionary
OnDone = Callable[[int, Architecture, dict[str, Any]], None]
QUIET_TUNE = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the results table is the log
    "RAY_AIR_NEW_OUTPUT": "0",  # the newer output prints its tables even when it is told to be silent
}
WORKER_DEATHS = 2  # that one trial survives before it is a failed row
WORKER_DIED = {"status": "failed", "error": f"its worker died {WORKER_DEATHS + 1} times", "worker": None}


class SamplerSearch(Searcher):
    """Tune's view of a sampler. Runs in the driver; a trial's row is durable before it asks for the next."""

    def __init__(self, sampler: Sampler, waiting: Sequence[int], on_done: OnDone) -> None:
        super().__init__()  # without a metric: a failed trial has none, and Tune would refuse its result
        self.sampler, self.on_done = sampler, on_done
        self.stopped_by: Exception | None = None
        self._waiting = list(waiting)
        self._running: dict[str, tuple[int, Architecture]] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        if not self._waiting or self.stopped_by is not None:
            return FINISHED
        trial = self._waiting[0]
        try:
            architecture = self.sampler.propose(trial)
        except ConstraintError as error:
            self.stopped_by = error
            return FINISHED
        self._waiting.pop(0)
        self._running[trial_id] = (trial, architecture)
        return {"trial": trial, "architecture": architecture.to_json()}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        trial, architecture = self._running.pop(trial_id)
        measured = WORKER_DIED if error or result is None else result
        if measured["status"] == "data_error":
            self.stopped_by = DataError(measured["error"])
            return
        self.on_done(trial, architecture, measured)

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher beside its results; the results table is what a search resumes from."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """As above: nothing to save."""

    def restore(self, checkpoint_path: str) -> None:
        """As above: nothing to restore."""


def run_trials(
    sampler: Sampler, waiting: Sequence[int], inputs: Any, resources: ResourceConfig, folder: Path,
    on_done: OnDone,
) -> None:  # fmt: skip
    """Evaluates the trials numbered `waiting`, `resources.slots` at a time, on actors that are reused.

    `inputs` is the object reference of a SearchInputs. Raises ConstraintError when the sampler runs out of
    architectures, DataError when the data breaks; the rows that were done stay.
    """
    os.environ |= QUIET_TUNE
    search = SamplerSearch(sampler, waiting, on_done)
    per_trial: dict[str, float] = {"CPU": resources.cpus_per_slot}
    if resources.gpus_per_slot:
        per_trial["GPU"] = resources.gpus_per_slot
    trainable = tune.with_resources(
        tune.with_parameters(SubnetTrial, inputs=inputs, threads=resources.cpus_per_slot), per_trial
    )
    tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=len(waiting),
            max_concurrent_trials=resources.slots,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="spatial_search",
            storage_path=str(folder),
            failure_config=tune.FailureConfig(max_failures=WORKER_DEATHS),
            verbose=0,
        ),
    ).fit()
    if search.stopped_by is not None:
        raise search.stopped_by
