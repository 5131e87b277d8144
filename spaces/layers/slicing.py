"""Taking the active part of a shared weight: first filters, first inputs, centred kernel (paper, A.1)."""

from torch import Tensor
from torch.nn import functional as F


def leading(weight: Tensor, width: int) -> Tensor:
    """The first `width` entries; the tensor itself where that is all of it."""
    return weight if weight.shape[0] == width else weight[:width]


def filters(weight: Tensor, out: int, inputs: int, kernel: int) -> Tensor:
    """First `out` filters, first `inputs` inputs, centred `kernel` x `kernel` of a (O, I, K, K) weight.

    Negative padding is one operation with one gradient, where an index is one for every dimension, each with
    a gradient as large as what it was cut from; and it keeps the weight's memory format.
    """
    if tuple(weight.shape) == (out, inputs, kernel, kernel):
        return weight
    margin = (weight.shape[-1] - kernel) // 2
    cut = (weight.shape[1] - inputs, weight.shape[0] - out)
    return F.pad(weight, (-margin, -margin, -margin, -margin, 0, -cut[0], 0, -cut[1]))
