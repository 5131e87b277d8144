"""Weight updates from the workers' gradients: reduced once, clipped, applied only where finite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from workers.errors import TrainingError
from workers.training.config import TrainConfig
from workers.training.parallel.ranks import Ranks


@final
class WeightUpdate:
    """Adam, and what surrounds it in every step: `begin`, backward passes, `finish`."""

    def __init__(self, network: nn.Module, config: TrainConfig, ranks: Ranks) -> None:
        self.config, self.ranks = config, ranks
        self.parameters = list(network.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, config.learning_rate, fused=True)
        self.skipped = 0
        """Steps that changed nothing, because a loss or gradient was not finite."""
        self.skipped_in_a_row = 0

    @property
    def learning_rate(self) -> float:
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    def begin(self, learning_rate: float) -> None:
        """Forgets the gradients of the last step."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)

    def finish(self, losses: Tensor) -> list[float]:
        """Applies the workers' mean gradients; returns the workers' mean of `losses` (L,).

        Losses and gradients travel in one message, so what is not finite on one worker is finite on none, and
        all skip the step alike. The device is waited for once.
        """
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        self.ranks.average([losses, *gradients])
        norm = get_total_norm(gradients)
        *figures, norm_value = torch.cat([losses, norm[None]]).tolist()
        if all(map(math.isfinite, (*figures, norm_value))):
            self._apply(norm)
        else:
            self.skipped, self.skipped_in_a_row = self.skipped + 1, self.skipped_in_a_row + 1
        return figures

    def check(self, step: int, losses: list[float], trained: Callable[[], str]) -> None:
        """Raises TrainingError once too many steps in a row were skipped; `trained` names architectures."""
        if self.skipped_in_a_row >= self.config.max_skipped_steps:
            raise TrainingError(
                f"loss and gradients must be finite, but in {self.skipped_in_a_row} steps in a row they were "
                f"not. Stopped at step {step} with learning rate {self.learning_rate:.3g} and losses "
                f"{losses}, training {trained()}. Lower TrainConfig.learning_rate, or set "
                "TrainConfig.max_grad_norm."
            )

    def state(self) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer.state_dict(),
            "skipped": self.skipped,
            "skipped_in_a_row": self.skipped_in_a_row,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        self.skipped, self.skipped_in_a_row = state["skipped"], state["skipped_in_a_row"]

    def _apply(self, norm: Tensor) -> None:
        if self.config.max_grad_norm is not None:
            clip_grads_with_norm_(self.parameters, self.config.max_grad_norm, norm)
        self.optimizer.step()
        self.skipped_in_a_row = 0
