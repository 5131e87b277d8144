"""Given weights put into a network: what fits by name and shape, and in a supernet as its leading part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from torch import Tensor

from spaces.layers.deconv import to_filters

COUNTER = "num_batches_tracked"  # of BatchNorm: no output depends on it
_DECONV, _NORM = "conv.weight", "norm.weight"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Names of tensors, BatchNorm's counters left out: of a network's own, and of those given."""

    loaded: tuple[str, ...]
    missing: tuple[str, ...]  # a network's, not given
    of_another_shape: tuple[str, ...]  # given, but of no shape that fits
    unused: tuple[str, ...]  # given, but of no name that the network has

    @property
    def total(self) -> int:
        """Tensors of the network."""
        return len(self.loaded) + len(self.missing) + len(self.of_another_shape)


def match_tensors(own: Mapping[str, Tensor], given: Mapping[str, Tensor], *, leading: bool = False) -> Match:
    """Which of the `given` tensors `filled` takes; the values are not looked at, so `own` may be on meta.

    With `leading`, for weights that are shared, a tensor fits that is smaller.
    """
    kept = [name for name in own if not name.endswith(COUNTER)]
    common = [name for name in kept if name in given]
    fitting = {name for name in common if _place(own[name], given[name], leading) is not None}
    return Match(
        loaded=tuple(name for name in common if name in fitting),
        missing=tuple(name for name in kept if name not in given),
        of_another_shape=tuple(name for name in common if name not in fitting),
        unused=tuple(name for name in given if name not in own and not name.endswith(COUNTER)),
    )


def filled(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], *, leading: bool = False
) -> dict[str, Tensor]:
    """The network's own tensors with those `given` in their place, whole, or with `leading` in part of it.

    A smaller filter becomes the first filters, the first inputs and the centre of the kernel, which is what
    `extract` takes for an architecture as small. What does not fit is left out, see `match_tensors`.
    """
    state = {name: tensor.clone() for name, tensor in own.items()}
    for name, tensor in given.items():
        place = _place(own[name], tensor, leading) if name in own else None
        if place is not None:
            state[name][place] = tensor
    return state


def shared_layout(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A plain network's tensors as a supernet of its space keeps them: deconvolutions as filters.

    A deconvolution's groups follow from its weight (I, O/G, K, K) and the O of the normalisation behind it.
    """
    shared = dict(tensors)
    for name, weight in tensors.items():
        norm = tensors.get(f"{name.removesuffix(_DECONV)}{_NORM}")
        if not ("deconvs." in name and name.endswith(_DECONV)) or norm is None or weight.dim() != 4:
            continue
        groups, left = divmod(norm.numel(), weight.shape[1])
        if not left and groups and weight.shape[0] % groups == 0:
            shared[name] = to_filters(weight, groups)
    return shared


def _place(own: Tensor, given: Tensor, leading: bool) -> tuple[slice, ...] | None:
    """The part of `own` that the given tensor fills; None where it does not fit."""
    if own.shape == given.shape:
        return (slice(None),) * own.dim()
    if not leading or own.dim() != given.dim():
        return None
    margins = [most - size for most, size in zip(own.shape, given.shape, strict=True)]
    kernel = margins[2:] if own.dim() == 4 else []
    if min(margins) < 0 or any(margin % 2 for margin in kernel) or (own.dim() == 3 and any(margins[1:])):
        return None
    begins = [0, 0, *(margin // 2 for margin in kernel)]
    return tuple(slice(begin, begin + size) for begin, size in zip(begins, given.shape, strict=False))
