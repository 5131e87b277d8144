"""The search of subnets and that of allocations: how many, which ones, how each is scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, final

from annotated_types import Ge, Gt, Interval

from platform.config.sections.bounds import Bounds
from platform.config.sections.latency import LatencyConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetConfig(Bounds):
    """The part of SearchConfig that is about anything but time."""

    trials: Annotated[int, Ge(1)] = 500
    """Subnets to score."""
    sampler: Literal["uniform", "evolution", "tpe", "nsga2", "predictor"] = "uniform"
    """uniform: the paper's. The others seek the front of AP against GMACs; tpe and nsga2 are Optuna's."""
    population: Annotated[int, Ge(2)] = 20
    """Size of a generation of evolution and nsga2; fewer than six times as many trials have a smaller one."""
    predictor_batch: Annotated[int, Ge(1)] = 10
    """Results after which predictor is fitted anew."""
    predictor_least_correlation: Annotated[float, Interval(ge=-1, le=1)] = 0.5
    """Spearman's on held-out trials; while the predictor's is lower, proposals are uniform."""
    prefix_alike: Annotated[float, Interval(ge=0, le=1)] = 0.875
    """Share of the trials of prefix, a sampler of allocations, that have one choice for all frames; they come
    first. A smaller one is quicker, since more first frames are shared, but found less."""
    max_gmacs: Annotated[float, Gt(0)] | None = None
    """Most computation of a subnet, 10^9 multiply-accumulates an image."""
    min_gmacs: Annotated[float, Ge(0)] | None = None
    """Least computation of a subnet."""
    max_params: Annotated[int, Ge(1)] | None = None
    """Most parameters of a subnet."""
    recalibration_people: Annotated[int, Ge(1)] = 2000
    """Training people over whom each subnet's BatchNorm statistics are pooled."""
    batch_size: Annotated[int, Ge(1)] = 64
    """Images in one forward pass."""
    flip_test: bool = False
    """Average the heatmaps of the image and of its mirror image: slower, a little better."""
    detections: Path | None = None
    """A detector's boxes on the validation images, COCO's format of results; by default the labelled ones."""
    first_look_people: Annotated[int, Ge(0)] = 0
    """First rung of successive halving: score each subnet on so many people, the best on all; 0: none."""
    first_look_keep: Annotated[float, Interval(gt=0, le=1)] = 0.5
    """Share of the subnets that is scored on everybody after this first rung."""
    crop_chunk_mib: Annotated[int, Ge(1)] = 32
    """Size of a block of crops in the object store; a worker holds one at a time."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig(LatencyConfig, SubnetConfig):  # the last base's fields come first
    """How many subnets to score, which ones are allowed, and how each is scored."""

    section = "search"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationConfig(Bounds):
    """Stage temporal_search: which T networks, and how many groups of them to score (section 3.4.3)."""

    section = "temporal.search"
    per = " on average"

    trials: Annotated[int, Ge(1)] = 500
    """Allocations to score."""
    sampler: Literal["uniform", "evolution", "tpe", "nsga2", "predictor", "prefix"] = "uniform"
    """Those of search.sampler, with their options. prefix refines the best allocation that has one choice for
    all frames (search.prefix-alike), and keeps first frames of the best ones, which is quicker."""
    max_gmacs: Annotated[float, Gt(0)] | None = None
    """Most computation of a frame on average, 10^9 MACs: of S and the T networks, shared by T + 1 frames."""
    min_gmacs: Annotated[float, Ge(0)] | None = None
    """Least computation of a frame on average."""
    max_params: Annotated[int, Ge(1)] | None = None
    """Most parameters of a frame's network on average."""
    max_latency_ms: Annotated[float, Gt(0)] | None = None
    """Most milliseconds of a frame on average: of S and the T networks, shared by T + 1 frames. Each network
    is measured once, 1-2 s, before an allocation with it is proposed, and nothing is predicted: a search
    measures about as many networks as it proposes unlike frames. With PyTorch, whatever
    search.latency-runtime, on search.latency-threads cores kept for that (search.latency-resource)."""
    recalibration_clips: Annotated[int, Ge(1)] = 64
    """Training clips over which each network's BatchNorm statistics are pooled; no more than batch-size of
    them are propagated in the same pass, more need another one."""
    batch_size: Annotated[int, Ge(1)] = 64
    """Clips in one forward pass."""
    cache_mib: Annotated[int, Ge(0)] = 1024
    """Memory of each worker: half for heatmaps of first frames that allocations have in common, half for
    features behind first parts that frames' networks have in common (on a GPU, of its memory)."""
