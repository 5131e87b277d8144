"""Predictor-guided search: a regressor of AP chooses the next batch, by evolution on what it predicts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, final

import numpy as np
import pandas as pd
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Kernel, WhiteKernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from platform.feasible.feasible_set import C, FeasibleSet
from platform.samplers.evolution import child
from platform.samplers.learning_set import LearningSet, Result
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.ranking import best_first
from spaces.streams import Stream, generator

STARTUP = 30  # results before the first fit
FOLDS = 5  # one of them is held out at a refit, the next one at the next
POPULATION, GENERATIONS = 50, 8  # of the search on the predictor: 450 predictions and the known
LATER_GENERATIONS = 4  # once results are left out: a plan may take no more time than a proposal has
PLANS = 3  # candidates planned for every one that is meant to be taken


@final
class PredictorGuided(Generic[C]):
    """A Gaussian process on the candidates' features, fitted anew for every `batch` results.

    While the rank correlation of its predictions for held-out results is below `least_correlation`, it wants
    nothing, and proposals are uniform. Each refit's correlation is written down in the study.
    """

    def __init__(
        self, feasible: FeasibleSet[C], study: SearchStudy[C], seed: int, batch: int, least_correlation: float
    ) -> None:
        self.feasible, self.study, self.seed = feasible, study, seed
        self.batch, self.least_correlation = batch, least_correlation
        self._learnt, self._batch = LearningSet[C](), list[Result[C]]()
        self._features = dict[str, Float[np.ndarray, " F"]]()
        self._fitted = 0
        self._correlation = 0.0
        self._kernel: tuple[int, Kernel] | None = None  # the newest result of the core that it fits
        self._plan: list[C] = []

    def learn(self, result: Result[C]) -> None:
        if result.observation.ap is not None:
            self._batch.append(result)
        if len(self._batch) == self.batch:
            for each in self._batch:
                self._learnt.add(each)
            self._batch = []

    def draws(self, rng: np.random.Generator) -> Iterator[C]:
        """A plan follows from the seed and the results of whole batches; the trials of a batch share it."""
        if self._learnt.seen >= STARTUP and self._learnt.seen != self._fitted:
            self._refit()
        yield from self._plan

    def notes(self) -> Mapping[str, float]:
        """The last fit: the results it has seen, and Spearman's correlation on those held out."""
        if not self._fitted:
            return {}
        return {"predictor_trials": self._fitted, "predictor_rank_correlation": self._correlation}

    def _refit(self) -> None:
        features, aps = self._numbers(self._learnt.results)
        self._fitted = self._learnt.seen
        held_out = np.arange(len(aps)) % FOLDS == self._fitted // self.batch % FOLDS
        first = fitted(features[~held_out], aps[~held_out], self._kernel_of_core())
        self._correlation = rank_correlation(first.predict(features[held_out]), aps[held_out])
        self.study.note(f"predictor's rank correlation after {self._fitted} results", self._correlation)
        self._plan = []
        if self._correlation >= self.least_correlation:
            model = fitted(features, aps, first[-1].kernel_)
            self._plan = self._planned(model)

    def _kernel_of_core(self) -> Kernel | None:
        """Lengths and noise, fitted to the results that the last thinning left; None before there is any.

        That costs most by far, and it is due once for many refits; a resumed search finds the same ones.
        """
        core = self._learnt.results[: self._learnt.core]
        if not core:
            return None
        if self._kernel is None or self._kernel[0] != core[-1].number:
            self._kernel = core[-1].number, fitted(*self._numbers(core))[-1].kernel_
        return self._kernel[1]

    def _planned(self, model: Pipeline) -> list[C]:
        """The best by predicted AP and GMACs that an evolution finds, from what is known and at random."""
        rng = generator(Stream.PREDICTOR_PLAN, self.seed, self._fitted)
        known = {each.observation.candidate.key: each for each in self._learnt.results}
        found = {key: each.observation.candidate for key, each in known.items() if each.allowed}
        found |= {each.key: each for each in (self.feasible.sample(rng) for _ in range(POPULATION))}
        values = dict(zip(found, self._values(model, found.values()), strict=True))
        for _ in range(LATER_GENERATIONS if self._learnt.core else GENERATIONS):
            parents = [found[key] for key in _best(values, POPULATION)]
            children = (child(self.feasible, parents, rng) for _ in range(POPULATION))
            fresh = (each for each in children if each.key not in found)
            new = {each.key: each for each in fresh if self.feasible.allows(each)}
            found |= new
            values |= dict(zip(new, self._values(model, new.values()), strict=True))
        left = {key: value for key, value in values.items() if key not in known}
        self._features = {key: self._features[key] for key in known}
        return [found[key] for key in _best(left, PLANS * self.batch)]

    def _values(self, model: Pipeline, candidates: Iterable[C]) -> Float[np.ndarray, "N 2"]:
        """Predicted AP, and GMACs."""
        listed = list(candidates)
        if not listed:
            return np.zeros((0, 2))
        gmacs = [self.feasible.figures(each)["gmacs"] for each in listed]
        return np.column_stack([model.predict(self._features_of(listed)), gmacs])

    def _numbers(
        self, results: Sequence[Result[C]]
    ) -> tuple[Float[np.ndarray, "N F"], Float[np.ndarray, " N"]]:
        """Features and APs."""
        observations = [each.observation for each in results]
        features = self._features_of([each.candidate for each in observations])
        return features, np.array([each.ap for each in observations])

    def _features_of(self, candidates: Sequence[C]) -> Float[np.ndarray, "N F"]:
        for each in candidates:
            if each.key not in self._features:
                self._features[each.key] = self.feasible.features(each)
        return np.array([self._features[each.key] for each in candidates])


def fitted(
    features: Float[np.ndarray, "N F"], aps: Float[np.ndarray, " N"], kernel: Kernel | None = None
) -> Pipeline:
    """A Gaussian process; one that is given a kernel keeps its length and noise as they are."""
    own = ConstantKernel(1.0, (1e-3, 1e4)) * RBF(8.0, (1, 300)) + WhiteKernel(0.1, (1e-6, 10))
    process = GaussianProcessRegressor(
        own if kernel is None else kernel,
        optimizer=None if kernel is not None else "fmin_l_bfgs_b",
        normalize_y=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # lengths and noise at a bound are as good
        return make_pipeline(StandardScaler(), process).fit(features, aps)


def rank_correlation(predicted: Float[np.ndarray, " N"], measured: Float[np.ndarray, " N"]) -> float:
    """Spearman's: 1 where both rank alike, 0 where one of them ranks nothing."""
    if np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return 0.0
    ranks = [pd.Series(values).rank() for values in (predicted, measured)]
    return float(np.corrcoef(ranks)[0, 1])


def _best(values: Mapping[str, Float[np.ndarray, " 2"]], count: int) -> list[str]:
    keys = list(values)
    return [keys[index] for index in best_first(np.array(list(values.values())).reshape(-1, 2), count)]
