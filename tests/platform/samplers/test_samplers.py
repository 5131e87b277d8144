"""The contract that every sampler passes, over several feasible sets: what the registry names is tested."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from platform.config.sections.search import SearchConfig
from platform.feasible.allocations import FeasibleAllocations
from platform.feasible.architectures import FeasibleArchitectures
from platform.samplers.registry import SAMPLERS, build_sampler
from platform.samplers.sampler import Observation, Sampler
from platform.samplers.these_first import TheseFirst
from platform.terminal.errors import ConfigError
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.errors import ConstraintError
from spaces.registry import build_space
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.temporal_space import TemporalSpace
from tests.spaces.toy import toy

SMALL, TOY = build_space("mobilenetv3-small"), toy()
NAMES = list(SAMPLERS)
TRIALS = 48  # enough for every sampler to learn
SLOTS = 3

all_samplers = pytest.mark.parametrize("name", NAMES)


def depth_ms(architecture: Architecture) -> float:
    return float(sum(stage.depth for stage in architecture.stages))


Feasible = FeasibleArchitectures | FeasibleAllocations
BELOW = TemporalSpace(SMALL, SMALL.biggest())
SOME = AllocationSpace(BELOW, 3)
ALLOCATIONS: dict[str, FeasibleAllocations] = {
    "any cost": FeasibleAllocations(SOME, Constraint()),
    "macs": FeasibleAllocations(SOME, Constraint(min_gmacs=0.024, max_gmacs=0.0255)),
    "macs and params": FeasibleAllocations(SOME, Constraint(max_gmacs=0.026, max_params=180_000)),
    "shared": FeasibleAllocations(AllocationSpace(BELOW, 3, shared=True), Constraint(max_gmacs=0.026)),
    "one frame": FeasibleAllocations(AllocationSpace(BELOW, 1), Constraint(max_gmacs=0.03)),
}
FEASIBLE: dict[str, Feasible] = {
    "any cost": FeasibleArchitectures(SMALL, Constraint()),
    "macs": FeasibleArchitectures(SMALL, Constraint(min_gmacs=0.016, max_gmacs=0.018)),
    "macs and params": FeasibleArchitectures(SMALL, Constraint(max_gmacs=0.018, max_params=90_000)),
    "latency": FeasibleArchitectures(SMALL, Constraint(max_gmacs=0.018), depth_ms, max_latency_ms=7),
    "toy": FeasibleArchitectures(TOY, Constraint(max_gmacs=0.002)),
    "allocations": ALLOCATIONS["macs"],
}
FEW = FeasibleArchitectures(TOY, Constraint(max_gmacs=0.0005))
FEW_ALLOCATIONS = FeasibleAllocations(
    AllocationSpace(TemporalSpace(TOY, TOY.biggest(), operations=()), 2), Constraint(max_gmacs=0.002417)
)


def feasible_of(name: str, which: str) -> Feasible:
    return ALLOCATIONS[which] if name == "prefix" else FEASIBLE[which]


@dataclass
class Search:
    """A sampler at work: three slots, every seventh trial fails, AP rises with the logarithm of MACs."""

    name: str
    feasible: Feasible
    journal: Path
    seed: int = 3

    def __post_init__(self) -> None:
        config = SearchConfig(trials=TRIALS)
        self.sampler: Sampler[Any] = build_sampler(config, self.feasible, self.seed, self.journal, self.name)
        self.proposed: dict[int, Any] = {}
        self.running: list[int] = []

    def result(self, trial: int) -> Observation[Any]:
        candidate = self.proposed[trial]
        gmacs = self.feasible.figures(candidate)["gmacs"]
        return Observation(candidate, None if trial % 7 == 3 else 1 + 0.1 * float(np.log(gmacs)), gmacs)

    def run(self, trials: Iterable[int], slots: int = SLOTS) -> list[Any]:
        """Starts every one of `trials`, and ends all but the last few: those stay running."""
        for trial in trials:
            self.proposed[trial] = self.sampler.propose(trial)
            self.running.append(trial)
            if len(self.running) >= slots:
                ended = self.running.pop(0)
                self.sampler.observe(ended, self.result(ended))
        return list(self.proposed.values())

    def replay(self, other: Search) -> None:
        """What a restart does: every result that the other search left behind."""
        for trial in sorted(other.proposed.keys() - set(other.running)):
            self.proposed[trial] = other.proposed[trial]
            self.sampler.observe(trial, self.result(trial))


@pytest.fixture
def search(tmp_path: Path) -> Callable[..., Search]:
    made = iter(range(100))

    def build(name: str, which: str | Feasible = "macs", seed: int = 3) -> Search:
        feasible = feasible_of(name, which) if isinstance(which, str) else which
        return Search(name, feasible, tmp_path / f"{next(made)}.journal", seed)

    return build


@pytest.mark.parametrize(
    ("name", "which"),
    [(name, which) for name in NAMES for which in (ALLOCATIONS if name == "prefix" else FEASIBLE)],
)
def test_proposals_are_feasible_and_never_the_same_twice(
    name: str, which: str, search: Callable[..., Search]
) -> None:
    found = search(name, which).run(range(TRIALS))
    assert all(map(feasible_of(name, which).allows, found))
    assert len({each.key for each in found}) == TRIALS


@all_samplers
def test_one_seed_gives_one_sequence_and_another_seed_another(
    name: str, search: Callable[..., Search]
) -> None:
    once, again, other = (search(name, seed=seed).run(range(TRIALS)) for seed in (3, 3, 4))
    assert once == again
    assert not {each.key for each in once} & {each.key for each in other[:10]}


@all_samplers
def test_after_a_restart_nothing_is_repeated_and_lost_trials_are_proposed_again(
    name: str, search: Callable[..., Search]
) -> None:
    before, after = search(name), search(name)
    before.run(range(42))
    after.replay(before)
    ended = {each.key for each in after.proposed.values()}
    new = after.run([*before.running, *range(42, TRIALS)])
    assert len({each.key for each in new}) == len(new) == TRIALS
    assert not ended & {after.proposed[trial].key for trial in before.running}


@all_samplers
def test_one_slot_that_was_restarted_goes_on_as_if_it_had_not_been(
    name: str, search: Callable[..., Search]
) -> None:
    undisturbed, before, after = (search(name) for _ in range(3))
    undisturbed.run(range(TRIALS), slots=1)
    before.run(range(42), slots=1)
    after.replay(before)
    after.run(range(42, TRIALS), slots=1)
    assert after.proposed == undisturbed.proposed


@all_samplers
def test_results_of_another_run_inform_and_are_never_proposed_again(
    name: str, search: Callable[..., Search]
) -> None:
    other, warm = search(name, "any cost"), search(name, "macs")
    foreign = other.run(range(40))
    for trial in set(other.proposed) - set(other.running):
        warm.sampler.observe(None, other.result(trial))
    found = warm.run(range(20))
    assert all(map(feasible_of(name, "macs").allows, found))
    assert not {each.key for each in found} & {each.key for each in foreign}
    complete = [t for t in study(warm).trials if t.state == optuna.trial.TrialState.COMPLETE]
    feasible = [t.constraints["feasible"] <= 0 for t in complete]
    assert any(feasible)
    assert not all(feasible)


@all_samplers
def test_a_small_space_is_proposed_whole_and_then_the_counts_are_named(
    name: str, search: Callable[..., Search]
) -> None:
    feasible = FEW_ALLOCATIONS if name == "prefix" else FEW
    few = search(name, feasible)
    match = r"all [\d,]+ (architectures|allocations .*) of space '(t-)?toy'.*the [\d,]+ known already"
    with pytest.raises(ConstraintError, match=match):
        few.run(range(10_000))
    allowed = {each.key for each in everything(feasible)}
    assert {each.key for each in few.proposed.values()} == allowed
    assert len(few.proposed) == len(allowed) > TRIALS


@all_samplers
def test_the_study_on_disk_holds_every_result(name: str, search: Callable[..., Search]) -> None:
    done = search(name)
    done.run(range(20), slots=1)
    trials = study(done).trials
    assert [t.user_attrs["key"] for t in trials] == [each.key for each in done.proposed.values()]
    for number, trial in enumerate(trials):
        expected = done.result(number)
        assert trial.state.name == ("FAIL" if expected.ap is None else "COMPLETE")
        assert trial.params == done.feasible.describe(expected.candidate)
        assert expected.ap is None or trial.values == [expected.ap, expected.gmacs]


@all_samplers
def test_trials_that_all_fail_teach_nothing_and_stop_nothing(
    name: str, search: Callable[..., Search]
) -> None:
    failing = search(name)
    for trial in range(TRIALS):
        candidate = failing.sampler.propose(trial)
        failing.sampler.observe(trial, Observation(candidate, None, 0.017))


@all_samplers
def test_an_impossible_constraint_says_so(name: str, search: Callable[..., Search]) -> None:
    constraint = Constraint(max_gmacs=0.0001)
    of_space = FeasibleAllocations(SOME, constraint), FeasibleArchitectures(SMALL, constraint)
    with pytest.raises(ConstraintError, match=r"at most 0\.0001 GMACs(; its smallest| over 4 frames must)"):
        search(name, of_space[name != "prefix"]).run([0])


@pytest.mark.parametrize("which", ["macs", "latency"])
def test_trial_n_of_the_uniform_sampler_depends_on_the_seed_and_n_alone(
    which: str, search: Callable[..., Search]
) -> None:
    whole = search("uniform", which).run(range(12))
    resumed = search("uniform", which).sampler
    assert [resumed.propose(trial) for trial in (11, 3, 0)] == [whole[11], whole[3], whole[0]]


@all_samplers
def test_a_run_whose_trials_were_drawn_otherwise_goes_on_with_the_numbers_that_are_left(
    name: str, search: Callable[..., Search]
) -> None:
    before, after = search(name, seed=4), search(name, seed=3)  # another seed draws as another version would
    before.run(range(42))
    after.replay(before)
    new = after.run([*before.running, *range(42, TRIALS)])
    assert len({each.key for each in new}) == len(new) == TRIALS
    assert all(after.proposed[trial] == before.proposed[trial] for trial in range(40))


def test_a_small_space_is_proposed_whole_though_its_first_trials_were_drawn_otherwise(
    search: Callable[..., Search],
) -> None:
    before, after = search("uniform", FEW, seed=4), search("uniform", FEW, seed=3)
    before.run(range(20), slots=1)
    after.replay(before)
    with pytest.raises(ConstraintError, match="known already"):
        after.run(range(20, 10_000))
    assert {each.key for each in after.proposed.values()} == {each.key for each in everything(FEW)}


def test_trials_after_given_ones_do_not_depend_on_when_the_results_of_those_come(
    search: Callable[..., Search],
) -> None:
    given = search("uniform", FEW, seed=4).run(range(3))
    early, late = (TheseFirst(search("uniform", FEW).sampler, given, FEW.figures) for _ in range(2))
    for trial, candidate in enumerate(given):
        early.observe(trial, Observation(candidate, 0.5, FEW.figures(candidate)["gmacs"]))
    assert [early.propose(trial) for trial in range(30)] == [late.propose(trial) for trial in range(30)]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "uniform"])
def test_what_learns_moves_towards_what_scored_better(name: str, search: Callable[..., Search]) -> None:
    """With AP falling in MACs there is one best corner: the last proposals are cheaper than the first."""
    cheap = search(name, "any cost")
    gmacs = []
    for trial in range(80):
        candidate = cheap.sampler.propose(trial)
        gmacs.append(cheap.feasible.space.cost(candidate).gmacs)
        cheap.sampler.observe(trial, Observation(candidate, 1 - 10 * gmacs[-1], gmacs[-1]))
    assert sum(gmacs[-25:]) < 0.8 * sum(gmacs[:25])


@all_samplers
def test_a_long_search_is_resumed_and_its_next_proposals_are_quick(
    name: str, search: Callable[..., Search]
) -> None:
    """Of a thousand and more results models learn from some; 360 generations of three are two recursions."""
    feasible: Any = feasible_of(name, "any cost")
    config = SearchConfig(trials=18)  # a generation of three
    resumed = build_sampler(config, feasible, 0, search(name, feasible).journal, name)
    rng = np.random.default_rng(0)
    for trial in range(1080):
        candidate = feasible.space.sample(rng)
        gmacs = feasible.figures(candidate)["gmacs"]
        resumed.observe(trial, Observation(candidate, 1 + 0.1 * float(np.log(gmacs)), gmacs))
    if name == "predictor":
        resumed.propose(1080)  # with the fit that is due
    started_s = time.process_time()
    found = [resumed.propose(trial) for trial in range(1081, 1085)]
    assert (time.process_time() - started_s) / len(found) < 0.5
    assert all(map(feasible.allows, found))


def test_an_unknown_sampler_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    config = SearchConfig(sampler="annealing")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no sampler 'annealing'; the known ones are: uniform, evolution"):
        build_sampler(config, FEW, 0, tmp_path / "journal")


def everything(feasible: Feasible) -> list[Any]:
    found: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    while True:
        try:
            each = feasible.sample(rng, found.keys())
        except ConstraintError:
            return list(found.values())
        found[each.key] = each


def study(done: Search) -> optuna.Study:
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(done.journal)))
    return optuna.load_study(study_name="spatial_search", storage=storage)
