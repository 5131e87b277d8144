"""The heatmap loss: mean squared error, joints weighted."""

from jaxtyping import Float
from torch import Tensor


def heatmap_loss(
    predicted: Float[Tensor, "B K h w"], target: Float[Tensor, "B K h w"], weight: Float[Tensor, "B K"]
) -> Float[Tensor, ""]:
    """Mean over B, K, h and w of weight * (predicted - target)^2."""
    return ((predicted - target).square().mean(dim=(2, 3)) * weight).mean()
