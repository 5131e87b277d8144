"""The runs that a server has of ours: the experiment, the parent run, and a child run for each trial.

What was deleted on MLflow's page is only marked so; it is restored, for nothing can be added to it. Runs that
a person made by hand below ours carry none of our tags: they are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import final

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage, Run, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from platform.tracking.sent import TrialId

EXPERIMENT = "vipnas"
TRIAL_TAG, RUN_TAG, STAGE_TAG = "vipnas.trial", "vipnas.run", "stage"
PAGE = 500
MOST_PAGES = 10_000

SayNote = Callable[[str], None]


def find_experiment(client: MlflowClient, say: SayNote) -> Experiment | None:
    """The experiment of all our runs, restored where it was deleted; None where there is none."""
    found: Experiment | None = client.get_experiment_by_name(EXPERIMENT)
    if found is not None and found.lifecycle_stage != LifecycleStage.ACTIVE:
        client.restore_experiment(found.experiment_id)
        say(f"the experiment '{EXPERIMENT}' was deleted; it is restored, with its runs")
    return found


def find_parent(client: MlflowClient, experiment_id: str, identity: str, say: SayNote) -> str | None:
    """The oldest parent run of this identity, restored where it was deleted; None where there is none."""
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY):
        found = client.search_runs(
            [experiment_id], f"tags.`{RUN_TAG}` = '{identity}'", run_view_type=view,
            order_by=["attributes.start_time ASC"],
        )  # fmt: skip
        if not found:
            continue
        run_id = str(found[0].info.run_id)
        if view == ViewType.DELETED_ONLY:
            client.restore_run(run_id)
            say("the run was deleted; it is restored")
        else:
            for second in found[1:]:  # of a request that was thought lost
                client.delete_run(second.info.run_id)
        return run_id
    return None


@final
class Children:
    """The child runs of one parent run."""

    def __init__(self, client: MlflowClient, experiment_id: str, parent_id: str) -> None:
        self._client, self._experiment_id, self._parent_id = client, experiment_id, parent_id
        self.found: dict[TrialId, str | None] = {}  # None: begun, and not complete

    def read(self) -> Iterator[int]:
        """Puts all in `found`, 3 ms each, and deletes a trial's second run; yields how many were read."""
        doubles: list[str] = []  # deleted behind the last page, for pages count from the first run
        begun: dict[TrialId, str] = {}
        count = 0
        for page in self._pages(ViewType.ACTIVE_ONLY):
            for run in page:
                self._put(run, begun, doubles)
            count += len(page)
            yield count
        for double in doubles:
            self._client.delete_run(double)

    def look_up(self, trial: TrialId) -> Run | None:
        """The run of one trial, a complete one first; second ones are deleted."""
        stage, number = trial
        more = f" and tags.{STAGE_TAG} = '{stage}' and tags.`{TRIAL_TAG}` = '{number}'"
        found = [run for page in self._pages(ViewType.ACTIVE_ONLY, more) for run in page]
        found.sort(key=is_begun)
        for double in found[1:]:
            self._client.delete_run(double.info.run_id)
        return found[0] if found else None

    def exists(self, run_id: str) -> bool:
        """Whether the server knows a run; a database that was put back from a copy knows older ones only."""
        return any(
            self._client.search_runs(
                [self._experiment_id], f"attributes.run_id = '{run_id}'", run_view_type=ViewType.ALL
            )
        )

    def restore(self, known: dict[TrialId, str | None], say: SayNote) -> dict[TrialId, str | None]:
        """Restores the deleted runs of trials that have no other; returns them."""
        deleted = [run for page in self._pages(ViewType.DELETED_ONLY) for run in page]
        back: dict[TrialId, Run] = {}
        for run in sorted(deleted, key=is_begun):
            trial = _trial_of(run)
            if trial is not None and known.get(trial, run.info.run_id) == run.info.run_id:
                back.setdefault(trial, run)
        for run in back.values():
            self._client.restore_run(run.info.run_id)
        if back:
            say(f"{len(back)} runs of trials were deleted; they are restored")
        return {trial: None if is_begun(run) else str(run.info.run_id) for trial, run in back.items()}

    def _put(self, run: Run, begun: dict[TrialId, str], doubles: list[str]) -> None:
        trial = _trial_of(run)
        if trial is None:
            return
        run_id = str(run.info.run_id)
        if trial not in self.found:
            self.found[trial] = None if is_begun(run) else run_id
            if is_begun(run):
                begun[trial] = run_id
        elif self.found[trial] is None and not is_begun(run):
            self.found[trial] = run_id
            doubles.append(begun[trial])
        else:
            doubles.append(run_id)

    def _pages(self, view: int, more: str = "") -> Iterator[list[Run]]:
        token = None
        for _ in range(MOST_PAGES):
            page = self._client.search_runs(
                [self._experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self._parent_id}'{more}",
                run_view_type=view, max_results=PAGE, page_token=token,
            )  # fmt: skip
            yield list(page)
            token = page.token
            if not token:
                return


def is_begun(run: Run) -> bool:
    return bool(run.info.status == "RUNNING")


def _trial_of(run: Run) -> TrialId | None:
    """The trial of a child run; None for one that we did not make."""
    stage, number = run.data.tags.get(STAGE_TAG), run.data.tags.get(TRIAL_TAG, "")
    try:
        trial = int(number)
    except ValueError:
        return None
    return (stage, trial) if stage is not None and str(trial) == number else None
