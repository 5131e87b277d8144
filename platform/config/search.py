"""The search of subnets and that of allocations: how many, which ones, how each is scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spaces.constraint import Constraint


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """How many subnets to score, which ones are allowed, and how each is scored."""

    trials: int = 500
    sampler: Literal["uniform", "evolution", "tpe", "nsga2", "predictor"] = "uniform"
    """uniform: the paper's. The others seek the front of AP against GMACs; tpe and nsga2 are Optuna's."""
    population: int = 20
    """Of evolution and nsga2; a search of fewer than six times as many trials has a smaller one."""
    predictor_batch: int = 10
    """Results after which predictor is fitted anew."""
    predictor_least_correlation: float = 0.5
    """Spearman's on held-out trials; while the predictor's is lower, proposals are uniform."""
    prefix_alike: float = 0.875
    """Of prefix, a sampler of allocations: the share of the trials that have one choice for all frames; they
    come first. A smaller one is quicker, since more first frames are shared, but found less."""
    max_gmacs: float | None = None
    """Most computation of a subnet, 10^9 multiply-accumulates an image."""
    min_gmacs: float | None = None
    """Least computation of a subnet."""
    max_params: int | None = None
    """Most parameters of a subnet."""
    recalibration_people: int = 2000
    """Training people over whom each subnet's BatchNorm statistics are pooled."""
    batch_size: int = 64
    """Images in one forward pass."""
    flip_test: bool = False
    """Average the heatmaps of the image and of its mirror image: slower, a little better."""
    detections: Path | None = None
    """A detector's boxes on the validation images, COCO's format of results; by default the labelled ones."""
    first_look_people: int = 0
    """First rung of successive halving: score each subnet on so many people, the best on all; 0: none."""
    first_look_keep: float = 0.5
    """Share of the subnets that is scored on everybody after this first rung."""
    crop_chunk_mib: int = 32
    """Of the object store for each block of crops; a worker holds one at a time."""
    max_latency_ms: float | None = None
    """Most time of a subnet for one image, milliseconds on `latency_threads` cores."""
    latency_source: Literal["predicted", "measured"] | None = None
    """predicted: learnt from some subnets that are measured first. measured: also each subnet that may keep
    the bound, before it is proposed, on a core kept for that. By default predicted where there is a bound."""
    latency_runtime: Literal["onnxruntime", "torch"] = "onnxruntime"
    """What runs the subnets whose time is measured."""
    latency_threads: int = 1
    """Cores that run one image."""
    latency_samples: int = 64
    """Subnets measured to learn from."""
    latency_meters: int = 1
    """Measurements at a time while learning. More disturb each other where they share a machine."""
    latency_resource: str | None = None
    """Ray resource that only the nodes to measure on have; needed where nodes have unlike processors."""

    @property
    def latency_from(self) -> Literal["predicted", "measured"] | None:
        """Where latencies come from; None where nobody asked for them."""
        return self.latency_source or (None if self.max_latency_ms is None else "predicted")

    @property
    def bounds(self) -> str:
        """All that is asked of a subnet, in words."""
        if self.max_latency_ms is None:
            return str(self.constraint)
        cost = f"{self.constraint} and " if self.constraint.fields_set() else ""
        return f"{cost}at most {self.max_latency_ms:g} ms"

    @property
    def constraint(self) -> Constraint:
        return Constraint(max_gmacs=self.max_gmacs, min_gmacs=self.min_gmacs, max_params=self.max_params)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationConfig:
    """Stage temporal_search: which T networks, and how many groups of them to score (section 3.4.3)."""

    trials: int = 500
    """Allocations to score."""
    sampler: Literal["uniform", "evolution", "tpe", "nsga2", "predictor", "prefix"] = "uniform"
    """As search.sampler, with its options. prefix refines the best allocation with one choice for all frames
    (search.prefix-alike), and keeps first frames of the best ones, which is quicker."""
    max_gmacs: float | None = None
    """Most computation of a frame on average, 10^9 MACs: of S and the T networks, shared by T + 1 frames."""
    min_gmacs: float | None = None
    """Least computation of a frame on average."""
    max_params: int | None = None
    """Most parameters of a frame's network on average."""
    max_latency_ms: float | None = None
    """Most milliseconds of a frame on average: of S and the T networks, shared by T + 1 frames. Each network
    is measured once, 1-2 s, before an allocation with it is proposed, and nothing is predicted: a search
    measures about as many networks as it proposes unlike frames. With PyTorch, whatever
    search.latency-runtime, on search.latency-threads cores kept for that (search.latency-resource)."""
    recalibration_clips: int = 64
    """Training clips over which each network's BatchNorm statistics are pooled; no more than batch-size of
    them are propagated in the same pass, more need another one."""
    batch_size: int = 64
    """Clips in one forward pass."""
    cache_mib: int = 1024
    """Of each worker's memory: half for heatmaps of first frames that allocations have in common, half for
    features behind first parts that frames' networks have in common (on a GPU, of its memory)."""

    @property
    def bounds(self) -> str:
        """All that is asked of an allocation, in words."""
        if self.max_latency_ms is None:
            return f"{self.constraint} on average"
        cost = f"{self.constraint} and " if self.constraint.fields_set() else ""
        return f"{cost}at most {self.max_latency_ms:g} ms on average"

    @property
    def constraint(self) -> Constraint:
        """On the average frame."""
        return Constraint(max_gmacs=self.max_gmacs, min_gmacs=self.min_gmacs, max_params=self.max_params)
