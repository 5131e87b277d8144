"""A plain network as ONNX in memory within a tenth of a second, for timing thousands of them.

PyTorch's own exporter takes seconds; it stays the one for files that people keep, with their free batch and
their check (workers/weights/onnx_export.py). The operators here are those that `spaces` is made of.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, fx, nn
from torch.nn import functional as F

from spaces.layers.grouped import GroupedConv2d
from workers.errors import DataError
from workers.weights.onnx_export import INPUT, OPSET, OUTPUT

IR_VERSION = 9  # of the file format that came with the operators' version


def quick_onnx(network: nn.Module, input_hw: tuple[int, int]) -> bytes:
    """`network` in eval mode as an ONNX model for one image: 'image' float32 (1, 3, H, W) -> 'heatmaps'.

    Raises DataError naming the first operator that it does not know.
    """
    network = _OfAnImage(network).eval()
    traced = fx.GraphModule(network, _Tracer().trace(network))
    writer = _Writer(dict(traced.named_modules()))
    with torch.no_grad():
        for node in traced.graph.nodes:
            writer.add(node)
    image = helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, [1, 3, *input_hw])
    heatmaps = helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(writer.nodes, "network", [image], [heatmaps], writer.constants)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION).SerializeToString()


@final
class _Tracer(fx.Tracer):
    """Does not look into a convolution of ours: ONNX has one operator for it."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, GroupedConv2d) or super().is_leaf_module(m, module_qualified_name)


