"""The latency that a search bounds or reports: predicted, or measured before a subnet is proposed.

Proposals depend on these latencies, so both the predictor and the measurements lie in the run's folder: a
resumed run sees the same, and proposes the same. Two runs of one seed that measure for themselves differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from platform.config.checks import typed
from platform.config.sections.bounds import fields_named
from platform.latencies.meters import Meters, need_cores, one_processor
from platform.latencies.sources import LatencySource, MeasuredLatency, PredictedLatency
from platform.latencies.table import LatencyRow, LatencyTable
from platform.run.context import Run
from platform.terminal.errors import ConfigError
from platform.terminal.progress import StageProgress
from spaces.architecture import Architecture
from spaces.constraint import Constraint
from spaces.drawing import sample_many
from spaces.space import SearchSpace
from spaces.streams import Stream, generator
from workers.latency.measure import Setting
from workers.latency.predictor import FEWEST_SAMPLES, LatencyPredictor, train_predictor
from workers.latency.steadiness import Steadiness

PASSES = 2  # over architectures that a neighbour disturbed
FEWEST_UNDISTURBED = 0.5  # of the samples, for the others to be left out of the learning


def latency_constraint(context: Run, space: SearchSpace, constraint: Constraint) -> LatencySource | None:
    """What FeasibleArchitectures takes as `latency`; None where the search asks for none.

    Measures architectures and learns from them first, or takes what the run's folder has. Prints one line.
    With measured latencies an actor keeps its cores until the search's Ray session ends.
    """
    config = context.config.search
    if config.latency_from is None:
        return None
    setting = Setting(
        space=space.name, keypoints=space.keypoints, input_hw=space.input_hw,
        runtime=config.latency_runtime, threads=config.latency_threads,
    )  # fmt: skip
    table, policy = LatencyTable(context.folder.latency_table), Steadiness()
    if not context.folder.latency_predictor.exists():
        _learn(context, space, constraint, setting, table, policy)
    predictor = LatencyPredictor.load(context.folder.latency_predictor, setting)
    context.console.print(_line(predictor), highlight=False)
    predict = predictor.bind(space)
    if config.latency_from == "predicted":
        return PredictedLatency(predict)
    need_cores(
        context.config.resources, setting.threads,
        "search.latency-source measured", "--search.latency-source predicted",
    )  # fmt: skip
    meters = Meters(setting, policy, 1, config.latency_resource)

    def measure(architecture: Architecture) -> LatencyRow:
        (row,) = meters.measure([architecture])
        one_processor({predictor.cpu, row["cpu"]})
        return row

    bound_ms = math.inf if config.max_latency_ms is None else config.max_latency_ms
    return MeasuredLatency(predict, predictor.held_out.p95, bound_ms, table, measure)


def _learn(
    context: Run, space: SearchSpace, constraint: Constraint, setting: Setting, table: LatencyTable,
    policy: Steadiness,
) -> None:  # fmt: skip
    """Leaves the predictor in the run's folder."""
    config = context.config
    rng = generator(Stream.LATENCY_SAMPLES, config.seed)
    with fields_named(config.search.section):
        samples = sample_many(space, constraint, config.search.latency_samples, rng)
    if len(samples) < FEWEST_SAMPLES:
        raise ConfigError(
            f"a latency is learnt from at least {FEWEST_SAMPLES} subnets, but only {len(samples)} have "
            f"{constraint}. Widen {' or '.join(typed('search', name) for name in constraint.fields_set())}."
        )
    _measure_all(context, samples, setting, table, policy)
    undisturbed = [sample for sample in samples if table.is_undisturbed(sample.key, policy.control_limit)]
    enough = enough_undisturbed(len(undisturbed), len(samples))
    if len(undisturbed) < len(samples):
        context.console.print(
            f"latency: other work on the machine disturbed {len(samples) - len(undisturbed)} of "
            f"{len(samples)} measurements; {'left out' if enough else 'too many to leave out'}",
            highlight=False,
        )
    cpu = one_processor({table[sample.key]["cpu"] for sample in samples})
    measured = [
        (sample, float(table[sample.key]["median_ms"])) for sample in (undisturbed if enough else samples)
    ]
    train_predictor(space, setting, cpu, measured).save(context.folder.latency_predictor)


def enough_undisturbed(undisturbed: int, samples: int) -> bool:
    """Whether so many undisturbed measurements can stand for all: at least half, and enough to learn from."""
    return undisturbed >= max(FEWEST_SAMPLES, FEWEST_UNDISTURBED * samples)


def _measure_all(
    context: Run, samples: Sequence[Architecture], setting: Setting, table: LatencyTable,
    policy: Steadiness,
) -> None:  # fmt: skip
    """Every sample that the table lacks, then those again that were disturbed."""
    config = context.config.search
    pending = [sample for sample in samples if sample.key not in table]
    if not pending:
        return
    with (
        Meters(setting, policy, config.latency_meters, config.latency_resource) as meters,
        StageProgress(context.console, "latency", len(samples)) as progress,
    ):
        for _ in range(PASSES):
            for row in meters.measure(pending):
                table.put(row)
                done = sum(sample.key in table for sample in samples)
                progress.show(done, f"{row['median_ms']:.2f} ms, control at {row['control_ratio']:.2f}")
            pending = [
                sample for sample in samples if not table.is_undisturbed(sample.key, policy.control_limit)
            ]


def _line(predictor: LatencyPredictor) -> str:
    setting, held_out = predictor.setting, predictor.held_out
    cores = "one core" if setting.threads == 1 else f"{setting.threads} cores"
    return (
        f"latency: {setting.runtime} on {cores} of {predictor.cpu}, learnt from {held_out.samples} subnets; "
        f"on held-out ones off by {held_out.mape:.1%} on average, rank correlation {held_out.spearman:.3f}"
    )
