"""Good weights in every wrapping that trainings leave on a disk, and words for what holds none."""

from __future__ import annotations

import pickle
import struct
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from spaces.published import find_published
from tests.workers.weights.filling import fill
from workers.errors import DataError
from workers.weights.released import load_released, read_checkpoint, to_released


class Pose(nn.Module):
    """A module with MMPose's names in small."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"conv1": nn.Conv2d(3, 4, 3), "bn1": nn.BatchNorm2d(4)})
        self.head = nn.ModuleDict({"final_layer": nn.Conv2d(4, 2, 1)})
        fill(self, seed)


STATE = Pose().state_dict()
OTHER = Pose(1).state_dict()


def named(before: str, state: Mapping[str, Tensor] = STATE) -> dict[str, Tensor]:
    return {f"{before}{name}": tensor for name, tensor in state.items()}


def untracked(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith("tracked")}


def trained() -> dict[str, Any]:
    """A whole training's state, with the optimizer's tensors and another network's best ones."""
    network = Pose()
    optimizer = torch.optim.Adam(network.parameters())
    (network.backbone["conv1"](torch.ones(1, 3, 4, 4)).sum()).backward()
    optimizer.step()
    network.load_state_dict(STATE)
    return {
        "optimizer": optimizer.state_dict(), "state_dict": STATE, "best_state_dict": OTHER, "epoch": 3,
        "meta": {"time": np.float64(3), "sigmas": np.full(17, 0.05), "path": Path("a/b")},
        "param_schedulers": [{"last_step": 3}], "message_hub": {"runtime": OrderedDict(iter=3)},
    }  # fmt: skip


WRAPPED = {
    "alone": STATE,
    "in a dictionary of an order": OrderedDict(STATE),
    "a whole training": trained(),
    "under model": {"model": STATE, "epoch": 3},
    "under network": {"network": STATE},
    "under params": {"params": STATE},
    "two levels down": {"checkpoint": {"model": STATE}},
    "beside a number": {**STATE, "epoch": 3, "lr": 0.1},
    "parallel": named("module."),
    "compiled": named("_orig_mod."),
    "compiled and parallel": named("_orig_mod.module."),
    "a backbone compiled": {
        name.replace("backbone.", "backbone._orig_mod."): each for name, each in STATE.items()
    },
    "in a Lightning module": {"state_dict": named("model."), "pytorch-lightning_version": "2.0"},
    "in two modules": named("pose.net."),
    "averaged beside": {"state_dict": STATE, "ema_state_dict": named("module.", OTHER)},
    "averaged first": {"ema_state_dict": OTHER, "model": STATE},
    "averaged in one dictionary": named("model.") | named("ema_model.module.", OTHER),
    "averaged alone": {"ema_state_dict": {**named("module."), "steps": torch.tensor(3)}},
    "averaged with a counter": AveragedModel(Pose()).state_dict(),
    "averaged by MMCV": {
        **STATE, **{f"ema_{name.replace('.', '_')}": each for name, each in untracked(OTHER).items()}
    },
    "a teacher beside": named("student.") | named("teacher.", OTHER),
    "parameters": dict(Pose().named_parameters()) | dict(Pose().named_buffers()),
    "in double precision": {name: each.double() for name, each in STATE.items()},
    "channels last": {
        name: each.contiguous(memory_format=torch.channels_last) if each.dim() == 4 else each
        for name, each in STATE.items()
    },
    "a module saved whole": Pose(),
    "a parallel module saved whole": {"model": nn.DataParallel(Pose())},
}  # fmt: skip


def written(folder: Path, value: Any, how: str) -> Path:
    path = folder / "w.pth"
    if how == "plain pickle":
        path.write_bytes(pickle.dumps(value))
    else:
        torch.save(value, path, _use_new_zipfile_serialization=how == "archive")
    return path


FORMS = [("archive", name) for name in WRAPPED] + [
    (how, name)
    for how in ("before 1.6", "plain pickle")
    for name in ("a whole training", "a module saved whole")
]


@pytest.mark.parametrize(("how", "name"), FORMS)
def test_weights_are_found_whatever_lies_around_them(name: str, how: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, on how it writes modules whole
        path = written(tmp_path, WRAPPED[name], how)

    tensors = read_checkpoint(path)

    assert set(tensors) == set(STATE)
    for key, tensor in tensors.items():
        assert torch.equal(tensor, STATE[key].to(tensor.dtype)), key
        assert tensor.dtype == torch.float32 or key.endswith("tracked")
        assert tensor.is_contiguous()


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(kind: torch.dtype, tmp_path: Path) -> None:
    half = {name: tensor.to(kind) for name, tensor in STATE.items()}
    torch.save(half, tmp_path / "half.pth")

    for name, tensor in untracked(read_checkpoint(tmp_path / "half.pth")).items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, half[name].float())


