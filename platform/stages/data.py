"""Stage data: the people to train on and to score on, made where none are given."""

from __future__ import annotations

from platform.run.context import Run
from workers.data.made.dataset import write_made_dataset
from workers.data.skeletons.summary import summary_of


def run(context: Run) -> None:
    config = context.config.data
    if config.root is None:
        context.console.print(f"data: a made data set in {context.data_root}", highlight=False)
        write_made_dataset(context.data_root, config.made)
    training = context.people(config.train_split)
    for people in (training, context.people_to_score(training)):
        context.say("data", people.summary)
        if people.file_places is not None:
            context.say(
                "data", f"{people.annotation_path.name}: joints are put in the training split's order"
            )
    for line in summary_of(training.skeleton, config.skeleton):
        context.say("data", line)
