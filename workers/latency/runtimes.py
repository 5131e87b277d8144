"""What can run a network on a processor, by name: each makes a function that runs one image once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import onnxruntime as ort
import torch
from torch import nn

from spaces.streams import Stream, torch_generator
from workers.errors import DataError
from workers.evaluation.fold import folded
from workers.latency.quick_onnx import quick_onnx
from workers.weights.onnx_export import INPUT, OUTPUT

ForwardPass = Callable[[], object]  # one forward pass of one image


@final
@dataclass(frozen=True, slots=True)
class Runtime:
    """`prepare(network, input_hw, threads)` leaves all work but the forward pass behind it."""

    name: str
    version: str
    prepare: Callable[[nn.Module, tuple[int, int], int], ForwardPass]


def _torch(network: nn.Module, input_hw: tuple[int, int], threads: int) -> ForwardPass:
    """Eager, channels_last. PyTorch's threads are the process's: see `computing_on`."""
    ready = folded(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = _image(input_hw).contiguous(memory_format=torch.channels_last)

    def run() -> object:
        with torch.inference_mode():
            return ready(image)

    return run


def _onnxruntime(network: nn.Module, input_hw: tuple[int, int], threads: int) -> ForwardPass:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    model = quick_onnx(folded(network), input_hw)
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = {INPUT: _image(input_hw).numpy()}
    return lambda: session.run([OUTPUT], inputs)


def _image(input_hw: tuple[int, int]) -> torch.Tensor:
    return torch.randn(1, 3, *input_hw, generator=torch_generator(Stream.TIMED_IMAGE, seed=0))


RUNTIMES: Mapping[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Runtime("onnxruntime", ort.__version__, _onnxruntime),
        Runtime("torch", torch.__version__, _torch),
    )
}


def find_runtime(name: str) -> Runtime:
    """The named runtime; DataError lists the known ones."""
    if name not in RUNTIMES:
        raise DataError(f"no runtime {name!r}; the known ones are: {', '.join(RUNTIMES)}")
    return RUNTIMES[name]
