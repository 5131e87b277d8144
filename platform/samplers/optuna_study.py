"""The search as an Optuna study on a journal file: Optuna's samplers learn from it, its tools read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, final

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study, StudyDirection
from optuna.trial import TrialState, create_trial

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.sampler import Observation

NAME = "spatial_search"
DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)  # AP, GMACs


@final
class SearchStudy(Generic[C]):
    """One run's study. The results table is the truth; a resumed run writes the study anew from it.

    A trial is written once, when it is finished: one synced line of the journal, not one for each dimension.
    """

    def __init__(self, journal: Path, feasible: FeasibleSet[C]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        journal.unlink(missing_ok=True)
        self.feasible = feasible
        self.distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(options) for name, options in feasible.dimensions().items()
        }
        self.storage = JournalStorage(JournalFileBackend(str(journal)))
        self.study = optuna.create_study(study_name=NAME, storage=self.storage, directions=DIRECTIONS)

    def tell(self, observation: Observation[C]) -> None:
        """Writes down a result. One that is not feasible, of another run, is one that breaks a constraint."""
        failed = observation.ap is None
        trial = create_trial(
            state=TrialState.FAIL if failed else TrialState.COMPLETE,
            values=None if observation.ap is None else [observation.ap, observation.gmacs],
            params=self.feasible.describe(observation.candidate),
            distributions=self.distributions,
            user_attrs={"key": observation.candidate.key},
        )
        trial.set_constraint("feasible", 0 if self.feasible.allows(observation.candidate) else 1)
        self.study.add_trial(trial)

    def note(self, name: str, value: float) -> None:
        """Writes down a figure of the search itself, among the study's attributes."""
        self.study.set_user_attr(name, value)

    def view(self, sampler: BaseSampler) -> Study:
        """The study as it is now; a Study that is kept would remember its trials until it is asked."""
        return optuna.load_study(study_name=NAME, storage=self.storage, sampler=sampler)

    def ask(self, view: Study) -> dict[str, Any] | None:
        """What the view's sampler wants next, or None while it wants nothing better than chance."""
        blank = create_trial(state=TrialState.RUNNING)
        values = view.sampler.sample_relative(view, blank, self.distributions)
        if not values:
            return None
        return {
            name: values[name] if name in values
            else view.sampler.sample_independent(view, blank, name, distribution)
            for name, distribution in self.distributions.items()
        }  # fmt: skip
