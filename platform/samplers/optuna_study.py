"""The search as an Optuna study on a journal file, which Optuna's samplers learn from and its tools read."""

from __future__ import annotations

from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from platform.samplers.sampler import Observation
from spaces.architecture import Architecture
from spaces.space import SearchSpace

DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)  # AP, GMACs


class SearchStudy:
    """One run's study. The results table is the truth; a resumed run writes the study anew from it."""

    def __init__(self, journal: Path, space: SearchSpace, sampler: optuna.samplers.BaseSampler) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        journal.unlink(missing_ok=True)
        self.space = space
        self.distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(options) for name, options in space.dimensions().items()
        }
        self.study = optuna.create_study(
            study_name="spatial_search",
            storage=JournalStorage(JournalFileBackend(str(journal))),
            directions=DIRECTIONS,
            sampler=sampler,
        )
        self._asked: dict[int, optuna.Trial] = {}

    def ask(self) -> tuple[optuna.Trial, Architecture]:
        """What Optuna's sampler wants next, as the nearest architecture of the space."""
        asked = self.study.ask(self.distributions)
        return asked, self.space.nearest(asked.params)

    def accept(self, trial: int, asked: optuna.Trial) -> None:
        """Trial number `trial` evaluates what was asked."""
        self._asked[trial] = asked

    def reject(self, asked: optuna.Trial) -> None:
        """What was asked is not allowed or not new."""
        self.study.tell(asked, state=TrialState.FAIL)

    def tell(self, trial: int | None, observation: Observation) -> None:
        """The result of a trial, asked here or left by an interrupted run."""
        asked = None if trial is None else self._asked.pop(trial, None)
        values = None if observation.ap is None else [observation.ap, observation.gmacs]
        state = TrialState.FAIL if values is None else TrialState.COMPLETE
        if asked is not None:
            self.study.tell(asked, values, state=state)
            return
        self.study.add_trial(
            optuna.trial.create_trial(
                state=state,
                values=values,
                params=self.space.describe(observation.architecture),
                distributions=self.distributions,
            )
        )
