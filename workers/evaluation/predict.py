"""Keypoints in image pixels from prepared crops."""

# Shapes: N people, B batch, K joints, H/W input pixels, h/w heatmap cells.
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from workers.data.codec import Codec
from workers.data.crop import invert_affine
from workers.data.skeleton import COCO17, Skeleton
from workers.errors import TrainingError
from workers.evaluation.crops import ValidationCrops
from workers.evaluation.fold import norms_folded
from workers.evaluation.inputs import device_of, for_evaluation, network_input


def predict_keypoints(
    network: nn.Module,
    crops: ValidationCrops,
    codec: Codec,
    batch_size: int,
    flip_test: bool = False,
    skeleton: Skeleton = COCO17,
    people: range | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, K, 2) float64 in image px and their scores (N, K): the network in eval mode, decoded.

    `flip_test` averages with the mirrored crop's heatmaps; `people` are row numbers, by default all. Raises
    TrainingError when heatmaps are not finite: pycocotools would count such poses as right.
    """
    for_evaluation(network)
    people = range(len(crops)) if people is None else people
    with norms_folded(network):
        batches = (crops.images[rows] for rows in _batches(people, batch_size))
        decoded = [codec.decode(_heatmaps(network, batch, flip_test, skeleton)) for batch in batches]
    points, keypoint_scores = (np.concatenate(parts) for parts in zip(*decoded, strict=True))
    if not np.isfinite(keypoint_scores).all():
        raise TrainingError(
            "heatmaps must be finite, the network gave NaN or infinity. "
            "The weights have diverged: train again with a smaller learning rate."
        )
    return to_image_px(points, crops.affines[people.start : people.stop]), keypoint_scores


def _batches(people: range, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, people.stop)) for start in range(people.start, people.stop, size))


def to_image_px(points: np.ndarray, affines: np.ndarray) -> np.ndarray:
    """Points (N, K, 2) in input px, each row taken back by the inverse of its affine (N, 2, 3)."""
    inverse = np.stack([invert_affine(affine) for affine in affines])
    moved: np.ndarray = points @ inverse[:, :, :2].transpose(0, 2, 1) + inverse[:, None, :, 2]
    return moved


def merge_flipped(
    heatmaps: Float[Tensor, "B K h w"], of_mirrored: Float[Tensor, "B K h w"], flip_order: Tensor
) -> Float[Tensor, "B K h w"]:
    """Mean with the mirrored crop's maps, turned back and shifted right one cell (design section 5).

    The shift aligns them: the codec's cell c is the pixels 4c-2 to 4c+1, which mirrored are those of cell
    w-c, and that turned back is c-1. The first column stays.
    """
    back = of_mirrored.flip(-1)[:, flip_order]
    shifted = torch.cat([back[..., :1], back[..., :-1]], dim=-1)
    return (heatmaps + shifted) / 2


@torch.inference_mode()
def _heatmaps(network: nn.Module, images: np.ndarray, flip_test: bool, skeleton: Skeleton) -> np.ndarray:
    inputs = network_input(network, images)
    heatmaps = network(inputs)
    if flip_test:
        of_mirrored = network(inputs.flip(-1).contiguous(memory_format=torch.channels_last))
        flip_order = torch.from_numpy(skeleton.flip_order).to(device_of(network))
        heatmaps = merge_flipped(heatmaps, of_mirrored, flip_order)
    result: np.ndarray = heatmaps.cpu().numpy()
    return result
