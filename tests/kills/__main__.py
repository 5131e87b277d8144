"""Stops commands at random moments and prints a table: ``python -m tests.kills [--seed 0] [--rounds 4]``.

Each round disturbs a run of both recipes for trying things eight times (driver, worker, node) and lets it
end; what it leaves must be what an undisturbed run left. Then commands that write files. Ends with 1 where
something was lost, twice, wrong, or said otherwise than in a line.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from ray.cluster_utils import Cluster

from spaces.registry import build_space
from tests.end_to_end.clusters import two_nodes
from tests.end_to_end.killed_search import lenient_data
from tests.kills.commands import Command, stopped
from tests.kills.moments import DRIVER, NODE, WORKER, Moment, table
from tests.kills.runs import NODE_OF, Disturbed, SearchCommand, differences
from workers.data.skeleton import POSETRACK17
from workers.weights.safetensors import save_network

SPATIAL = SearchCommand(
    ("tiny", "--stages", "data", "spatial_train", "spatial_search", "spatial_retrain", "report",
     "--data.root", "people", "--retrain.epochs", "1", "--search.trials", "48",
     "--train.checkpoint-every-steps", "2"),
    ("supernet.safetensors", "network.safetensors"),
)  # fmt: skip
TEMPORAL = SearchCommand(
    ("tiny-video", "--stages", "data", "temporal_train", "temporal_search", "temporal_retrain", "report",
     "--temporal.key-frame", "key.safetensors", "--temporal.epochs", "1",
     "--train.checkpoint-every-steps", "2"),
    ("temporal_supernet.safetensors", "allocation.safetensors", "allocation_retrained.safetensors"),
)  # fmt: skip
KINDS = (*DRIVER, WORKER, NODE, *DRIVER)


def give_inputs(cwd: Path) -> None:
    """People for the first recipe, whose networks differ in AP on them, and a key frame for the other."""
    lenient_data(cwd / "people")
    space = build_space("mobilenetv3-small", len(POSETRACK17.names), (64, 64))
    torch.manual_seed(0)
    biggest = space.biggest()
    save_network(cwd / "key.safetensors", space.network(biggest), space, biggest, POSETRACK17.names)


def undisturbed(command: SearchCommand, cluster: Cluster, cwd: Path) -> float:
    """Runs it whole; returns the seconds that it took."""
    cwd.mkdir()
    give_inputs(cwd)
    begun = time.monotonic()
    with command.started(cluster, cwd) as driver:
        driver.finish()
    return time.monotonic() - begun


def disturbed(
    command: SearchCommand, cluster: Cluster, folder: Path, rounds: int, rng: random.Random
) -> list[Moment]:
    whole = folder / f"{command.name}-whole"
    lasts_s = undisturbed(command, cluster, whole)
    different = pd.read_parquet(command.folder(whole) / "trials.parquet")["ap"].nunique()
    print(f"{command.name}: undisturbed in {lasts_s:.0f} s, {different} different AP", flush=True)
    moments: list[Moment] = []
    for number in range(rounds):
        cwd = folder / f"{command.name}-{number}"
        cwd.mkdir()
        give_inputs(cwd)
        run = Disturbed(command, cluster, cwd, 0.3 * lasts_s, rng)
        run.suffer(rng.sample(KINDS, len(KINDS)))
        wrong = run.finish() + differences(command, cwd, whole)
        print(f"{command.name} {number}: {len(run.moments)} ends; wrong: {wrong or 'nothing'}", flush=True)
        moments += run.moments
        if wrong:
            moments.append(
                Moment(command=command.name, stage="end", after_s=0, what="-", code=0, line="", faults=wrong)
            )
    return moments


def writers(run: Path) -> list[Command]:
    """Commands on a finished run of the first recipe."""
    cwd, folder = run.parent.parent, str(run)
    weights = f"{folder}/network.safetensors"
    return [
        Command("export", ("--checkpoint", weights), "--out", "exported", cwd),
        Command("merge", (folder,), "--into", "merged", cwd),
        Command(
            "predict",
            ("--data", "people", "--split", "val2017", "--weights", weights),
            "--out",
            "poses.json",
            cwd,
        ),
    ]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--rounds", type=int, default=2, help="of each recipe, eight ends in each")
    options.add_argument("--commands-alone", action="store_true", help="no recipe is disturbed")
    asked = options.parse_args()
    rng, moments = random.Random(asked.seed), list[Moment]()
    with tempfile.TemporaryDirectory(prefix="kills-") as made, two_nodes(**NODE_OF) as cluster:
        if asked.commands_alone:
            undisturbed(SPATIAL, cluster, Path(made) / "tiny-whole")
        else:
            for command in (SPATIAL, TEMPORAL):
                moments += disturbed(command, cluster, Path(made), asked.rounds, rng)
        for writer in writers(SPATIAL.folder(Path(made) / "tiny-whole")):
            moments += stopped(writer, tuple(DRIVER), rng)
    faults = [fault for moment in moments for fault in moment.faults]
    print(table(moments))
    print(f"{len(moments)} ends; faults: {'; '.join(faults) or 'none'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
