"""One run as one value: all that a stage reads. Recipes build it, the command line edits it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from platform.errors import ConfigError
from spaces.constraint import Constraint
from workers.data.made import MadeConfig
from workers.training.config import TrainConfig

StageName = Literal[
    "data", "spatial_train", "spatial_search", "spatial_retrain", "spatial_finetune",
    "temporal_train", "temporal_search", "temporal_retrain", "report",
]  # fmt: skip
STAGE_NAMES: tuple[StageName, ...] = get_args(StageName)  # in the order in which they run
SEARCH_STAGES: tuple[StageName, ...] = ("data", "spatial_train", "spatial_search", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which people to train on and to score on."""

    root: Path | None = None
    """Folder in COCO's layout (train2017/, val2017/, annotations/); without it a data set is made."""
    train_split: str = "train2017"
    """Folder of images; the annotations are annotations/person_keypoints_SPLIT.json."""
    val_split: str = "val2017"
    """The same, for scoring subnets."""
    made: MadeConfig = field(default_factory=MadeConfig)
    """What to draw when there is no root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceConfig:
    """Which supernet, on which input."""

    name: str = "mobilenetv3"
    """One of spaces/registry.py: mobilenetv3, mobilenetv3-small, resnet50, hrnet-w32."""
    input_hw: tuple[int, int] = (256, 192)
    """Height and width of the cropped person, pixels."""
    sigma_cells: float = 2.0
    """Standard deviation of a joint's Gaussian, heatmap cells of 4 x 4 input pixels."""


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
    """Score each subnet on so many people first, and only the better ones on all; 0: all on everybody."""
    first_look_keep: float = 0.5
    """Share of the subnets that is scored on everybody after its first look."""
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
class RetrainConfig:
    """Stage spatial_retrain: one subnet trained alone, by the recipe of `train`."""

    architecture: Path | None = None
    """File with an architecture's JSON; by default the best of the run's search is trained."""
    start: Literal["scratch", "slice"] = "scratch"
    """From new weights, or from those of the subnet's slice of the run's supernet."""
    epochs: int | None = None
    """By default the recipe's; with another number its drops come in proportion."""

    def recipe(self, train: TrainConfig) -> TrainConfig:
        epochs = self.epochs or train.epochs
        drops = tuple(drop * epochs // train.epochs for drop in train.drop_epochs)
        return replace(train, epochs=epochs, drop_epochs=drops, validate_every_epochs=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneConfig:
    """Stage spatial_finetune: a trained network on PoseTrack18's frames and joints (paper, section 4.2)."""

    root: Path | None = None
    """Folder in PoseTrack18's layout (images/, annotations/); made data has one."""
    train_split: str = "train"
    """A file for each sequence is in annotations/SPLIT."""
    val_split: str = "val"
    """The same, for scoring."""
    weights: Path | None = None
    """The network, a .safetensors file; by default what spatial_retrain left in the run's folder."""
    epochs: int = 20
    """Passes over the frames' people."""
    learning_rate: float = 1e-4
    """Adam's; batch size, augmentation and all else are the recipe's in `train`."""
    drop_epochs: tuple[int, ...] = (10, 15)
    """Where the rate is multiplied with train.drop-factor."""

    def recipe(self, train: TrainConfig) -> TrainConfig:
        return replace(
            train, epochs=self.epochs, learning_rate=self.learning_rate, drop_epochs=self.drop_epochs,
            decay="steps", warmup_steps=0, validate_every_epochs=0,
        )  # fmt: skip


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRetrainConfig:
    """Stage temporal_retrain: the found T networks, each with weights of its own, from the T supernet's."""

    epochs: int = 20
    """Passes over the training clips."""
    learning_rate: float = 1e-3
    """Adam's, down to zero along half a cosine; batches and all else are those of temporal_train."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalConfig:
    """The temporal level: T-ViPNets trained together (section 3.4.2), then allocated to frames (3.4.3)."""

    root: Path | None = None
    """Folder in PoseTrack18's layout; by default finetune.root."""
    train_split: str | None = None
    """By default finetune.train-split."""
    val_split: str | None = None
    """By default finetune.val-split."""
    key_frame: Path | None = None
    """S-ViPNet's weights, .safetensors; by default what spatial_finetune left, else spatial_retrain."""
    trained_frames: int = 3
    """T in training: frames after a key frame over which heatmaps are passed on."""
    clip_step: int = 1
    """A training clip begins at every so many frames of a person's track."""
    epochs: int = 60
    """Passes over the training clips."""
    batch_clips: int = 16
    """Clips of T + 1 frames in a training step; the workers share them."""
    learning_rate: float = 1e-3
    """Adam's, down to zero along half a cosine; all else is the recipe's in `train`."""
    validate_every_epochs: int = 0
    """How often the biggest, the smallest and one fixed random allocation are scored; 0 is never."""
    fusion: bool = True
    """Without it no frame sees the heatmaps of the one before, whatever is trained or retrained."""
    shared: bool = False
    """One choice for all frames in the search: Figure 6b's control."""
    frames: int = 3
    """T in the search; it need not be that of the training."""
    search: AllocationConfig = field(default_factory=AllocationConfig)
    """The search itself."""
    retrain: AllocationRetrainConfig = field(default_factory=AllocationRetrainConfig)
    """What comes behind it."""

    def recipe(self, train: TrainConfig) -> TrainConfig:
        return replace(
            train, epochs=self.epochs, learning_rate=self.learning_rate, batch_size=self.batch_clips,
            decay="cosine", validate_every_epochs=self.validate_every_epochs,
        )  # fmt: skip

    def recipe_alone(self, train: TrainConfig) -> TrainConfig:
        """Of the found networks, without the others."""
        rate, epochs = self.retrain.learning_rate, self.retrain.epochs
        return replace(self.recipe(train), epochs=epochs, learning_rate=rate, validate_every_epochs=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceConfig:
    """How much of the cluster to use; none of it changes a search's results."""

    address: str | None = None
    """A Ray cluster to join; by default the one this job runs on, or a local one."""
    cpus: int | None = None
    """Of a local Ray; by default all of the machine's."""
    object_store_mib: int | None = None
    """Of a local Ray; by default Ray's own choice."""
    train_workers: int | tuple[int, int] = 2
    """Processes that share each training batch; two numbers, least and most, follow the cluster's size."""
    cpus_per_train_worker: int = 1
    gpus_per_train_worker: float = 0
    """1 trains with NCCL on one GPU each; 0 with gloo on CPU."""
    max_failures: int = 3
    """Times that training's workers may die, and those at work on one candidate; -1 is any number.

    Nodes taken away with notice do not count for training."""
    slots: int | Literal["auto"] = 2
    """Trials at a time; auto: as many as the cluster's nodes hold, also as nodes come and go."""
    cpus_per_slot: int = 1
    gpus_per_slot: float = 0
    """A fraction lets several trials share a GPU."""
    timeout_s: float | None = 1800
    """Most seconds for one candidate; then its worker is ended and the candidate is a failed row."""
    candidates_per_trial: int = 1
    """Candidates that a worker is handed at once: more spare the driver work where one takes a moment."""

    @property
    def most_train_workers(self) -> int:
        return self.train_workers if isinstance(self.train_workers, int) else self.train_workers[1]

    @property
    def least_train_workers(self) -> int:
        return self.train_workers if isinstance(self.train_workers, int) else self.train_workers[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """A whole run. Results lie in storage/name; the same name again continues where it stopped."""

    name: str
    """Its folder in the storage."""
    seed: int = 0
    """Of weights, batches, sampled subnets and proposals; the made data has its own."""
    storage: Path = Path("runs")
    """Folder of all runs, of the driver; on a cluster, one that every node reaches by this path."""
    checkpoints_uri: str | None = None
    """Folder of checkpoints that every node reaches: a path, s3://, gs://; by default in the run's folder."""
    tracking_uri: str | None = None
    """MLflow's; by default sqlite in the storage folder."""
    stages: tuple[StageName, ...] = SEARCH_STAGES
    """Which to run, in this order: data, spatial_train, spatial_search, spatial_retrain, spatial_finetune,
    temporal_train, temporal_search, temporal_retrain, report."""
    warm_start: tuple[Path, ...] = ()
    """Folders of runs whose trials this one uses: those scored with the same supernet, data and settings are
    taken over and not evaluated again; of others, the front is evaluated first. Their supernet is used where
    this run would train the same one, or has no stage spatial_train; their T supernet and key frame's network
    where it has no stage temporal_train."""
    data: DataConfig = field(default_factory=DataConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    temporal: TemporalConfig = field(default_factory=TemporalConfig)
    resources: ResourceConfig = field(default_factory=ResourceConfig)

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name or self.name.startswith("."):
            raise ConfigError(f"name must be usable as a folder's name, but it is {self.name!r}")
        if self.seed < 0:
            raise ConfigError(f"seed must not be negative, but it is {self.seed}")
        _at_least(1, "search.trials", self.search.trials)
        _at_least(2, "search.population", self.search.population)
        _at_least(1, "search.predictor-batch", self.search.predictor_batch)
        _share("search.prefix-alike", self.search.prefix_alike)
        _at_least(1, "search.recalibration-people", self.search.recalibration_people)
        _at_least(1, "search.batch-size", self.search.batch_size)
        _at_least(0, "search.first-look-people", self.search.first_look_people)
        _at_least(1, "search.crop-chunk-mib", self.search.crop_chunk_mib)
        if not 0 < self.search.first_look_keep <= 1:
            raise ConfigError(
                f"search.first-look-keep must be a share in (0, 1], but it is {self.search.first_look_keep}"
            )
        _at_least(1, "resources.slots", 1 if self.resources.slots == "auto" else self.resources.slots)
        _at_least(1, "resources.candidates-per-trial", self.resources.candidates_per_trial)
        _at_least(-1, "resources.max-failures", self.resources.max_failures)
        _at_least(1, "search.latency-threads", self.search.latency_threads)
        _at_least(1, "search.latency-meters", self.search.latency_meters)
        _at_least(10, "search.latency-samples", self.search.latency_samples)
        _at_least(1, "retrain.epochs", 1 if self.retrain.epochs is None else self.retrain.epochs)
        _at_least(1, "finetune.epochs", self.finetune.epochs)
        for name in ("trained_frames", "clip_step", "epochs", "frames"):
            _at_least(1, f"temporal.{name.replace('_', '-')}", getattr(self.temporal, name))
        _at_least(1, "temporal.retrain.epochs", self.temporal.retrain.epochs)
        for name in ("trials", "recalibration_clips", "batch_size"):
            _at_least(1, f"temporal.search.{name.replace('_', '-')}", getattr(self.temporal.search, name))
        _at_least(0, "temporal.search.cache-mib", self.temporal.search.cache_mib)
        self._check_workers()
        if ":/" in str(self.storage):
            raise ConfigError(
                f"storage must be a folder on a file system, for rows and databases lie in it, but it is "
                f"{self.storage}. Checkpoints alone may lie there: --checkpoints-uri."
            )

    def _check_workers(self) -> None:
        least, most = self.resources.least_train_workers, self.resources.most_train_workers
        _at_least(1, "resources.train-workers", least)
        _at_least(least, "the second of resources.train-workers", most)
        batches = {"train.batch-size": self.train.batch_size}
        if {"temporal_train", "temporal_retrain"} & set(self.stages):
            batches["temporal.batch-clips"] = self.temporal.batch_clips
        for name, size in batches.items():
            if size < most:
                raise ConfigError(
                    f"{name} must be at least resources.train-workers ({most}), but it is {size}"
                )


def _share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} must be a share from 0 to 1, but it is {value}")


def _at_least(least: int, name: str, value: int) -> None:
    if value < least:
        raise ConfigError(f"{name} must be at least {least}, but it is {value}")
