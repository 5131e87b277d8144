"""Every sampler by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from platform.config.sections.search import SearchConfig
from platform.feasible.allocations import FeasibleAllocations
from platform.feasible.feasible_set import FeasibleSet
from platform.samplers.evolution import Evolution
from platform.samplers.guided import GuidedSampler
from platform.samplers.nsga2 import Nsga2
from platform.samplers.optuna_memory import Memory
from platform.samplers.optuna_strategy import OptunaStrategy, Tpe
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.prefix import PrefixSampler
from platform.samplers.sampler import Sampler
from platform.samplers.uniform import UniformSampler
from platform.terminal.errors import ConfigError

GENERATIONS = 6  # that a search should have time for, so a short one has a smaller population


def uniform(config: SearchConfig, feasible: FeasibleSet, study: SearchStudy, seed: int) -> Sampler:
    return UniformSampler(feasible, study, seed)


def evolution(config: SearchConfig, feasible: FeasibleSet, study: SearchStudy, seed: int) -> Sampler:
    return GuidedSampler(feasible, study, seed, Evolution(feasible, _population(config)))


def optuna_tpe(config: SearchConfig, feasible: FeasibleSet, study: SearchStudy, seed: int) -> Sampler:
    memory = Memory(feasible)
    return GuidedSampler(feasible, study, seed, OptunaStrategy(feasible, memory, Tpe(memory)))


def optuna_nsga2(config: SearchConfig, feasible: FeasibleSet, study: SearchStudy, seed: int) -> Sampler:
    memory = Memory(feasible)
    strategy = OptunaStrategy(feasible, memory, Nsga2(memory, _population(config)))
    return GuidedSampler(feasible, study, seed, strategy)


def predictor(config: SearchConfig, feasible: FeasibleSet, study: SearchStudy, seed: int) -> Sampler:
    from platform.samplers.predictor import PredictorGuided  # takes seconds to import

    strategy = PredictorGuided(
        feasible, study, seed, config.predictor_batch, config.predictor_least_correlation
    )
    return GuidedSampler(feasible, study, seed, strategy)


def prefix(config: SearchConfig, feasible: FeasibleSet, study: SearchStudy, seed: int) -> Sampler:
    if not isinstance(feasible, FeasibleAllocations):
        raise ConfigError("sampler 'prefix' is for allocations over frames: for the stage temporal_search")
    return PrefixSampler(feasible, study, seed, shared_trials=round(config.prefix_alike * config.trials))


SAMPLERS: Mapping[str, Callable[[SearchConfig, FeasibleSet, SearchStudy, int], Sampler]] = {
    "uniform": uniform,
    "evolution": evolution,
    "tpe": optuna_tpe,
    "nsga2": optuna_nsga2,
    "predictor": predictor,
    "prefix": prefix,
}


def build_sampler(
    config: SearchConfig, feasible: FeasibleSet, seed: int, journal: Path, name: str | None = None
) -> Sampler:
    """The named sampler, by default `config.sampler`, over a new Optuna study in `journal`."""
    name = name or config.sampler
    if name not in SAMPLERS:
        raise ConfigError(f"no sampler {name!r}; the known ones are: {', '.join(SAMPLERS)}")
    return SAMPLERS[name](config, feasible, SearchStudy(journal, feasible), seed)


def _population(config: SearchConfig) -> int:
    return min(config.population, max(2, config.trials // GENERATIONS))
