"""What trained networks are scored on, cut out by the worker that scores."""

from __future__ import annotations

from pathlib import Path

from platform.config.sections.training import FinetuneConfig
from platform.run.context import Run
from workers.data.people import People
from workers.data.posetrack import posetrack_annotations
from workers.evaluation.coco.ap import CocoScorer
from workers.training.tasks.validation import ValidationTask


def coco_scoring(context: Run, training: People) -> ValidationTask:
    """The run's validation people, scored as its search scores them."""
    people = context.people_to_score(training)
    return _scoring(context, training, people, CocoScorer.from_people(people))


def posetrack_scoring(
    context: Run, training: People, people: People, root: Path, config: FinetuneConfig
) -> ValidationTask:
    """PoseTrack18's people by COCO's OKS, with the boxes' areas; not PoseTrack's own AP."""
    records = posetrack_annotations(root, config.val_split)
    return _scoring(context, training, people, CocoScorer.from_annotations(records, people.skeleton))


def evenly_spaced_people(people: People, count: int) -> People:
    """`count` of the people, spread over the whole annotation file: neighbours in it are alike."""
    chosen = [people.people[index * len(people) // count] for index in range(count)]
    return People(
        people=tuple(chosen), skipped={}, skeleton=people.skeleton, annotation_path=people.annotation_path
    )


def _scoring(context: Run, training: People, people: People, scorer: CocoScorer) -> ValidationTask:
    search = context.config.search
    count = min(search.recalibration_people, len(training))
    return ValidationTask(
        people=people, scorer=scorer, recalibration=evenly_spaced_people(training, count),
        batch_size=search.batch_size, flip_test=search.flip_test,
    )  # fmt: skip
