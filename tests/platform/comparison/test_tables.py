"""The paper's tables, from figures by hand, and from the folders of runs."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from platform.compare import main
from platform.comparison.scores import score_run
from platform.comparison.tables import Entry, Method, as_csv, as_markdown, comparisons, rows_of
from platform.config.file import to_yaml
from platform.config.run import RunConfig
from platform.config.sections.search import AllocationConfig, SearchConfig
from platform.config.sections.temporal import TemporalConfig
from platform.config.sections.training import FinetuneConfig
from platform.terminal.command_line import run
from tests.workers.video.examples import tracks_of, wild
from workers.data.synthetic.config import SyntheticConfig
from workers.data.synthetic.dataset import write_synthetic_dataset
from workers.data.tracks import Tracks, read_tracks
from workers.video.batch import score_videos
from workers.video.networks import VideoNetworks
from workers.weights.allocation import TrainedAllocation, save_allocation
from workers.weights.safetensors import save_network


def entry(method: Method, ap: float, *, frames: int = 3, bound: float = 0.8, gmacs: float = 0.75) -> Entry:
    return Entry(run=f"{method}-{ap}", method=method, frames=frames, bound=bound, gmacs=gmacs, ap=ap)


ENTRIES = (
    entry("allocation", 60.0), entry("allocation", 64.0, gmacs=0.79),
    entry("key frame", 66.0, frames=0, gmacs=1), entry("spatial", 59.0, frames=0),
    entry("no fusion", 58.5), entry("shared", 61.0),
    entry("allocation", 63.0, frames=2), entry("allocation", 57.0, frames=4),
)  # fmt: skip


def test_seeds_are_pooled_and_the_last_line_is_what_the_others_are_measured_against() -> None:
    table, fusion, shared, propagation = (rows_of(each, ENTRIES) for each in comparisons(3))
    assert [(row["AP"], row["difference"]) for row in table] == [(66, -4), (59, 3), (62, None)]
    assert table[2]["each run's AP"] == "60.0, 64.0"
    assert table[2]["GMACs"] == pytest.approx(0.77)
    assert [(row["AP"], row["difference"]) for row in fusion] == [(58.5, 3.5), (62, None)]
    assert [(row["AP"], row["difference"]) for row in shared] == [(61, 1), (62, None)]
    assert [(row["T"], row["AP"], row["difference"]) for row in propagation] == [
        (2, 63, -1), (4, 57, 5), (3, 62, None)
    ]  # fmt: skip


def test_the_papers_figures_stand_beside() -> None:
    table, fusion, _, propagation = (rows_of(each, ENTRIES) for each in comparisons(3))
    res50 = "paper, ResNet-50"
    assert [row[res50] for row in table] == [83.2, 80.3, 81.6]
    assert [row["paper, MobileNetV3"] for row in table] == [81.1, 77.2, 78.2]
    assert [row[res50] for row in fusion] == [None, None]
    assert {row["T"]: row[res50] for row in propagation} == {2: 81.7, 3: 81.7, 4: 81.4}


def test_each_bound_has_rows_of_its_own() -> None:
    levels = [
        entry("allocation", 62, bound=1.0), entry("no fusion", 60, bound=1.0),
        entry("allocation", 58, bound=0.8), entry("no fusion", 57, bound=0.8),
    ]  # fmt: skip
    rows = rows_of(comparisons(3)[1], levels)
    assert [(row["bound"], row["AP"], row["difference"]) for row in rows] == [
        (0.8, 57, 1), (0.8, 58, None), (1.0, 60, 2), (1.0, 62, None)
    ]  # fmt: skip


def test_tables_are_markdown_and_csv() -> None:
    text = as_markdown(ENTRIES, 3, "synthetic clips, split val")
    assert "| T-ViPNAS without fusion | 3 | 0.8000 | 0.7500 | 58.5 | 3.5 | 58.5 | - | - |" in text
    assert "No run for this comparison." in as_markdown([], 3, "synthetic clips")
    assert "boxes as labelled. Videos: synthetic clips, split val.\n" in text
    rows = list(csv.DictReader(as_csv(ENTRIES, 3).splitlines()))
    assert len(rows) == 3 + 2 + 2 + 3
    assert rows[0]["comparison"] == "Temporal-level search (Table 3)"
    assert float(rows[1]["difference"]) == 3


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SyntheticConfig(clips=2, frames_per_clip=4, people_per_clip=3)
    return write_synthetic_dataset(tmp_path_factory.mktemp("videos") / "data", config)


@pytest.fixture(scope="module")
def tracks(videos: Path) -> Tracks:
    return tracks_of(videos)


def begun(folder: Path, config: RunConfig) -> Path:
    path = folder / config.name
    path.mkdir()
    (path / "config.yaml").write_text(to_yaml(config))
    return path


def test_runs_are_scored_by_what_they_left(
    videos: Path, tracks: Tracks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained: TrainedAllocation = wild(tracks, frames=3)
    key = trained.key_frame
    base = RunConfig(
        name="ours", storage=Path("elsewhere"), finetune=FinetuneConfig(root=videos / "posetrack18"),
        search=SearchConfig(max_gmacs=0.02), temporal=TemporalConfig(search=AllocationConfig(max_gmacs=0.02)),
    )  # fmt: skip
    ours = begun(tmp_path, base)
    shared = begun(tmp_path, replace(base, name="shared", temporal=replace(base.temporal, shared=True)))
    for path in (ours, shared):
        save_allocation(path / "allocation.safetensors", trained)
    alone = begun(tmp_path, replace(base, name="alone"))
    save_network(alone / "finetuned.safetensors", key.network(), key.spatial, key.architecture, key.joints)

    shorter = begun(tmp_path, replace(base, name="t2", temporal=replace(base.temporal, frames=2)))
    save_allocation(shorter / "allocation.safetensors", wild(tracks, frames=2))

    runs = [str(path) for path in (ours, shorter, shared, alone)]
    assert main([*runs, "--out", str(tmp_path / "tables")]) == 0

    with (tmp_path / "tables" / "runs.csv").open() as file:
        rows = {(row["run"], row["method"]): row for row in csv.DictReader(file)}
    joint = 100 * score_videos(VideoNetworks.of(trained), tracks, 8).ap.total
    spatial = 100 * score_videos(VideoNetworks.of_key_frames(key), tracks, 8).ap.total
    other = 100 * score_videos(VideoNetworks.of(wild(tracks, frames=2)), tracks, 8).ap.total
    expected = {
        ("ours", "allocation"): joint, ("ours", "key frame"): spatial, ("t2", "allocation"): other,
        ("shared", "shared"): joint, ("alone", "spatial"): spatial,
    }  # fmt: skip
    assert joint != spatial
    assert {name: float(row["ap"]) for name, row in rows.items()} == pytest.approx(expected)
    assert float(rows["ours", "allocation"]["gmacs"]) == trained.cost.gmacs
    assert rows["alone", "spatial"]["frames"] == "0"
    written = (tmp_path / "tables" / "comparisons.md").read_text()
    assert "Videos: the split on which each run was searched." in written
    assert capsys.readouterr().out.startswith(written)
    assert "T-ViPNAS, one choice for all" in written


def test_runs_are_scored_on_other_videos_than_they_were_searched_on(
    videos: Path, tracks: Tracks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = SyntheticConfig(seed=5, clips=3, frames_per_clip=4, people_per_clip=2, validation_fraction=0.6)
    others = write_synthetic_dataset(tmp_path / "others", config) / "posetrack18"
    trained = wild(tracks, frames=3)
    searched_on = FinetuneConfig(root=videos / "posetrack18")
    ours = begun(tmp_path, RunConfig(name="ours", storage=tmp_path, finetune=searched_on))
    save_allocation(ours / "allocation.safetensors", trained)

    figures = {}
    for split in ("val", "train"):
        given = ["--on", str(others), "--split", split, "--out", str(tmp_path / split)]
        assert main([str(ours), *given]) == 0
        with (tmp_path / split / "runs.csv").open() as file:
            figures[split] = float(next(csv.DictReader(file))["ap"])
    assert figures == pytest.approx({
        split: 100 * score_videos(VideoNetworks.of(trained), read_tracks(others, split), 8).ap.total
        for split in ("val", "train")
    })  # fmt: skip
    assert f"{others}, split val." in (tmp_path / "val" / "comparisons.md").read_text()
    assert len({*figures.values(), 100 * score_videos(VideoNetworks.of(trained), tracks, 8).ap.total}) == 3
    assert "compare 1/1, done: ours, allocation: AP" in capsys.readouterr().err

    assert run(main, [str(ours), "--on", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_folder_that_is_no_such_run_is_refused(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RunConfig(name="empty", finetune=FinetuneConfig(root=videos / "posetrack18"))
    empty = begun(tmp_path, config)
    assert run(main, [str(empty)]) == 2
    assert "must be a run with allocation.safetensors or finetuned.safetensors" in capsys.readouterr().err
    assert run(main, []) == 2
    assert "compare needs at least one run's folder" in capsys.readouterr().err
    assert run(main, [str(tmp_path / "gone")]) == 2
    assert "config.yaml must be a readable YAML file" in capsys.readouterr().err
    with pytest.raises(Exception, match="gone"):
        list(score_run(tmp_path / "gone"))
