from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.data.batches.augment import Augmentation
from workers.data.batches.training_set import Batch, TrainingSet
from workers.data.coco import read_people
from workers.data.codec import Codec
from workers.errors import DataError
from workers.processes import Helper

CODEC = Codec((64, 48), sigma=1.5)
LIVELY = Augmentation(scale_fraction=0.3, half_body_probability=0.3)
ARRAYS = ("images", "targets", "weights")
DRIVER = """
import sys, time
from pathlib import Path
from workers.data.batches.augment import Augmentation
from workers.data.batches.training_set import TrainingSet
from workers.data.coco import read_people
from workers.data.codec import Codec

data = TrainingSet(read_people(Path(sys.argv[1]), "val2017"), Codec((64, 48)), Augmentation(), processes=2)
batches = data.batches(0, 0, 2)
next(batches)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def root(write_coco: Callable[..., Path]) -> Path:
    return write_coco(people=11)


def training_set(root: Path, processes: int, *, crop_cache: bool = False) -> TrainingSet:
    people = read_people(root, "val2017")
    return TrainingSet(people, CODEC, LIVELY, processes=processes, crop_cache=crop_cache, memory_bytes=0)


def children(pid: int | None = None) -> set[int]:
    """The processes that `pid`, this one by default, has started and that live."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == (pid or os.getpid()) and state != "Z":
            found.add(int(status.parent.name))
    return found


def same(one: Batch, other: Batch) -> bool:
    return one.share == other.share and all((getattr(one, n) == getattr(other, n)).all() for n in ARRAYS)


def assert_end_soon(pids: set[int]) -> None:
    deadline = time.monotonic() + 10
    while (left := {pid for pid in pids if Path(f"/proc/{pid}").exists()}) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left


@pytest.mark.parametrize("crop_cache", [False, True])
@pytest.mark.parametrize("processes", [1, 3])
def test_processes_make_the_batches_that_the_thread_makes(
    root: Path, processes: int, crop_cache: bool
) -> None:
    thread = training_set(root, 0, crop_cache=crop_cache)
    several = training_set(root, processes, crop_cache=crop_cache)
    for epoch in (0, 1):
        alone, made = (list(data.batches(4, epoch, 3, rank=1, world_size=2)) for data in (thread, several))
        assert len(alone) == 3
        assert all(same(one, other) for one, other in zip(alone, made, strict=True))
    several.close()


def test_batches_of_another_size_fit_as_well(root: Path) -> None:
    thread, several = training_set(root, 0), training_set(root, 2)
    for size in (2, 11, 3):
        pairs = zip(thread.batches(0, 0, size), several.batches(0, 0, size), strict=True)
        assert all(same(one, other) for one, other in pairs)
    several.close()


def test_the_processes_stay_for_the_next_epoch_and_end_with_the_training_set(root: Path) -> None:
    before = children()
    data = training_set(root, 2)
    list(data.batches(0, 0, 3))
    started = children() - before
    assert len(started) == 2
    list(data.batches(0, 1, 3))
    assert children() - before == started
    del data
    gc.collect()
    assert_end_soon(started)


def test_closing_early_leaves_processes_that_go_on_rightly(root: Path) -> None:
    before = children()
    data = training_set(root, 2)
    with data.batches(0, 0, 2) as batches:
        next(batches)
    expected = list(training_set(root, 0).batches(0, 1, 2))
    assert all(same(one, other) for one, other in zip(expected, data.batches(0, 1, 2), strict=True))
    started = children() - before
    assert len(started) == 2
    data.close()
    assert_end_soon(started)


def test_two_epochs_at_once_do_not_mix(root: Path) -> None:
    before = children()
    thread, several = training_set(root, 0), training_set(root, 1)
    expected = zip(thread.batches(0, 0, 3), thread.batches(0, 1, 3), strict=True)
    made = zip(several.batches(0, 0, 3), several.batches(0, 1, 3), strict=True)
    for (one, two), (other_one, other_two) in zip(expected, made, strict=True):
        assert same(one, other_one)
        assert same(two, other_two)
    started = children() - before
    several.close()
    assert_end_soon(started)


def test_an_error_of_a_process_arrives_with_its_text_and_ends_them_all(root: Path) -> None:
    before = children()
    data = training_set(root, 2)
    Path(data.people.people[0].image_path).write_text("overwritten")
    with pytest.raises(DataError, match=r"cannot decode image .*\.jpg: unreadable or truncated"):
        list(data.batches(0, 0, 11))
    assert_end_soon(children() - before)


def test_a_bug_arrives_with_the_place_where_it_happened() -> None:
    helper = Helper(str, "text")
    with pytest.raises(RuntimeError, match=r"(?s)ValueError.*processes\.py.*_attempt"):
        helper.call("index", "z")
    assert helper.call("upper") == "TEXT"
    helper.close()


def test_an_object_that_cannot_be_made_says_why_at_the_first_call() -> None:
    helper = Helper(int, "no number")
    with pytest.raises(RuntimeError, match="invalid literal"):
        helper.call("bit_length")
    helper.close()


def test_a_killed_process_is_named_and_the_next_epoch_starts_new_ones(root: Path) -> None:
    before = children()
    data = training_set(root, 2)
    list(data.batches(0, 0, 2))
    killed = min(children() - before)
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(DataError, match=rf"process {killed} ended with SIGKILL.*loader-processes"):
        list(data.batches(0, 1, 2))
    assert_end_soon(children() - before)
    assert len(list(data.batches(0, 1, 2))) == 5
    started = children() - before
    data.close()
    assert_end_soon(started)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_a_training_that_is_killed(
    root: Path, checkout: Path, sent: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, text=True,
    ) as driver:  # fmt: skip
        assert driver.stdout is not None
        assert driver.stdout.readline() == "ready\n"
        started = children(driver.pid)
        assert len(started) == 2
        driver.send_signal(sent)
        driver.wait()
    assert_end_soon(started)
