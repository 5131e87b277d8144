"""Stage data: the people to train on and to score on, made where none are given."""

from __future__ import annotations

from platform.run.context import Run
from workers.data.skeletons.summary import summary_of
from workers.data.synthetic.dataset import write_synthetic_dataset


def run(context: Run) -> None:
    config = context.config.data
    if config.root is None:
        context.say("data", f"a synthetic data set in {context.data_root}")
        write_synthetic_dataset(context.data_root, config.made)
    training = context.people(config.train_split)
    for people in (training, context.people_to_score(training)):
        context.say("data", people.summary)
        if people.file_places is not None:
            context.say(
                "data", f"{people.annotation_path.name}: joints are put in the training split's order"
            )
    for line in summary_of(training.skeleton, config.skeleton):
        context.say("data", line)
