"""What the stages that train one network share: train it on Ray, score it, write weights and figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

from platform.run.cluster import in_a_slot
from platform.run.context import Run
from platform.run.folder import write_text
from platform.training.on_ray_train import run_training
from spaces.registry import build_space
from workers.data.batches.training_set import steps_per_epoch
from workers.data.people import People
from workers.training.config import SpatialTask
from workers.training.tasks.network import NetworkTraining, Start
from workers.training.tasks.network_score import ScoredNetwork, score_network
from workers.training.tasks.validation import ValidationTask
from workers.weights.safetensors import save_network


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkStage:
    """One network's training from its start to its file."""

    name: str
    task: SpatialTask
    people: People
    start: Start
    scoring: ValidationTask
    origin: str  # what it started from, for the record
    weights: Path  # where it is written; its figures beside it, as .json

    def run(self, context: Run) -> None:
        steps = self.task.train.epochs * steps_per_epoch(len(self.people), self.task.train.batch_size)
        make = partial(NetworkTraining, self.task, self.people, self.start)
        state = run_training(context, self.name, make, steps=steps)
        trained = Start(architecture=self.start.architecture, weights=state[NetworkTraining.weights_name])
        self._write(context, self._score(context, trained))

    def _score(self, context: Run, trained: Start) -> ScoredNetwork:
        return in_a_slot(context.config.resources, score_network, self.task, trained, self.scoring)

    def _write(self, context: Run, scored: ScoredNetwork) -> None:
        architecture, joints = self.start.architecture, self.people.skeleton.names
        space = build_space(self.task.space, len(joints), self.task.input_hw)
        network = space.network(architecture)
        network.load_state_dict(scored.weights)
        cost = space.cost(architecture)
        summary = {
            "key": architecture.key, "ap": scored.ap.ap, "ar": scored.ap.ar, "gmacs": cost.gmacs,
            "params": cost.params, "start": self.origin, "epochs": self.task.train.epochs,
            "scored_on": self.scoring.people.summary, "architecture": architecture.to_json(),
        }  # fmt: skip
        write_text(self.weights.with_suffix(".json"), json.dumps(summary, indent=2) + "\n")
        save_network(self.weights, network, space, architecture, joints)  # last: the stage is done with it
        context.tracking.log_artifacts(self.weights.with_suffix(".json"), self.weights)
        context.console.print(
            f"{self.name}: {architecture.key} from {self.origin}, AP {scored.ap.ap:.3f} at {cost.gmacs:.4f} "
            f"GMACs, {self.weights}", highlight=False, soft_wrap=True,
        )  # fmt: skip
