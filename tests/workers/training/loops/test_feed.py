from __future__ import annotations

import threading
from collections.abc import Generator

import numpy as np
import pytest
import torch

from workers.data.batches.prefetch import Prefetched
from workers.data.batches.training_set import Batch
from workers.data.normalise import to_input
from workers.training.loops.feed import Feed

CPU = torch.device("cpu")


def batch(value: int) -> Batch:
    images = np.full((2, 8, 4, 3), value, dtype=np.uint8)
    return Batch(images, np.full((2, 1, 2, 1), value, np.float32), np.ones((2, 1), np.float32), share=0.5)


def source(count: int) -> Generator[Batch, None, None]:
    for value in range(count):
        yield batch(value)


def prefetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_every_batch_arrives_as_network_input_in_order() -> None:
    with Feed(Prefetched(source(3)), CPU) as feed:
        arrived = list(feed)
    assert len(arrived) == 3
    for value, inputs in enumerate(arrived):
        assert torch.equal(inputs.images, to_input(batch(value).images))
        assert inputs.images.is_contiguous(memory_format=torch.channels_last)
        assert inputs.target.unique().tolist() == [value]
        assert (inputs.weight.shape, inputs.share) == ((2, 1), 0.5)
    assert not prefetching()


@pytest.mark.parametrize("taken", [0, 1])
def test_leaving_early_ends_the_thread(taken: int) -> None:
    with Feed(Prefetched(source(100)), CPU) as feed:
        for _, _ in zip(range(taken), feed, strict=False):
            pass
    assert not prefetching()
