"""Recipes run for real, too long for the tests: ``python -m tests.recipes [NAME ...]``, `make recipes`.

`smoke` runs whole. Those for COCO and PoseTrack18 run one epoch of each training on a few people of the data
beside the checkout, on smaller crops and two cores; a posetrack-* one begins with its coco-* run's network.
Each is typed as a person types it, with relative paths, in a folder that is new. Ends with 1 where one fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from platform.config.recipes import RECIPES

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TRYING = ("tiny", "tiny-video")  # the tests run them
IMAGES, TRAIN_FRAMES = 6, 12
TWO_CORES = (
    "--resources.cpus 2 --resources.object-store-mib 128 --resources.slots 1 --resources.cpus-per-slot 1 "
    "--resources.gpus-per-slot 0 --resources.train-workers 1 --resources.cpus-per-train-worker 1 "
    "--resources.gpus-per-train-worker 0"
)
LITTLE = (
    "--data.root coco --space.input-hw 64 64 --train.epochs 1 --train.batch-size 8 --train.warmup-steps 1 "
    "--train.validate-every-epochs 1 --search.trials 1 --search.batch-size 8 --search.recalibration-people 8"
)
LITTLE_VIDEO = (
    "--finetune.root videos --finetune.epochs 1 --temporal.epochs 1 --temporal.batch-clips 4 "
    "--temporal.validate-every-epochs 1 --temporal.search.trials 1 --temporal.search.batch-size 4 "
    "--temporal.search.recalibration-clips 4 --temporal.retrain.epochs 1"
)


def cut_coco(source: Path, target: Path) -> None:
    """The first images of each split with people on them; the images themselves are linked."""
    (target / "annotations").mkdir(parents=True)
    for split in ("train2017", "val2017"):
        (target / split).symlink_to(source / split)
        name = f"annotations/person_keypoints_{split}.json"
        content = json.loads((source / name).read_text())
        labelled = [one for one in content["annotations"] if one["num_keypoints"]]
        kept = list(dict.fromkeys(one["image_id"] for one in labelled))[:IMAGES]
        content["images"] = [image for image in content["images"] if image["id"] in kept]
        content["annotations"] = [one for one in labelled if one["image_id"] in kept]
        (target / name).write_text(json.dumps(content))


def words(*parts: str) -> list[str]:
    return " ".join(parts).split()


def module(folder: Path, *typed: str) -> bool:
    """Whether `python -m TYPED` in the folder ends well."""
    print("python -m", *typed, flush=True)
    return subprocess.run([sys.executable, "-m", *typed], cwd=folder, check=False).returncode == 0


def runs(name: str, folder: Path) -> bool:
    """Whether the recipe, and for a posetrack-* one its coco-* one, runs to its end."""
    if name.startswith("posetrack-"):
        coco = name.replace("posetrack", "coco")
        done = (folder / "runs" / coco / "network.safetensors").exists() or runs(coco, folder)
        return done and module(folder, "platform.search", name, *words(LITTLE, LITTLE_VIDEO, TWO_CORES))
    few = [] if name == "smoke" else words(LITTLE, TWO_CORES)
    return module(folder, "platform.search", name, *few)


def main(names: Sequence[str]) -> int:
    wanted = names or [name for name in RECIPES if name not in TRYING]
    with tempfile.TemporaryDirectory(prefix="recipes-") as made:
        folder = Path(made)
        cut_coco(SHARED / "coco_mini", folder / "coco")
        bonn = ("--source", str(SHARED / "bonn_clip"), "--out", "videos", "--train-frames", str(TRAIN_FRAMES))
        if not module(folder, "platform.convert", *bonn):
            return 1
        failed = [name for name in wanted if not runs(name, folder)]
    print(f"recipes: {len(wanted) - len(failed)} of {len(wanted)} run; failed: {' '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
