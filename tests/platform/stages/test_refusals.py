"""Settings that cannot work: one line, exit code 2, and nothing is written or started."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from platform.search import main
from spaces.initialise import initialise
from spaces.registry import build_space
from tests.platform.refused import refusal
from workers.data.skeleton import POSETRACK17
from workers.weights.safetensors import save_network, save_weights

SPATIAL = "data spatial_train spatial_search"
LEVELS = f"{SPATIAL} spatial_retrain spatial_finetune temporal_train temporal_search temporal_retrain"

REFUSED = {
    # stages
    "tiny --stages": "tages",
    "tiny --stages walk": "walk",
    "tiny --stages data data": "each once, but they are data data. Give --stages data.",
    "tiny --stages spatial_search spatial_train": "Give --stages spatial_train spatial_search.",
    "tiny --stages report data": "Give --stages data report.",
    "tiny --stages data spatial_train spatial_train report": "each once",
    "tiny --stages spatial_train": "spatial_train needs data in",
    "tiny --stages spatial_search": "spatial_search needs data in",
    "tiny --stages data spatial_search": "spatial_search needs a supernet",
    "tiny --stages data spatial_retrain": "spatial_retrain needs an architecture",
    "tiny --stages data spatial_retrain --retrain.start slice --retrain.architecture {architecture}":
        "spatial_retrain needs a supernet to slice",
    "tiny --stages data spatial_finetune": "spatial_finetune needs a network",
    "tiny --stages spatial_finetune --finetune.weights {network}": "spatial_finetune needs data in",
    "tiny-video --stages data temporal_train": "temporal_train needs a key frame's network",
    "tiny-video --stages data temporal_search": "temporal_search needs a key frame's network",
    "tiny-video --stages data temporal_search --temporal.key-frame {network}":
        "temporal_search needs a T supernet",
    "tiny-video --stages data temporal_retrain": "temporal_retrain needs a found allocation",
    # processors and GPUs
    "tiny --resources.train-workers 8": "needs 8 x 1 CPU, but the local Ray has 2 CPUs",
    "tiny --resources.train-workers 3 4": "resources.train-workers needs 3 x 1 CPU",
    "tiny --resources.cpus-per-train-worker 2": "needs 2 x 2 CPUs, but the local Ray has 2 CPUs",
    "tiny --resources.cpus-per-train-worker 64": "needs 2 x 64 CPUs",
    "tiny --resources.gpus-per-train-worker 64": "2 x 1 CPU and 64 GPUs, but the local Ray has 2 CPUs and",
    "tiny --resources.cpus-per-slot 3": "resources.slots needs 1 x 3 CPUs",
    "tiny --resources.gpus-per-slot 64": "resources.slots needs 1 x 1 CPU and 64 GPUs",
    "tiny --resources.cpus 1": "resources.train-workers needs 2 x 1 CPU, but the local Ray has 1 CPU",
    "tiny --resources.cpus 1 --resources.train-workers 1 --resources.cpus-per-slot 2": "1 x 2 CPUs",
    "tiny --resources.cpus 0": "resources.cpus must be at least 1",
    "tiny --resources.slots 0": "resources.slots must be at least 1",
    "tiny --resources.cpus-per-slot 0": "resources.cpus-per-slot must be at least 1",
    "tiny --resources.train-workers 0": "resources.train-workers must be at least 1",
    "tiny --resources.train-workers 2 1": "the second of resources.train-workers must be at least 2",
    "tiny --resources.gpus-per-slot -1": "resources.gpus-per-slot must be",
    "tiny --resources.timeout-s nan": "resources.timeout-s must be",
    "tiny --resources.object-store-mib 1": "resources.object-store-mib must be at least 75",
    # fields that are given twice
    "tiny --seed 1 --seed 2": "--seed must be given once, but it is given 2 times",
    "tiny --seed=1 --seed 1": "--seed must be given once",
    "tiny --search.max-gmacs 1 --search.max_gmacs 2": "--search.max-gmacs must be given once",
    "tiny --search.flip-test --search.no-flip-test": "--search.flip-test must be given once",
    "tiny --stages data --stages report": "--stages must be given once",
    # clips
    "tiny-video --temporal.frames 4": "temporal.frames 4 needs clips of 5 frames, but synthetic clips have 4",
    "tiny-video --temporal.trained-frames 9": "temporal.trained-frames 9 needs clips of 10 frames",
    "tiny-video --data.made.frames-per-clip 1": "needs clips of 4 frames, but synthetic clips have 1",
    "tiny-video --finetune.root {videos}": "temporal.trained-frames 3 needs clips of 4 frames, but the",
    "tiny-video --temporal.root {videos} --temporal.trained-frames 1": "temporal.frames 3 needs clips of 4",
    "tiny-video --temporal.frames 0": "temporal.frames must be at least 1",
    # files that are missing or another thing
    "tiny --data.root {tmp}/none": "none",
    "tiny --search.detections {tmp}/none.json": "search.detections must be a file",
    "tiny --search.detections {tmp}": "search.detections must be a file",
    "tiny --warm-start {tmp}/none": "warm-start must name folders of runs that have trials",
    f"tiny --stages {SPATIAL} spatial_retrain --retrain.architecture {{tmp}}/none.json":
        "retrain.architecture must be a file",
    "tiny-video --finetune.weights {tmp}/none.safetensors": "finetune.weights must be a file",
    "tiny-video --finetune.weights {architecture}": "must be readable safetensors weights",
    "tiny-video --finetune.weights {network} --space.input-hw 96 64": "Give --space.input-hw 64 64",
    "tiny-video --finetune.root {tmp}/none": "has no *.json",
    "tiny-video --temporal.root {tmp}/none": "has no *.json",
    "tiny-video --temporal.key-frame {tmp}/none": "temporal.key-frame must be a file",
    "tiny-video --temporal.key-frame {architecture}": "must be readable safetensors weights",
    "tiny-video --temporal.key-frame {network} --space.input-hw 96 64": "Give --space.input-hw 64 64",
    "tiny-video --finetune.val-split none --finetune.root {videos}": "none has no *.json",
    "--config {tmp}/none.yaml": "must be a readable YAML file",
    # files that trainings begin with
    "tiny --train.init {tmp}/none.pth": "train.init must be a file, but",
    "tiny --train.init {tmp}": "train.init must be a file, but",
    "tiny --train.init {architecture}": "must be a PyTorch checkpoint, but it is JSON",
    "tiny --train.init {nothing}": "but nothing does: 0 of",
    "tiny --train.init {network} --space.name resnet50": "must hold weights of space 'resnet50', but they",
    "tiny --stages data --retrain.init {nothing}": "retrain.init: ",
    "tiny --retrain.init {network} --retrain.start slice": "Give --retrain.start scratch, or leave",
    "tiny-video --temporal.init {network}": "network.safetensors must hold a trained T supernet",
    "tiny-video --temporal.retrain.init {network}": "must hold the networks of an allocation",
    # bounds and names
    "tiny --name a/b": "name must be usable as a folder's name",
    "tiny --space.name vgg": "no search space 'vgg'",
    "tiny --search.max-gmacs nan": "search.max-gmacs must be a finite number above 0",
    "tiny --search.max-gmacs 0.00001": "Raise search.max-gmacs",
    "tiny --search.max-latency-ms -1": "search.max-latency-ms must be a finite number above 0",
    "tiny --search.min-gmacs 3 --search.max-gmacs 2": "search.min-gmacs must be at most",
    "tiny-video --temporal.search.max-gmacs nan": "temporal.search.max-gmacs must be a finite number",
    "tiny-video --temporal.search.max-gmacs 0.00001": "Raise temporal.search.max-gmacs",
    "tiny-video --temporal.search.min-gmacs -1": "temporal.search.min-gmacs must be",
    "tiny-video --temporal.search.max-params 1": "Raise temporal.search.max-params",
    "tiny-video --temporal.search.min-gmacs 3 --temporal.search.max-gmacs 2": "must be at most",
    "tiny-video --temporal.batch-clips 1": "temporal.batch-clips must be at least resources.train-workers",
    "tiny --train.batch-size 1": "train.batch-size must be at least resources.train-workers",
    "tiny --name [/] --stages data": "name must be usable as a folder's name, but it is '[/]'",
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, synthetic_root: Path) -> dict[str, Path]:
    folder, space = tmp_path_factory.mktemp("files"), build_space("mobilenetv3-small", 17, (64, 64))
    smallest = space.smallest()
    (folder / "architecture.json").write_text(smallest.to_json())
    network = initialise(space.network(smallest), seed=0, sigma=0.1)
    save_network(folder / "network.safetensors", network, space, smallest, POSETRACK17.names)
    save_weights(folder / "nothing.safetensors", {"fc.weight": torch.ones(2)}, {})
    return {
        "nothing": folder / "nothing.safetensors",
        "tmp": folder, "architecture": folder / "architecture.json",
        "network": folder / "network.safetensors", "videos": synthetic_root / "posetrack18",
    }  # fmt: skip


@pytest.mark.parametrize(("typed", "says"), REFUSED.items())
def test_what_cannot_work_is_refused_in_one_line_before_anything_is_written(
    typed: str, says: str, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert says in refusal(main, capsys, typed.format(**files).split(" "))
    assert list(tmp_path.iterdir()) == []


def test_there_are_at_least_sixty() -> None:
    assert len(REFUSED) >= 60
