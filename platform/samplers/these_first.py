"""A sampler that proposes given candidates before those of another sampler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from platform.samplers.sampler import Observation, Sampler


@final
class TheseFirst:
    """A sampler that begins with given candidates: trial n is the n-th of them while there are any."""

    def __init__(
        self, sampler: Sampler, first: Sequence[Any], figures: Callable[[Any], Mapping[str, Any]]
    ) -> None:
        self.sampler, self.first = sampler, first
        for trial, candidate in enumerate(first):  # without a score: known, and nothing to learn from yet
            sampler.observe(trial, Observation(candidate, None, figures(candidate)["gmacs"]))

    def propose(self, trial: int) -> Any:
        return self.first[trial] if trial < len(self.first) else self.sampler.propose(trial)

    def observe(self, trial: int | None, observation: Observation) -> None:
        self.sampler.observe(trial, observation)

    def notes(self) -> Mapping[str, float]:
        return self.sampler.notes()
