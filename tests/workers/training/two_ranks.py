"""Run as a script by test_ranks.py: one rank of two takes one training step and writes its gradients."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import distributed

from workers.data.augment import Augmentation
from workers.data.coco import read_people
from workers.training.config import SpatialTask, TrainConfig
from workers.training.ranks import Ranks
from workers.training.supernet_training import SupernetTraining


def task(batch_size: int) -> SpatialTask:
    train = TrainConfig(
        epochs=1, batch_size=batch_size, warmup_steps=0, init_sigma=0.1, augmentation=Augmentation()
    )
    return SpatialTask(space="mobilenetv3-small", input_hw=(64, 32), sigma_cells=1.5, seed=5, train=train)


def main(rank: int, meeting: Path, data: Path, out: Path, batch_size: int) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=2)
    training = SupernetTraining(task(batch_size), read_people(data, "train2017"), Ranks(rank, 2))
    source = training.data.batches(5, 0, batch_size, rank, 2)
    with source as batches:
        training._train_step(next(batches), 0)
    gradients = {n: p.grad for n, p in training.supernet.named_parameters() if p.grad is not None}
    torch.save({"gradients": gradients, "weights": training.supernet.state_dict()}, out)
    distributed.destroy_process_group()


if __name__ == "__main__":
    own_rank, meeting_file, data_root, out_file, global_batch = sys.argv[1:]
    main(int(own_rank), Path(meeting_file), Path(data_root), Path(out_file), int(global_batch))
