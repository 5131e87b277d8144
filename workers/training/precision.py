"""The numbers in which a network computes; its weights, its heatmaps and their loss are float32 always."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.config import Precision


def compute_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """What `precision` means on `device`; "auto" is bfloat16 on GPUs that have it, else float32."""
    if precision == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def computing_in(dtype: torch.dtype, network: nn.Module, device: torch.device) -> Callable[..., Tensor]:
    """`network` as a function that computes in `dtype` where that is safe (autocast), and gives float32."""
    if dtype == torch.float32:
        return network

    def forward(*inputs: Any) -> Tensor:
        with torch.autocast(device.type, dtype):
            output: Tensor = network(*inputs)
        return output.float()

    return forward
