from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import torch

from workers.errors import TrainingError
from workers.training.checkpoints import CheckpointStore


def state(step: int) -> dict[str, Any]:
    return {"supernet": {"weight": torch.full((4, 4), float(step))}, "step": step}


def store(folder: Path, keep: int = 2, **metrics: list[float]) -> CheckpointStore:
    """Checkpoints before steps 1, 2, 3, ... with the given metrics, all of one length."""
    made = CheckpointStore(f"file://{folder}", keep)
    for step in range(1, 1 + max((len(values) for values in metrics.values()), default=0)):
        made.save(step, state(step), {name: values[step - 1] for name, values in metrics.items()})
    return made


def resumed(one: CheckpointStore) -> tuple[int | None, list[str]]:
    said: list[str] = []
    found = one.newest(said.append)
    if found is not None:
        assert torch.equal(found.state["supernet"]["weight"], state(found.step)["supernet"]["weight"])
    return (found.step if found else None), said


def test_the_newest_of_whole_checkpoints_is_taken_in_silence(tmp_path: Path) -> None:
    assert resumed(store(tmp_path, loss=[3, 2, 1])) == (3, [])


def test_an_empty_storage_holds_nothing(tmp_path: Path) -> None:
    assert resumed(store(tmp_path / "new")) == (None, [])


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_truncated_newest_checkpoint_is_passed_over_with_a_line(tmp_path: Path, cut: int) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    newest = tmp_path / "step-000000003.pt"
    whole = newest.read_bytes()
    newest.write_bytes(whole[:cut])
    step, (line,) = resumed(one)
    assert step == 2
    assert "step-000000003 is damaged" in line
    assert f"({len(whole[:cut])} bytes of {len(whole)})" in line


def test_one_changed_byte_is_noticed(tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    newest = tmp_path / "step-000000003.pt"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    step, (line,) = resumed(one)
    assert step == 2
    assert "checksum" in line


@pytest.mark.parametrize("manifest", [None, "", "{", '{"step": 3}', "[]"])
def test_a_state_whose_manifest_was_never_finished_is_no_checkpoint(
    tmp_path: Path, manifest: str | None
) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    path = tmp_path / "step-000000003.json"
    path.unlink()
    if manifest is not None:
        path.write_text(manifest)
    step, said = resumed(one)
    assert step == 2
    assert len(said) == 1


def test_damage_everywhere_is_said_of_each_and_nothing_is_resumed(tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    for path in tmp_path.glob("*.pt"):
        path.write_bytes(b"")
    step, said = resumed(one)
    assert step is None
    assert len(said) == 2


def test_the_last_ones_and_the_one_of_least_loss_stay(tmp_path: Path) -> None:
    one = store(tmp_path, keep=2, loss=[3, 1, 2, 4, 5])
    assert one.steps() == [2, 4, 5]
    assert one.best() == 2


def test_validation_decides_before_loss(tmp_path: Path) -> None:
    one = store(tmp_path, keep=1, loss=[1, 2, 3], ap=[0.1, 0.3, 0.2])
    assert one.best() == 2
    assert one.steps() == [2, 3]


def test_damaged_checkpoints_do_not_crowd_out_whole_ones_after_resuming(tmp_path: Path) -> None:
    one = store(tmp_path, keep=2, loss=[3, 2, 1])
    (tmp_path / "step-000000003.pt").write_bytes(b"")
    one.forget_after(2)
    assert one.steps() == [2]
    assert not list(tmp_path.glob("step-000000003.*"))


def test_writing_a_step_again_replaces_it(tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2])
    (tmp_path / "step-000000002.pt").write_bytes(b"")
    one.save(2, state(2), {"loss": 2})
    assert resumed(one) == (2, [])


def test_a_path_and_its_uri_are_one_storage(tmp_path: Path) -> None:
    store(tmp_path, loss=[1])
    assert resumed(CheckpointStore(str(tmp_path), 2)) == (1, [])
    assert json.loads((tmp_path / "step-000000001.json").read_text())["metrics"] == {"loss": 1}


@pytest.mark.parametrize("uri", ["ftp://host/runs", "relative/folder", "file:///proc/nowhere"])
def test_a_storage_that_cannot_be_is_refused_with_its_name(uri: str) -> None:
    with pytest.raises(TrainingError, match=f"checkpoints need a folder .* but {uri}"):
        CheckpointStore(uri, 2)


def test_files_that_are_no_checkpoints_are_left_alone(tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    for name in ("step-000000003 copy.pt", "step-x.pt", "._step-000000009.pt", ".DS_Store", "step-7.txt"):
        (tmp_path / name).write_bytes(b"\0")
    assert one.steps() == [2, 3]
    assert resumed(one) == (3, [])


@pytest.mark.parametrize("manifest", ["[]", "null", "{}", "[" * 5000, '{"step": 3, "size_bytes": "many"}'])
def test_a_manifest_of_another_kind_is_damage(manifest: str, tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    (tmp_path / "step-000000003.json").write_text(manifest)
    step, (line,) = resumed(one)
    assert step == 2
    assert "step-000000003 is damaged (its manifest cannot be read" in line
    assert one.best() == 2


def test_a_folder_in_the_place_of_a_checkpoint_is_damage(tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    (tmp_path / "step-000000003.pt").unlink()
    (tmp_path / "step-000000003.pt").mkdir()
    step, (line,) = resumed(one)
    assert step == 2
    assert "step-000000003.pt is missing" in line


def vouch_for(folder: Path, step: int, content: bytes) -> None:
    """Puts another file in a checkpoint's place, with a manifest of its own."""
    path = folder / f"step-{step:09d}.pt"
    path.write_bytes(content)
    facts = {"step": step, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(facts))


def compressed(content: bytes) -> bytes:
    """The same archive, its records deflated."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for record in old.infolist():
            new.writestr(record.filename, old.read(record), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def test_a_file_that_unpacks_to_more_than_it_is_is_not_loaded(tmp_path: Path) -> None:
    one, saved = store(tmp_path, loss=[3, 2, 1]), io.BytesIO()
    torch.save({"supernet": {"weight": torch.zeros(10_000)}}, saved)
    vouch_for(tmp_path, 3, compressed(saved.getvalue()))
    step, (line,) = resumed(one)
    assert step == 2
    assert "it would unpack to" in line


@pytest.mark.parametrize("kind", ["object", "no archive", "no value"])
def test_what_somebody_else_vouches_for_and_is_no_state_is_damage(tmp_path: Path, kind: str) -> None:
    one, saved = store(tmp_path, loss=[3, 2, 1]), io.BytesIO()
    if kind == "object":  # which PyTorch would have to import a class for
        torch.save({"supernet": PurePosixPath("a")}, saved)
    elif kind == "no value":  # a pickle that asks for what it never stored
        with zipfile.ZipFile(saved, "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02h\x07.")
            archive.writestr("archive/version", b"3\n")
            archive.writestr("archive/byteorder", b"little")
    else:
        saved.write(kind.encode())
    vouch_for(tmp_path, 3, saved.getvalue())
    step, (line,) = resumed(one)
    assert step == 2
    assert "step-000000003 is damaged (it holds no training's state: " in line


def test_a_manifest_of_megabytes_is_not_read(tmp_path: Path) -> None:
    one = store(tmp_path, loss=[3, 2, 1])
    (tmp_path / "step-000000003.json").write_text(" " * (2 << 20) + "{}")
    step, (line,) = resumed(one)
    assert step == 2
    assert "its manifest has 2,097,154 bytes" in line
