"""Each run's accuracy on the same videos, whatever it was searched on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import final

from rich.console import Console

from platform.comparison.tables import Entry, Method, as_csv, as_markdown, csv_text
from platform.config.own_file import read_own
from platform.config.paths import SYNTHETIC_POSETRACK, data_root
from platform.config.run import RunConfig
from platform.run.folder import RunFolder, write_text
from platform.terminal.errors import ConfigError
from platform.terminal.progress import StageProgress
from workers.data.tracks import Tracks, read_tracks
from workers.threads import computing_on
from workers.video.batch import score_videos
from workers.video.networks import VideoNetworks
from workers.weights.allocation import load_allocation
from workers.weights.key_frame import KeyFrame, read_key_frame
from workers.weights.safetensors import read_joints

SCORING_BATCH = 64
TRAINED_FRAMES = 3  # the paper's T
READ = cache(read_tracks)  # runs of one comparison share their data set


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRun:
    """One run's figure and, by joints, its parts in percent."""

    entry: Entry
    parts: dict[str, float]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Videos:
    """What runs are scored on, where it is not what they were searched on."""

    root: Path | None = None
    split: str | None = None

    def __str__(self) -> str:
        if self.root is None:
            return f"split {self.split}" if self.split else "the split on which each run was searched"
        return f"{self.root}, split {self.split or 'of the same name as that on which each run was searched'}"


SEARCHED = Videos()


def compare(runs: Sequence[Path], out: Path, console: Console, videos: Videos = SEARCHED) -> str:
    """Scores the runs, writes the tables into `out`, and returns them as markdown.

    Raises ConfigError where there is no run, or one with nothing to score.
    """
    if not runs:
        raise ConfigError("compare needs at least one run's folder. python -m platform.controls makes runs.")
    of_runs = []
    with StageProgress(console, "compare", len(runs)) as progress:
        for number, path in enumerate(runs, start=1):
            of_runs.append(list(score_run(path, videos)))
            own = of_runs[-1][0].entry
            progress.show(number, f"{own.run}, {own.method}: AP {own.ap:.1f}")
    firsts = (each[0].entry for each in of_runs)
    frames = next((first.frames for first in firsts if first.method == "allocation"), TRAINED_FRAMES)
    scored = [each for first, *others in of_runs for each in (first, *_at(frames, first, others))]
    entries = [each.entry for each in scored]
    text = as_markdown(entries, frames, str(videos))
    write_text(out / "comparisons.md", text)
    write_text(out / "comparisons.csv", as_csv(entries, frames))
    write_text(out / "runs.csv", csv_text([asdict(each.entry) | each.parts for each in scored]))
    return text


def _at(frames: int, allocation: ScoredRun, key_frame: Sequence[ScoredRun]) -> Sequence[ScoredRun]:
    """The key frame alone counts once: runs of another T have the same."""
    return key_frame if allocation.entry.frames == frames else ()


def score_run(path: Path, videos: Videos = SEARCHED) -> Iterator[ScoredRun]:
    """The run's allocation and the key frame's network alone; of a run without one, its S-ViPNet.

    Raises ConfigError where the folder is no run that has either.
    """
    folder = RunFolder(path)
    config = read_own(path)
    tracks = scored_tracks(config, videos)
    if folder.video_networks.exists():
        trained = load_allocation(folder.video_networks)
        bound, method = config.temporal.search.max_gmacs, _method(config)
        yield _scored(config, method, VideoNetworks.of(trained), trained.cost.gmacs, bound, tracks)
        if method == "allocation":
            key = trained.key_frame
            yield _scored(config, "key frame", VideoNetworks.of_key_frames(key), _gmacs(key), bound, tracks)
    elif folder.finetuned.exists():
        key = read_key_frame(folder.finetuned, read_joints(folder.finetuned))
        bound = config.search.max_gmacs
        yield _scored(config, "spatial", VideoNetworks.of_key_frames(key), _gmacs(key), bound, tracks)
    else:
        raise ConfigError(
            f"{path} must be a run with {folder.allocation_networks.name} or {folder.finetuned.name}, but it "
            "has neither. Run its stage temporal_search, or spatial_finetune."
        )


def scored_tracks(config: RunConfig, videos: Videos) -> Tracks:
    """Everybody of `videos`; by default all on whom the run's temporal level was searched."""
    temporal, finetune = config.temporal, config.finetune
    root = videos.root or temporal.root or finetune.root or data_root(config) / SYNTHETIC_POSETRACK
    return READ(root, videos.split or temporal.val_split or finetune.val_split)


def _method(config: RunConfig) -> Method:
    if not config.temporal.fusion:
        return "no fusion"
    return "shared" if config.temporal.shared else "allocation"


def _gmacs(key: KeyFrame) -> float:
    return key.spatial.cost(key.architecture).gmacs


def _scored(
    config: RunConfig, method: Method, networks: VideoNetworks, gmacs: float, bound: float | None,
    tracks: Tracks,
) -> ScoredRun:  # fmt: skip
    with computing_on(config.resources.cpus_per_slot):  # as in the run's own search
        ap = score_videos(networks, tracks, SCORING_BATCH).ap
    entry = Entry(
        run=config.name, method=method, frames=len(networks.frames), bound=bound, gmacs=gmacs,
        ap=100 * ap.total,
    )  # fmt: skip
    return ScoredRun(entry=entry, parts={name: 100 * value for name, value in ap.table.items()})
