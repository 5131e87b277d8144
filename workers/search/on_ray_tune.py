"""The thin Ray Tune adapter: one actor serves many trials, one trial is one architecture."""

from __future__ import annotations

import socket
from typing import Any

import torch
from ray import tune

from spaces.architecture import Architecture
from workers.memory import keep_freed_memory
from workers.search.evaluator import Measured, SearchInputs, SubnetEvaluator


class SubnetTrial(tune.Trainable):
    """config: `architecture`, the canonical JSON. Reused between trials, so the supernet is loaded once."""

    def setup(self, config: dict[str, Any], inputs: SearchInputs, threads: int = 1) -> None:  # type: ignore[override]
        keep_freed_memory()
        torch.set_num_threads(threads)
        # Ray shows this process the GPUs that it was given, and no others.
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.evaluator = SubnetEvaluator(inputs, device)
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.architecture = Architecture.from_json(new_config["architecture"])
        return True

    def step(self) -> Measured:
        measured = self.evaluator.measure(self.architecture)
        return measured | {"worker": f"{socket.gethostname()}:{self.trial_id}", "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """A trial is one step: there is nothing to save."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """A trial is one step: there is nothing to load."""
