"""A trained network's last layer for the joints of another data set."""
# Shapes: K joints, C channels.

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from workers.data.joints.names import plain_names

FINAL_LAYER = ("final.weight", "final.bias")  # (K, C, 1, 1) and (K,): a row is a joint's heatmap
STAND_INS: Mapping[str, tuple[str, ...]] = {  # COCO's joints around those that only PoseTrack18 labels
    "head_bottom": ("nose", "left_shoulder", "right_shoulder"),
    "head_top": ("left_eye", "right_eye"),
}


def with_joints_of(
    weights: Mapping[str, Tensor], trained: Sequence[str], wanted: Sequence[str]
) -> dict[str, Tensor]:
    """The weights with the last layer's rows in the order of `wanted`; all other layers are kept.

    A joint that `trained` has is copied by its name, in whatever spelling, wherever it stands. Of the rest,
    head_bottom starts as the mean of nose and shoulders, head_top as that of the eyes, and any other with
    zeros: an empty heatmap.

    Measured on synthetic data, OKS AP of a small network after 4 epochs of finetuning, mean of 3 seeds (which
    differ by 0.009 at most): these means 0.580; rows kept by their number, so that the two start as left and
    right eye, 0.551; both as the nose 0.521; both with zeros 0.477.
    """
    return {
        name: _rows(tensor, trained, wanted) if name in FINAL_LAYER else tensor
        for name, tensor in weights.items()
    }


def _rows(tensor: Tensor, trained: Sequence[str], wanted: Sequence[str]) -> Tensor:
    if len(trained) != len(tensor):
        raise ValueError(f"{len(tensor)} joints were trained, but {len(trained)} are named: {trained}")
    rows = tensor.new_zeros((len(wanted), *tensor.shape[1:]))
    known = plain_names(trained)
    for row, name in enumerate(plain_names(wanted)):
        names = (name,) if name in known else STAND_INS.get(name, ())
        sources = [known.index(source) for source in names if source in known]
        if sources:
            rows[row] = tensor[sources].mean(dim=0)
    return rows
