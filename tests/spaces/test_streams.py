from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from spaces.streams import Stream, clip_generators, clip_sequence, generator, sequence, torch_generator
from tests.layout import modules

MANY = (0, 1, 2, 4, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**33, 2**63 - 1, 2**64 - 1)
DRAWN = [
    708,
    718,
    655,
    226,
    422,
    563,
    337,
    111,
    617,
    858,
    770,
    607,
    390,
    909,
    375,
    680,
    676,
    155,
    151,
]  # first of each stream with seed 0
FIRST_SEED = 1_927_313_120
STARTS = {"default_rng", "SeedSequence", "manual_seed", "seed", "PCG64", "RandomState", "spawn"}


def state(given: np.random.SeedSequence) -> bytes:
    return given.generate_state(8, np.uint64).tobytes()


def tuples() -> Iterator[tuple[Stream, tuple[int, ...]]]:
    for stream in Stream:
        for count in (1, 2):
            yield from ((stream, numbers) for numbers in product(MANY, repeat=count))
        yield from ((stream, (numbers[0], *numbers)) for numbers in product(MANY[:8], repeat=2))
        yield from ((stream, (0,) * count) for count in range(4, 8))


def test_no_two_streams_have_one_number() -> None:
    assert len({int(stream) for stream in Stream}) == len(Stream.__members__)


def test_numpy_alone_takes_unlike_numbers_for_the_same() -> None:
    alike = ([4, 0], [4, 0, 0]), ([2**32], [0, 1]), ([5], [5, 0])
    assert all(state(np.random.SeedSequence(a)) == state(np.random.SeedSequence(b)) for a, b in alike)


def test_unlike_streams_seeds_and_numbers_never_start_alike() -> None:
    found = defaultdict(set)
    for stream, numbers in tuples():
        found[state(sequence(stream, *numbers))].add((stream, numbers))
    for seed, clip in product(MANY, MANY[:8]):
        found[state(clip_sequence(seed, clip))].add((Stream.SYNTHETIC_CLIP, (seed, clip)))
        found[state(transients(seed, clip))].add((Stream.SYNTHETIC_CLIP, (seed, clip), "transients"))
    assert [same for same in found.values() if len(same) > 1] == []
    assert len(found) > 3_500


def transients(seed: int, clip: int) -> np.random.SeedSequence:
    _, apart = clip_generators(clip_sequence(seed, clip))
    given = apart.bit_generator.seed_seq
    assert isinstance(given, np.random.SeedSequence)
    return given


def test_equal_numbers_give_equal_draws_in_every_process() -> None:
    code = "from spaces.streams import *; print(generator(Stream.AUGMENTATION, 3, 1, 2).integers(10**9))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == generator(Stream.AUGMENTATION, 3, 1, 2).integers(10**9)


def test_torch_draws_alike_for_equal_numbers_and_otherwise_for_unlike_ones() -> None:
    seeds = {
        torch_generator(stream, *numbers).initial_seed()
        for stream in Stream
        for numbers in ((0,), (1,), (2**32,), (0, 0))
    }
    assert len(seeds) == 4 * len(Stream)


def test_the_numbers_of_every_stream_stay_what_they_are() -> None:
    """Draws that changed would make a resumed run another run."""
    drawn = [int(generator(stream, 0).integers(1000)) for stream in Stream]
    assert drawn == DRAWN
    assert torch_generator(Stream.FIRST_WEIGHTS, 3).initial_seed() == FIRST_SEED


@pytest.mark.parametrize("numbers", [(-1,), (2**64,), (0, -1)])
def test_numbers_that_do_not_fit_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must be in \[0, 2\*\*64\)"):
        sequence(Stream.EPOCH_ORDER, *numbers)


def test_a_synthetic_clip_is_drawn_as_before_there_was_an_enumeration() -> None:
    clip, apart = clip_generators(clip_sequence(7, 3))
    before = np.random.SeedSequence((7, 3))
    assert clip.random() == np.random.default_rng(before).random()
    spawned = np.random.SeedSequence(before.entropy, spawn_key=(1,))
    assert apart.random() == np.random.default_rng(spawned).random()


def test_every_generator_starts_in_the_enumeration(checkout: Path) -> None:
    assert [
        f"{name}:{line}"
        for name, path in modules(checkout).items()
        if name != "spaces.streams"
        for line in starts(path.read_text())
    ] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("np.random.default_rng([4, 0])", [1]),
        ("from numpy.random import default_rng\nrng = default_rng(0)", [2]),
        ("torch.Generator().manual_seed(0)", [1]),
        ("generator(Stream.SANDWICH, seed).random()", []),
    ],
)
def test_the_check_finds_generators_that_start_elsewhere(source: str, found: list[int]) -> None:
    assert list(starts(source)) == found


def starts(source: str) -> Iterator[int]:
    """The lines on which something random is seeded."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in STARTS:
                yield node.lineno
