"""ONNX export of a plain network to one file, kept only if ONNX Runtime gives PyTorch's output with it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import nn

from spaces.streams import Stream, torch_generator
from workers.errors import DataError
from workers.files import whole_file

OPSET = 18  # the one that PyTorch's exporter is written for: no conversion afterwards
GATE = 1e-3  # relative; runtimes differ by up to 1e-4 (they sum in another order)
INPUT, OUTPUT = "image", "heatmaps"
CHECKED_BATCHES = (1, 3)  # two sizes: the batch must be free


@final
@dataclass(frozen=True, slots=True)
class OnnxCheck:
    """How the file's output stands to PyTorch's, on random inputs."""

    difference: float  # largest absolute
    relative: float  # the same, by the largest absolute value of PyTorch's output
    sensitivity: float  # largest change of PyTorch's output between inputs, by the same; 0 checks nothing


def export_onnx(
    path: Path, network: nn.Module, input_hw: tuple[int, int], metadata: Mapping[str, str] | None = None
) -> OnnxCheck:
    """Writes `network` in eval mode as ONNX: 'image' float32 (batch, 3, H, W) -> 'heatmaps' (batch, K, h, w).

    The weights lie inside the file, so it stays below the format's 2 GB. Raises DataError, and keeps nothing,
    when ONNX Runtime's output differs from PyTorch's by more than `GATE`.
    """
    training = network.training
    network.eval()
    try:
        with whole_file(path) as draft:
            _write(draft, network, input_hw, metadata or {})
            onnx.checker.check_model(str(draft), full_check=True)
            check = compare_outputs(draft, network, input_hw)
            if not check.relative <= GATE:
                raise DataError(
                    f"{path.name} must repeat PyTorch's output within {GATE:g} in ONNX Runtime, but it "
                    f"differs by {check.relative:.2g}. It was not kept: the weights are not finite, or let "
                    "signals grow until single precision loses them. Train further, or recalibrate BatchNorm."
                )
    finally:
        network.train(training)
    return check


@torch.no_grad()
def compare_outputs(path: Path, network: nn.Module, input_hw: tuple[int, int], seed: int = 0) -> OnnxCheck:
    """The file in ONNX Runtime against the network, on standard normal inputs."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    generator = torch_generator(Stream.EXPORT_CHECK, seed)
    images = [torch.randn(batch, 3, *input_hw, generator=generator) for batch in CHECKED_BATCHES]
    ours = np.concatenate([network(image).numpy() for image in images])
    theirs = np.concatenate([session.run([OUTPUT], {INPUT: image.numpy()})[0] for image in images])
    difference = float(np.abs(theirs - ours).max())
    scale = max(float(np.abs(ours).max()), float(np.finfo(np.float32).tiny))
    return OnnxCheck(difference, difference / scale, float(np.ptp(ours, axis=0).max()) / scale)


def _write(path: Path, network: nn.Module, input_hw: tuple[int, int], metadata: Mapping[str, str]) -> None:
    example = torch.zeros(2, 3, *input_hw)  # 1 would be taken for a constant
    with _exporter_quiet(), torch.no_grad():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            input_names=[INPUT],
            output_names=[OUTPUT],
            verbose=False,
        )
    assert program is not None
    for node in program.model.graph:
        node.metadata_props.clear()  # stack traces, with this machine's paths
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


@contextmanager
def _exporter_quiet() -> Iterator[None]:
    """Silences what the exporter says of torchvision, which is not needed, and of its own old calls."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
            yield
    finally:
        logger.setLevel(level)