@final
class _OfAnImage(nn.Module):
    """Hides the network's other arguments, whose defaults cannot be traced."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        heatmaps: Tensor = self.network(image)
        return heatmaps


@final
class _Writer:
    """Collects the ONNX nodes of a traced network in order."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self.modules = modules
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.names: dict[fx.Node, str] = {}  # of the value that a traced node became

    def add(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            self.names[node] = INPUT
        elif node.op == "output":
            self.emit("Identity", [self.of(node.args[0])], OUTPUT)
        elif node.op == "call_module":
            module = self.modules[str(node.target)]
            self.names[node] = self._write(MODULES, type(module), node, module)
        else:
            self.names[node] = self._write(FUNCTIONS, node.target, node, None)

    def _write(self, table: Mapping[Any, Write], kind: Any, node: fx.Node, module: Any) -> str:
        if kind not in table:
            known = sorted(getattr(one, "__name__", str(one)) for one in {**MODULES, **FUNCTIONS})
            raise DataError(
                f"the quick ONNX writer must know every operator, but {getattr(kind, '__name__', kind)} "
                f"(in {node.name}) is none of {', '.join(known)}. Add it to workers/latency/quick_onnx.py."
            )
        return table[kind](self, node, module)

    def of(self, value: Any) -> str:
        """The name of what an argument of a traced node is: another node's value, or a number."""
        if isinstance(value, fx.Node):
            return self.names[value]
        return self.constant(np.asarray(value, dtype=np.float32))

    def constant(self, value: np.ndarray | Tensor) -> str:
        name = f"c{len(self.constants)}"
        array = value.detach().numpy() if isinstance(value, Tensor) else value
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def emit(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output


Write = Callable[[_Writer, fx.Node, Any], str]


def _simple(kind: str) -> Write:
    """An operator with as many inputs as the traced call, and no attributes."""
    return lambda writer, node, _: writer.emit(kind, [writer.of(value) for value in node.args])


def _unary(kind: str) -> Write:
    """An operator on the call's first argument."""
    return lambda writer, node, _: writer.emit(kind, [writer.of(node.args[0])])


def _conv(writer: _Writer, node: fx.Node, conv: nn.Conv2d | nn.ConvTranspose2d) -> str:
    weights = [conv.weight] if conv.bias is None else [conv.weight, conv.bias]
    if isinstance(conv.padding, str):
        raise DataError(
            f"the quick ONNX writer must have padding in pixels, but {node.name}'s is {conv.padding!r}"
        )
    height, width = conv.padding
    return writer.emit(
        "ConvTranspose" if isinstance(conv, nn.ConvTranspose2d) else "Conv",
        [writer.of(node.args[0]), *map(writer.constant, weights)],
        kernel_shape=conv.kernel_size, strides=conv.stride, pads=[height, width, height, width],
        group=conv.groups, dilations=conv.dilation,
    )  # fmt: skip


def _batch_norm(writer: _Writer, node: fx.Node, norm: nn.BatchNorm2d) -> str:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    tensors = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    inputs = [writer.of(node.args[0]), *map(writer.constant, tensors)]
    return writer.emit("BatchNormalization", inputs, epsilon=norm.eps)


def _layer_norm(writer: _Writer, node: fx.Node, norm: nn.LayerNorm) -> str:
    inputs = [writer.of(node.args[0]), writer.constant(norm.weight), writer.constant(norm.bias)]
    return writer.emit("LayerNormalization", inputs, axis=-len(norm.normalized_shape), epsilon=norm.eps)


def _max_pool(writer: _Writer, node: fx.Node, pool: nn.MaxPool2d) -> str:
    kernel, stride, pad = pool.kernel_size, pool.stride, pool.padding
    return writer.emit(
        "MaxPool", [writer.of(node.args[0])], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4
    )


def _identity(writer: _Writer, node: fx.Node, _module: nn.Module) -> str:
    return writer.of(node.args[0])


def _flatten(writer: _Writer, node: fx.Node, _: None) -> str:
    """x.flatten(d): the first d sides stay, the rest become one."""
    kept: Any = node.args[1]
    shape = np.array([0] * kept + [-1])
    return writer.emit("Reshape", [writer.of(node.args[0]), writer.constant(shape)])


def _softmax(writer: _Writer, node: fx.Node, _: None) -> str:
    return writer.emit("Softmax", [writer.of(node.args[0])], axis=node.kwargs["dim"])


def _transpose(writer: _Writer, node: fx.Node, _: None) -> str:
    """Transposes the two last sides of (B, C, N), as Global Context does."""
    return writer.emit("Transpose", [writer.of(node.args[0])], perm=[0, 2, 1])


def _unsqueeze(writer: _Writer, node: fx.Node, _: None) -> str:
    return writer.emit("Unsqueeze", [writer.of(node.args[0]), writer.constant(np.array([node.args[1]]))])


def _global_mean(writer: _Writer, node: fx.Node, _: None) -> str:
    if node.args[1] != 1:
        raise DataError(f"the quick ONNX writer must pool to one pixel, but {node.name} has {node.args[1]}")
    return writer.emit("GlobalAveragePool", [writer.of(node.args[0])])


def _clamp(writer: _Writer, node: fx.Node, _: None) -> str:
    bounds = dict(zip(("min", "max"), node.args[1:], strict=False)) | node.kwargs
    return writer.emit("Clip", [writer.of(node.args[0]), writer.of(bounds["min"]), writer.of(bounds["max"])])


def _resize(writer: _Writer, node: fx.Node, _: None) -> str:
    """Nearest neighbour by a whole number."""
    factor = node.kwargs["scale_factor"]
    scales = writer.constant(np.array([1, 1, factor, factor], dtype=np.float32))
    return writer.emit(
        "Resize", [writer.of(node.args[0]), "", scales], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip


MODULES: Mapping[Any, Write] = {
    nn.Conv2d: _conv,
    GroupedConv2d: _conv,
    nn.ConvTranspose2d: _conv,
    nn.BatchNorm2d: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.MaxPool2d: _max_pool,
    nn.Identity: _identity,
    nn.ReLU: _unary("Relu"),
    nn.Hardswish: _unary("HardSwish"),
}
FUNCTIONS: Mapping[Any, Write] = {
    F.relu: _unary("Relu"),
    F.adaptive_avg_pool2d: _global_mean,
    F.interpolate: _resize,
    torch.matmul: _simple("MatMul"),
    operator.add: _simple("Add"),
    operator.mul: _simple("Mul"),
    operator.truediv: _simple("Div"),
    "flatten": _flatten,
    "softmax": _softmax,
    "transpose": _transpose,
    "unsqueeze": _unsqueeze,
    "clamp": _clamp,
}
