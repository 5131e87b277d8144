"""Fits latency to features, and chooses how by the error on samples that were held out.

scikit-learn and SciPy are imported where something is fitted: that takes seconds, and few commands fit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from workers.latency.trees import NO_TREES, Trees

# Shapes: N samples, P parts, K features of a part, F = P K.
Features = Float[np.ndarray, "N F"]
Latencies = Float[np.ndarray, " N"]
OUTER_FOLDS, INNER_FOLDS = 5, 4
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # of ridge's penalty, by the number of samples
SURE = 95  # percent of the held-out errors that `p95` covers


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """latency = intercept + coefficients . features + what the trees add."""

    intercept: float
    coefficients: Float[np.ndarray, " F"]
    trees: Trees = NO_TREES

    def __call__(self, features: Features) -> Latencies:
        return self.intercept + features @ self.coefficients + self.trees(features)


Fit = Callable[[Features, Latencies, int], Fitted]  # the last is the number of parts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Errors on samples that neither the fit nor the choice of method has seen."""

    samples: int
    mape: float  # mean of |predicted - measured| / measured
    p95: float  # that 95 of 100 relative errors stay below
    spearman: float  # rank correlation


def ridge(strength: float) -> Fit:
    """Ridge by relative error, over every part's features and over their sums: parts are much alike."""

    def fit(features: Features, latencies_ms: Latencies, parts: int) -> Fitted:
        from sklearn.linear_model import Ridge

        sums = features.reshape(len(features), parts, -1).sum(axis=1)
        spread, sums_spread = _spread(features), _spread(sums)
        weights = latencies_ms**-2
        model = Ridge(alpha=strength * weights.sum())
        model.fit(np.hstack([features / spread, sums / sums_spread]), latencies_ms, sample_weight=weights)
        own, shared = np.split(model.coef_, [features.shape[1]])
        return Fitted(float(model.intercept_), own / spread + np.tile(shared / sums_spread, parts))

    return fit


def _spread(features: Features) -> Float[np.ndarray, " F"]:
    """The standard deviation; infinite for what never varies, so that it counts for nothing."""
    spread = features.std(axis=0)
    return np.where(spread > 0, spread, np.inf)


def boosted(features: Features, latencies_ms: Latencies, parts: int) -> Fitted:
    """Gradient boosting over what a ridge leaves."""
    from sklearn.ensemble import GradientBoostingRegressor

    linear = ridge(STRENGTHS[2])(features, latencies_ms, parts)
    model = GradientBoostingRegressor(
        n_estimators=150, learning_rate=0.05, max_depth=3, subsample=0.7, random_state=0
    )
    left_ms = latencies_ms - linear(features)
    model.fit(features, left_ms, sample_weight=latencies_ms**-2 / (latencies_ms**-2).mean())
    return Fitted(linear.intercept, linear.coefficients, Trees.of(model))


METHODS: Mapping[str, Fit] = {
    **{f"ridge {strength:g}": ridge(strength) for strength in STRENGTHS},
    "ridge and boosting": boosted,
}


def choose(features: Features, latencies_ms: Latencies, parts: int) -> str:
    """The method with the least error on held-out folds; the first among equals."""
    return min(METHODS, key=lambda name: _error(METHODS[name], features, latencies_ms, parts))


def fit(features: Features, latencies_ms: Latencies, parts: int) -> tuple[str, Fitted]:
    """The method that held-out folds choose, by name, and what it fitted to all samples."""
    name = choose(features, latencies_ms, parts)
    return name, METHODS[name](features, latencies_ms, parts)


def held_out(features: Features, latencies_ms: Latencies, parts: int) -> HeldOut:
    """Every sample predicted from the others, for which the method is chosen anew each time."""
    from scipy.stats import spearmanr

    predicted_ms = np.empty_like(latencies_ms)
    for train, test in _folds(OUTER_FOLDS, len(features)):
        _, fitted = fit(features[train], latencies_ms[train], parts)
        predicted_ms[test] = fitted(features[test])
    relative = np.abs(predicted_ms / latencies_ms - 1)
    return HeldOut(
        samples=len(features), mape=float(relative.mean()), p95=float(np.percentile(relative, SURE)),
        spearman=float(spearmanr(predicted_ms, latencies_ms).statistic),
    )  # fmt: skip


def _error(method: Fit, features: Features, latencies_ms: Latencies, parts: int) -> float:
    errors = []
    for train, test in _folds(INNER_FOLDS, len(features)):
        predicted_ms = method(features[train], latencies_ms[train], parts)(features[test])
        errors.extend(np.abs(predicted_ms / latencies_ms[test] - 1))
    return float(np.mean(errors))


def _folds(count: int, samples: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import KFold

    return list(KFold(count, shuffle=True, random_state=0).split(np.empty(samples)))
