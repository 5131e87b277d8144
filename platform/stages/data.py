"""Stage data: the people to train on and to score on, made where none are given."""

from __future__ import annotations

from platform.run.context import Run
from workers.data.synthetic.dataset import write_synthetic_dataset


def run(context: Run) -> None:
    config = context.config.data
    if config.root is None:
        context.console.print(f"data: a synthetic data set in {context.data_root}", highlight=False)
        write_synthetic_dataset(context.data_root, config.made)
    for split in (config.train_split, config.val_split):
        context.console.print(f"data: {context.people(split).summary}", highlight=False)
