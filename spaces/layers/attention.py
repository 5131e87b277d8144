"""The attention modules that a stage may end its blocks with: plain, elastic, and what they cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from torch import nn

from spaces.cost import Cost
from spaces.layers.global_context import ElasticGlobalContext, GlobalContext, gc_cost
from spaces.layers.squeeze_excitation import ElasticSqueezeExcitation, SqueezeExcitation, se_cost


@final
@dataclass(frozen=True, slots=True)
class Attention:
    """plain(width), elastic(widest) and cost(width, pixels); forward(x) keeps the shape of x."""

    plain: Callable[[int], nn.Module]
    elastic: Callable[[int], nn.Module]
    cost: Callable[[int, int], Cost]


def _se_cost(width: int, _: int) -> Cost:
    return se_cost(width)


GC = Attention(plain=GlobalContext, elastic=ElasticGlobalContext, cost=gc_cost)
SE = Attention(plain=SqueezeExcitation, elastic=ElasticSqueezeExcitation, cost=_se_cost)