def test_tensors_of_a_graphics_card_are_read_on_any_machine(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "cpu.pth")
    with ZipFile(tmp_path / "cpu.pth") as file, ZipFile(tmp_path / "cuda.pth", "w", ZIP_DEFLATED) as copy:
        for name in file.namelist():
            told = file.read(name)
            copy.writestr(name, told.replace(b"\x03\0\0\0cpu", b"\x06\0\0\0cuda:7"))

    assert b"cuda:7" in ZipFile(tmp_path / "cuda.pth").read("cpu/data.pkl")
    assert torch.equal(
        read_checkpoint(tmp_path / "cuda.pth")["backbone.conv1.weight"], STATE["backbone.conv1.weight"]
    )


@pytest.mark.parametrize("published", ["s-vipnas-res50", "s-vipnas-mbv3"])
def test_a_network_needs_no_counters_and_takes_an_average_that_is_alone(published: str) -> None:
    space, architecture = find_published(published)
    state = to_released(fill(space.network(architecture)), architecture)
    ema = {f"ema_{name.replace('.', '_')}": tensor for name, tensor in untracked(state).items()}
    preprocessor = {"data_preprocessor.mean": torch.tensor([123.675, 116.28, 103.53]).reshape(3, 1, 1)}

    for tensors in (untracked(state), ema, state | preprocessor):
        loaded = to_released(load_released(space, architecture, tensors), architecture)
        assert all(torch.equal(loaded[name], tensor) for name, tensor in untracked(state).items())
    with pytest.raises(DataError, match=r"must have been normalised with the mean .*\[0\.5, 0\.5, 0\.5\]"):
        load_released(space, architecture, state | {"data_preprocessor.mean": torch.full((3,), 0.5)})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (named("a.") | named("b.", OTHER), "but 'backbone.bn1.bias' is there twice, behind 'a.'"),
        ({**STATE, "head.final_layer.bias": torch.full((2,), np.nan)}, r"finite weights, .*layer.bias'"),
        ({**STATE, "backbone.bn1.running_var": -torch.ones(4)}, r"variances of 0 or more, .*running_var"),
        ({**STATE, "head.final_layer.bias": torch.ones(2, dtype=torch.int8)}, "floating-point .* is int8"),
        ({**STATE, "head.final_layer.bias": torch.ones(2, dtype=torch.complex64)}, "ComplexFloatStorage"),
        ({**STATE, "head.final_layer.bias": torch.ones(2).to(torch.float8_e4m3fn)}, "float8_e4m3fn"),
        ({"weights": np.ones(3)}, "without tensors"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(value: Any, told: str, tmp_path: Path) -> None:
    torch.save(value, tmp_path / "odd.pth")

    with pytest.raises(DataError, match=told):
        read_checkpoint(tmp_path / "odd.pth")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a pointer of Git LFS"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n <HTML>", "a web page"),
        (b'{"message": "Not Found"}', "JSON"),
        (b"\x1f\x8b\x08\0", "compressed by gzip"),
        (b"", "it is empty"),
        (bytes(600), "full of zeros"),
        (b"\x93NUMPY\x01\0", "a NumPy array"),
        (b"\x40\0\0\0\0\0\0\0{" + b" " * 70, "a safetensors file by another name"),
        (b"\x80\x02", "cut short, damaged or another file"),
        (pickle.dumps([1, 2]), "holds a list"),
        (b"\x80\x02r\xff\xff\xff\x7f.", "cut short, damaged"),
        (b"\x80\x04\x96" + struct.pack("<Q", 1 << 60) + b".", "cut short, damaged"),
        (b"\x80\x02" + b"]q\0" + b"h\0h\0\x86q\0" * 300 + b"K\x01s.", "cut short, damaged|holds a"),
    ],
)
def test_another_file_is_called_what_it_is(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "other.pth").write_bytes(content)

    with pytest.raises(DataError, match=told):
        read_checkpoint(tmp_path / "other.pth")


def test_a_folder_and_a_torchscript_program_are_called_so(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "script.pth", "w") as file:
        file.writestr("script/data.pkl", pickle.dumps({}))
        file.writestr("script/constants.pkl", pickle.dumps(()))

    with pytest.raises(DataError, match="TorchScript"):
        read_checkpoint(tmp_path / "script.pth")
    with pytest.raises(DataError, match=r"must be a readable PyTorch checkpoint, but: .*directory"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("how", ["archive", "before 1.6"])
def test_a_file_cut_anywhere_is_refused(how: str, tmp_path: Path) -> None:
    whole = written(tmp_path, STATE, how).read_bytes()
    for length in range(1, len(whole) - 1, max(1, len(whole) // 40)):
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cut\.pth "):
            read_checkpoint(tmp_path / "cut.pth")
