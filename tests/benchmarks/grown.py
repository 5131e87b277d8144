"""What a search costs once it has many trials; a program that runs in this tree and in that of 13628ef.

python -P tests/benchmarks/grown.py write architectures|allocations TRIALS FOLDER    the trials, not evaluated
python -P tests/benchmarks/grown.py search SAMPLER FOLDER    resumes it, and proposes 40 trials more
python -P tests/benchmarks/grown.py page FOLDER              draws pareto.html

Prints one line of JSON: processor seconds, and the process's peak of memory, with all that it imports.
"""

from __future__ import annotations

import importlib
import json
import math
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

STAGE, FRAMES, MOST_GMACS = "spatial_search", 3, 0.8
MORE = 40  # trials proposed once the search is resumed: the predictor is fitted four times
PREFIX = "prefix"  # the sampler of allocations


def write(kind: str, trials: str, folder: str) -> Mapping[str, Any]:
    """Random candidates with an AP that rises with their cost, in parts of 1,000 rows."""
    facts = _found("platform.trials.row", "platform.results.row").SearchFacts(
        run="grown", stage=STAGE, space="mobilenetv3", seed=0, sampler="uniform", constraint="none",
        evaluation="none",
    )  # fmt: skip
    store, rng = _store(folder), np.random.default_rng(0)
    feasible = _feasible(kind == "allocations")
    for first in range(0, int(trials), 1000):
        rows = []
        for trial in range(first, min(first + 1000, int(trials))):
            candidate = feasible.space.sample(rng)
            figures = feasible.figures(candidate)
            noise = 0.02 * float(rng.standard_normal())
            measured = {"ap": _ap(figures["gmacs"]) + noise, "status": "finished", "people": 100}
            parts = dict.fromkeys(("ap50", "ap75", "ap_medium", "ap_large", "ar"), measured["ap"])
            rows.append(facts.row(trial, candidate, figures, parts | measured))
        store.append_all(STAGE, rows, f"part-{first:06d}")
    return {}


def search(name: str, folder: str) -> Mapping[str, float]:
    """Seconds of reading the trials and telling a sampler; then, of each trial more, milliseconds."""
    row_of = _found("platform.trials.row", "platform.results.row")
    state_class = _found("platform.trials.state", "platform.search_state").SearchState
    observation_class = _found("platform.samplers.sampler").Observation
    feasible = _feasible(name == PREFIX)
    feasible.sample(np.random.default_rng(0))  # with the constraint's table of counts, which each start makes
    config = _found("platform.config.sections.search", "platform.config").SearchConfig(sampler=name)
    build = _found("platform.samplers.registry").build_sampler
    start_s, start_wall_s = time.process_time(), time.monotonic()
    rows = _store(folder).rows(STAGE)
    sampler, state = build(config, feasible, 0, Path(folder) / f"journal-{name}"), state_class(0, MOST_GMACS)
    for row in rows:
        sampler.observe(row["trial"], row_of.observation_of(row, feasible.parse))
        state.take(row)
    resume_s, resume_wall_s = time.process_time() - start_s, time.monotonic() - start_wall_s
    spent_s = []
    for trial in range(len(rows), len(rows) + MORE):
        start_s = time.process_time()
        candidate = sampler.propose(trial)
        spent_s.append(time.process_time() - start_s)
        gmacs = feasible.figures(candidate)["gmacs"]
        sampler.observe(trial, observation_class(candidate, _ap(gmacs), gmacs))
    return {
        "resume_s": resume_s, "resume_wall_s": resume_wall_s, "proposal_ms": 1e3 * sum(spent_s) / MORE,
        "slowest_ms": 1e3 * max(spent_s), "peak_mib": _peak_mib(),
    }  # fmt: skip


def page(folder: str) -> Mapping[str, float]:
    """Seconds from the table to the page, and its megabytes."""
    start_s = time.process_time()
    trials = _found("analysis.trials").read_trials(folder, STAGE)
    view = _found("analysis.pareto_view").pareto_view(trials, x="gmacs")
    path = _found("analysis.figures").write_pareto_html(view, Path(folder) / "pareto.html")
    return {
        "page_s": time.process_time() - start_s, "page_mb": path.stat().st_size / 1e6,
        "peak_mib": _peak_mib(),
    }  # fmt: skip


COMMANDS: Mapping[str, Callable[..., Mapping[str, Any]]] = {"write": write, "search": search, "page": page}


def _found(*places: str) -> Any:
    """The module, by the first of its names in this tree and in the base's."""
    for place in places:
        with suppress(ModuleNotFoundError):
            return importlib.import_module(place)
    raise ImportError(f"none of {', '.join(places)}")


def _store(folder: str) -> Any:
    return _found("platform.results.store").TrialStore(Path(folder) / "trials.parquet")


def _feasible(allocations: bool) -> Any:
    constraint = _found("spaces.constraint").Constraint
    space = _found("spaces.registry").build_space("mobilenetv3")
    if not allocations:
        architectures = _found("platform.feasible.architectures", "platform.samplers.feasible")
        return architectures.FeasibleArchitectures(space, constraint(max_gmacs=MOST_GMACS))
    below = _found("spaces.temporal.temporal_space").TemporalSpace(space, space.biggest())
    over = _found("spaces.temporal.allocation_space").AllocationSpace(below, FRAMES)
    found = _found("platform.feasible.allocations", "platform.samplers.feasible_allocations")
    return found.FeasibleAllocations(over, constraint())


def _ap(gmacs: float) -> float:
    return 0.5 + 0.1 * math.log(gmacs)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
