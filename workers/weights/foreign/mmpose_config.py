"""A configuration file of MMPose 1.x beside weights in its names: model, codec, joints, pipelines, data."""

from __future__ import annotations

from collections.abc import Mapping
from pprint import pformat
from typing import Any, final

from spaces.architecture import Architecture
from spaces.space import SearchSpace
from workers.data.normalise import MEAN_RGB, STD_RGB
from workers.data.skeleton import COCO17, Skeleton
from workers.weights.foreign.mmpose_model import mmpose_model

SIGMA_CELLS = 2  # of the targets, for a training there; what is predicted does not depend on it
DATA_ROOT = "data/coco/"
ORANGE, GREEN = [255, 128, 0], [0, 255, 0]


@final
class _Name:
    """Another value of the file, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def mmpose_config(space: SearchSpace, architecture: Architecture, skeleton: Skeleton, checkpoint: str) -> str:
    """The text of the file, plain Python without imports; `checkpoint` is the name of the weights' file.

    Raises DataError where MMPose's classes cannot express the architecture.
    """
    values = {
        "default_scope": "mmpose",
        "codec": _codec(space),
        "model": _model(space, architecture),
        "dataset_info": _dataset_info(skeleton),
        "data_root": DATA_ROOT,
        "train_pipeline": _pipeline(training=True),
        "val_pipeline": _pipeline(training=False),
        "train_dataloader": _loader("train", batch_size=64),
        "val_dataloader": _loader("val", batch_size=32),
        "test_dataloader": _Name("val_dataloader"),
        "val_evaluator": {"type": "CocoMetric", "ann_file": f"{DATA_ROOT}{_annotations('val')}"},
        "test_evaluator": _Name("val_evaluator"),
        **_training(),
        **_runtime(),
        "load_from": checkpoint,
        "resume": False,
    }
    written = (f"{name} = {pformat(value, sort_dicts=False, width=110)}" for name, value in values.items())
    return "\n\n".join((_heading(architecture, checkpoint), *written)) + "\n"


def _heading(architecture: Architecture, checkpoint: str) -> str:
    return (
        f"# MMPose 1.x: {architecture.key}, weights in {checkpoint}.\n"
        "# People come from labelled boxes; the folders are COCO's: for others change data_root and files."
    )


def _codec(space: SearchSpace) -> dict[str, Any]:
    height, width = space.input_hw
    return {
        "type": "MSRAHeatmap",
        "input_size": (width, height),
        "heatmap_size": (width // 4, height // 4),
        "sigma": SIGMA_CELLS,
    }


def _model(space: SearchSpace, architecture: Architecture) -> dict[str, Any]:
    parts = mmpose_model(space, architecture)
    loss = {"type": "KeypointMSELoss", "use_target_weight": True}
    return {
        "type": "TopdownPoseEstimator",
        "data_preprocessor": {
            "type": "PoseDataPreprocessor",
            "mean": list(MEAN_RGB),
            "std": list(STD_RGB),
            "bgr_to_rgb": True,
        },
        "backbone": parts["backbone"],
        "head": parts["head"] | {"loss": loss, "decoder": _Name("codec")},
        "test_cfg": {"flip_test": True, "flip_mode": "heatmap", "shift_heatmap": True},
    }


def _dataset_info(skeleton: Skeleton) -> dict[str, Any]:
    names, order, upper = skeleton.names, skeleton.flip_order, skeleton.upper_body
    return {
        "dataset_name": "coco" if names == COCO17.names else "exported",
        "keypoint_info": {
            number: {
                "name": name,
                "id": number,
                "color": ORANGE,
                "type": "upper" if upper[number] else "lower",
                "swap": names[order[number]] if order[number] != number else "",
            }
            for number, name in enumerate(names)
        },
        "skeleton_info": {
            number: {"link": (names[one], names[other]), "id": number, "color": GREEN}
            for number, (one, other) in enumerate(skeleton.links)
        },
        "joint_weights": [1.0] * len(names),
        "sigmas": list(skeleton.oks_sigmas),
    }


def _pipeline(*, training: bool) -> list[dict[str, Any]]:
    """The paper's augmentation in training: rotation and flip."""
    size = _Name("codec['input_size']")
    drawn = [
        {"type": "RandomFlip", "direction": "horizontal"},
        {"type": "RandomBBoxTransform", "shift_prob": 0.0, "scale_factor": (1.0, 1.0), "rotate_factor": 40},
    ]
    target = {"type": "GenerateTarget", "encoder": _Name("codec")}
    return [
        {"type": "LoadImage"},
        {"type": "GetBBoxCenterScale"},
        *(drawn if training else ()),
        {"type": "TopdownAffine", "input_size": size},
        *((target,) if training else ()),
        {"type": "PackPoseInputs"},
    ]


def _annotations(split: str) -> str:
    return f"annotations/person_keypoints_{split}2017.json"


def _loader(split: str, *, batch_size: int) -> dict[str, Any]:
    training = split == "train"
    return {
        "batch_size": batch_size,
        "num_workers": 2,
        "persistent_workers": True,
        "sampler": {"type": "DefaultSampler", "shuffle": training}
        | ({} if training else {"round_up": False}),
        "dataset": {
            "type": "CocoDataset",
            "metainfo": _Name("dataset_info"),
            "data_root": _Name("data_root"),
            "data_mode": "topdown",
            "ann_file": _annotations(split),
            "data_prefix": {"img": f"{split}2017/"},
            "test_mode": not training,
            "pipeline": _Name(f"{split}_pipeline"),
        },
    }


def _training() -> Mapping[str, Any]:
    """The paper's recipe of one network (section 4.2)."""
    warm_up = {"type": "LinearLR", "begin": 0, "end": 500, "start_factor": 0.001, "by_epoch": False}
    drops = {"type": "MultiStepLR", "begin": 0, "end": 250, "milestones": [200, 230], "gamma": 0.1}
    return {
        "train_cfg": {"by_epoch": True, "max_epochs": 250, "val_interval": 10},
        "val_cfg": {},
        "test_cfg": {},
        "optim_wrapper": {"optimizer": {"type": "Adam", "lr": 1e-3}},
        "param_scheduler": [warm_up, drops | {"by_epoch": True}],
        "auto_scale_lr": {"base_batch_size": 512},
    }


def _runtime() -> Mapping[str, Any]:
    """What MMPose's own configurations take from a file that is not beside this one."""
    return {
        "default_hooks": _hooks(
            timer="IterTimerHook", logger="LoggerHook", param_scheduler="ParamSchedulerHook",
            checkpoint="CheckpointHook", sampler_seed="DistSamplerSeedHook",
            visualization="PoseVisualizationHook",
        ),
        "env_cfg": {
            "cudnn_benchmark": False,
            "mp_cfg": {"mp_start_method": "fork", "opencv_num_threads": 0},
            "dist_cfg": {"backend": "nccl"},
        },
        "vis_backends": [{"type": "LocalVisBackend"}],
        "visualizer": {
            "type": "PoseLocalVisualizer", "vis_backends": _Name("vis_backends"), "name": "visualizer",
        },
        "log_level": "INFO",
    }  # fmt: skip


def _hooks(**types: str) -> dict[str, dict[str, Any]]:
    more: Mapping[str, dict[str, Any]] = {
        "checkpoint": {"interval": 10, "save_best": "coco/AP", "rule": "greater"},
        "visualization": {"enable": False},
    }
    return {name: {"type": kind} | more.get(name, {}) for name, kind in types.items()}
