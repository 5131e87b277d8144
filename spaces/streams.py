"""Every random stream there is, each with a number of its own, so that no two draw the same numbers."""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np
import torch

_WORD = 1 << 32  # what NumPy splits seeds into
_BOUND = _WORD**2


@unique
class Stream(IntEnum):
    """Who draws. Numbers stay with their names: another number is another sequence of draws."""

    EPOCH_ORDER = 1  # of the samples of one epoch; (seed, epoch)
    AUGMENTATION = 2  # of one global batch; (seed, epoch, step)
    SANDWICH = 3  # random subnets of one training step; (seed, step)
    CLIP_SANDWICH = 4  # the same with the fusions of the temporal level; (seed, step)
    VALIDATED_SUBNET = 5  # the random one; (seed)
    FIRST_WEIGHTS = 6  # convolutions before training; (seed)
    FIRST_FUSIONS = 7  # those of the T supernet; (seed)
    UNIFORM_SEARCH = 8  # (seed, trial)
    GUIDED_SEARCH = 9  # (seed, trial)
    PREDICTOR_PLAN = 10  # (seed, results known)
    PREFIX_TRIAL = 11  # (seed, trial)
    PREFIX_GROUP = 12  # (seed, group)
    LATENCY_SAMPLES = 13  # architectures that a latency predictor learns from; (seed)
    PEOPLE_ORDER = 14  # in which all searches look at a split's people; (0)
    TIMED_WEIGHTS = 15  # of networks that are timed untrained; (0)
    TIMED_IMAGE = 16  # (0)
    TIMED_HEATMAPS = 17  # (0)
    EXPORT_CHECK = 18  # images that compare an exported file with its network; (seed)
    SYNTHETIC_CLIP = 19  # see `clip_sequence`; (seed, clip)


def sequence(stream: Stream, seed: int, *more: int) -> np.random.SeedSequence:
    """What a generator starts from, another one for every other (stream, seed, *more).

    Each number becomes two words and their count goes first. NumPy alone would pad with zeros and split large
    numbers, so that [4, 0] and [4, 0, 0], or [2**32] and [0, 1], are one.
    Raises ValueError for a number outside [0, 2**64).
    """
    numbers = (stream, seed, *more)
    if any(not 0 <= number < _BOUND for number in numbers):
        raise ValueError(f"the numbers of a random stream must be in [0, 2**64), but they are {numbers[1:]}")
    words = [word for number in (len(numbers), *numbers) for word in (number % _WORD, number // _WORD)]
    return np.random.SeedSequence(words)


def generator(stream: Stream, seed: int, *more: int) -> np.random.Generator:
    """NumPy's generator at the start of a stream; `more` are the epoch, step or trial it is for."""
    return np.random.default_rng(sequence(stream, seed, *more))


def torch_generator(stream: Stream, seed: int, *more: int) -> torch.Generator:
    """PyTorch's on the CPU, which takes 32 bits of a seed: two streams in four thousand million are one."""
    return torch.Generator().manual_seed(int(sequence(stream, seed, *more).generate_state(1)[0]))


def clip_sequence(seed: int, clip: int) -> np.random.SeedSequence:
    """A synthetic clip's, as it was before there was an enumeration: data folders hold what it drew.

    It has fewer words than `sequence` makes, so it is none of these. A seed that NumPy would split, and take
    for another seed and clip, is a stream like the others.
    """
    if seed < _WORD:
        return np.random.SeedSequence((seed, clip))
    return sequence(Stream.SYNTHETIC_CLIP, seed, clip)


def clip_generators(clip: np.random.SeedSequence) -> tuple[np.random.Generator, np.random.Generator]:
    """For a clip, and apart for its transients, so that a clip without transients is the same clip."""
    transients = np.random.SeedSequence(clip.entropy, spawn_key=(*clip.spawn_key, 1))
    return np.random.default_rng(clip), np.random.default_rng(transients)
