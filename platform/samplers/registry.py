"""Every sampler by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import optuna

from platform.config import SearchConfig
from platform.errors import ConfigError
from platform.samplers.nsga2 import Nsga2Sampler
from platform.samplers.optuna_study import SearchStudy
from platform.samplers.sampler import Sampler
from platform.samplers.uniform import UniformSampler
from spaces.constraint import Constraint
from spaces.space import SearchSpace

SAMPLERS: Mapping[str, Callable[[SearchStudy, Constraint, int], Sampler]] = {
    "uniform": UniformSampler,
    "nsga2": Nsga2Sampler,
}
LARGEST_POPULATION = 50
GENERATIONS = 6  # that a search should have time for


def build_sampler(config: SearchConfig, space: SearchSpace, seed: int, journal: Path) -> Sampler:
    """The named sampler over a new Optuna study in `journal`."""
    if config.sampler not in SAMPLERS:
        raise ConfigError(f"no sampler {config.sampler!r}; the known ones are: {', '.join(SAMPLERS)}")
    population = min(LARGEST_POPULATION, max(2, config.trials // GENERATIONS))
    proposer: optuna.samplers.BaseSampler = (
        optuna.samplers.NSGAIISampler(population_size=population, seed=seed)
        if config.sampler == "nsga2"
        else optuna.samplers.RandomSampler(seed=seed)
    )
    study = SearchStudy(journal, space, proposer)
    return SAMPLERS[config.sampler](study, config.constraint, seed)
