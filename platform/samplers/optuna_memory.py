"""What Optuna's samplers are shown of a search: a study in memory of just the trials that they learn from."""

from __future__ import annotations

from collections.abc import Container, Sequence
from copy import deepcopy as copied
from typing import Any, Generic, final

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.learning_set import Result
from platform.samplers.optuna_study import DIRECTIONS, NAME, constraint_of, state_of, values_of


@final
class Memory(Generic[C]):
    """Shows Optuna any trials as a study, and asks it for what it would try next."""

    def __init__(self, feasible: FeasibleSet[C]) -> None:
        self.feasible = feasible
        self.distributions = {name: Indexed(options) for name, options in feasible.dimensions().items()}
        self._storage = _Shown()

    def view(self, sampler: BaseSampler, trials: Sequence[FrozenTrial] = ()) -> Study:
        """A study of these trials alone, in their order, whose numbers and ids are theirs."""
        self._storage.shown = list(trials)
        return optuna.load_study(study_name=NAME, storage=self._storage, sampler=sampler)

    def ask(self, view: Study) -> dict[str, Any] | None:
        """What the view's sampler wants next, or None while it wants nothing better than chance."""
        blank = create_trial(state=TrialState.RUNNING)
        values = view.sampler.sample_relative(view, blank, dict(self.distributions))
        if not values:
            return None
        return {
            name: values[name] if name in values
            else view.sampler.sample_independent(view, blank, name, distribution)
            for name, distribution in self.distributions.items()
        }  # fmt: skip

    def trial(self, result: Result[C], described: bool = True) -> FrozenTrial:
        """A result as Optuna knows one; without its parameters where it need not be `described`."""
        params = self.feasible.describe(result.observation.candidate) if described else {}
        return FrozenTrial(
            number=result.number, state=state_of(result.observation), value=None,
            values=values_of(result.observation), datetime_start=None, datetime_complete=None, params=params,
            distributions=dict(self.distributions) if described else {}, user_attrs={},
            system_attrs=constraint_of(result.allowed), intermediate_values={}, trial_id=result.number,
        )  # fmt: skip


@final
class Indexed(CategoricalDistribution):
    """Knows a value's place at once: Optuna's own looks through all options, most of TPE's time."""

    __slots__ = ("_places",)  # not among the attributes by which Optuna compares and hashes

    def __init__(self, choices: Sequence[Any]) -> None:
        super().__init__(choices)
        self._places = {choice: place for place, choice in enumerate(choices)}

    def to_internal_repr(self, param_value_in_external_repr: Any) -> float:
        return self._places[param_value_in_external_repr]


@final
class _Shown(InMemoryStorage):
    def __init__(self) -> None:
        super().__init__()
        self.shown: list[FrozenTrial] = []
        self.create_new_study(DIRECTIONS, NAME)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        trials = [trial for trial in self.shown if states is None or trial.state in states]
        return copied(trials) if deepcopy else trials
