"""A trained network's last layer for the joints of another data set."""
# Shapes: K joints, C channels.

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

FINAL_LAYER = ("final.weight", "final.bias")  # (K, C, 1, 1) and (K,): a row is a joint's heatmap
STAND_IN = {"head_bottom": "nose", "head_top": "nose"}  # PoseTrack18's, which COCO does not label


def with_joints_of(
    weights: Mapping[str, Tensor], trained: Sequence[str], wanted: Sequence[str]
) -> dict[str, Tensor]:
    """The weights with the last layer's rows in the order of `wanted`; all other layers are kept.

    A joint that `trained` has is copied by its name, wherever it stands. Of the others, head_bottom and
    head_top start as the nose, the joint of the head that lies between them; any other starts with zeros,
    which draw an empty heatmap. Copying rows by their number instead would start head_bottom and head_top as
    COCO's left and right eye, of which only one side of the face is right.
    """
    return {
        name: _rows(tensor, trained, wanted) if name in FINAL_LAYER else tensor
        for name, tensor in weights.items()
    }


def _rows(tensor: Tensor, trained: Sequence[str], wanted: Sequence[str]) -> Tensor:
    if len(trained) != len(tensor):
        raise ValueError(f"{len(tensor)} joints were trained, but {len(trained)} are named: {trained}")
    rows = tensor.new_zeros((len(wanted), *tensor.shape[1:]))
    for row, name in enumerate(wanted):
        source = name if name in trained else STAND_IN.get(name)
        if source in trained:
            rows[row] = tensor[trained.index(source)]
    return rows
