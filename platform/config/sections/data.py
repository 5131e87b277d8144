"""The people to learn from, and the supernet with its input."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, final

from annotated_types import Ge, Gt

from workers.data.synthetic.config import SyntheticConfig


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which people to train on and to score on."""

    root: Path | None = None
    """Folder in COCO's layout (train2017/, val2017/, annotations/); without it a data set is made."""
    train_split: str = "train2017"
    """Folder of images; the annotations are annotations/person_keypoints_SPLIT.json."""
    val_split: str = "val2017"
    """Folder of images to score subnets on, likewise."""
    skeleton: Path | None = None
    """Left-right pairs, OKS sigmas and halves of the body of root's joints, where their names do not say
    them; python -m platform.convert skeleton writes such a file."""
    made: SyntheticConfig = field(default_factory=SyntheticConfig)
    """What to draw when there is no root."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceConfig:
    """Which supernet, on which input."""

    name: str = "mobilenetv3"
    """One of spaces/registry.py: mobilenetv3, mobilenetv3-small, resnet50, hrnet-w32."""
    input_hw: tuple[Annotated[int, Ge(1)], Annotated[int, Ge(1)]] = (256, 192)
    """Height and width of the cropped person, pixels."""
    sigma_cells: Annotated[float, Gt(0)] = 2.0
    """Standard deviation of a joint's Gaussian, heatmap cells of 4 x 4 input pixels."""
