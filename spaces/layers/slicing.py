"""Taking the active part of a shared weight: first filters, first inputs, centred kernel (paper, A.1)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx


class _Slice(torch.autograd.Function):
    """One slice with one gradient buffer, where chained indexing would allocate one per dimension."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, index: tuple[slice, ...]) -> Tensor:
        ctx.index, ctx.shape = index, weight.shape
        return weight[index].contiguous()

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        full = grad.new_zeros(ctx.shape)  # type: ignore[attr-defined]
        full[ctx.index] = grad  # type: ignore[attr-defined]
        return full, None


def leading(weight: Tensor, *sizes: int) -> Tensor:
    """The first `sizes[d]` entries of every dimension d; the tensor itself where that is all of it."""
    if tuple(weight.shape[: len(sizes)]) == sizes:
        return weight
    return _Slice.apply(weight, tuple(slice(0, size) for size in sizes))


def filters(weight: Tensor, out: int, inputs: int, kernel: int) -> Tensor:
    """First `out` filters, first `inputs` inputs, centred `kernel` x `kernel` of a (O, I, K, K) weight."""
    if tuple(weight.shape) == (out, inputs, kernel, kernel):
        return weight
    margin = (weight.shape[-1] - kernel) // 2
    middle = slice(margin, margin + kernel)
    return _Slice.apply(weight, (slice(0, out), slice(0, inputs), middle, middle))
