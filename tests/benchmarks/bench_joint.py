"""Joint allocation with what candidates share remembered, against each candidate from scratch.

From scratch is the obvious way: S on the key frames, then frame after frame a T-ViPNet sliced, recalibrated
and run, for each candidate anew. Both see the same candidates and must find the same AP to 1e-6. Time is the
processor's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spaces.constraint import Constraint
from spaces.temporal.allocation import Allocation
from spaces.temporal.drawing import sample_allocations
from spaces.temporal.extract import extract_frame
from tests.benchmarks.figure import Figure, at_least, at_most
from tests.benchmarks.threads import one_thread
from tests.workers.search.some_clips import allocation_inputs
from workers.data.made import MadeConfig, write_made_dataset
from workers.evaluation.inputs import network_input
from workers.evaluation.propagate import predict_heatmaps, recalibrate_on
from workers.search.allocation_evaluator import AllocationEvaluator, AllocationInputs
from workers.search.footage import see_key_frames

FRAMES, CANDIDATES = 3, 60
INPUT_HW = (128, 96)
CLIPS = MadeConfig(clips=12, frames_per_clip=FRAMES + 1, people_per_clip=4, validation_fraction=0.5)
RECALIBRATION = 24


def from_scratch(inputs: AllocationInputs, spatial: Mapping[str, Tensor], allocation: Allocation) -> float:
    """The mean AP of the frames, nothing known beforehand but weights and crops."""
    footage, space = inputs.footage, inputs.space
    supernet = space.temporal.supernet()
    supernet.load_state_dict({name: torch.from_numpy(array) for name, array in inputs.weights.items()})
    key_frame = see_key_frames(space, spatial, footage)
    heatmaps, recalibration, aps = key_frame.heatmaps, key_frame.recalibration, []
    for frame, choice in enumerate(allocation.frames, start=1):
        network = extract_frame(space.temporal, supernet, choice)
        images = footage.recalibration.frames[frame].images
        recalibrate_on(network, images, recalibration, footage.batch_size, propagate=False)
        if frame < FRAMES:
            with torch.inference_mode():
                recalibration = network(network_input(network, images), torch.from_numpy(recalibration)).numpy()
        crops = footage.crops.frames[frame]
        heatmaps = predict_heatmaps(network, crops.images, heatmaps, footage.batch_size)
        aps.append(footage.poses(frame, heatmaps).ap)
    return float(np.mean(aps))

def timed(ap_of, allocations):
    start = time.process_time()
    aps = [ap_of(each) for each in allocations]
    return aps, time.process_time() - start

def measure():
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        root = write_made_dataset(Path(folder) / "data", CLIPS)
        inputs, spatial = allocation_inputs(root, FRAMES, INPUT_HW, recalibration=RECALIBRATION, batch_size=64)
        print([len(x) for x in inputs.footage.crops.frames], [len(x) for x in inputs.footage.recalibration.frames])
        space = inputs.space
        half=Constraint(max_gmacs=space.cost(space.biggest()).gmacs*.42)
        plain = sample_allocations(space, half, 8, np.random.default_rng(0))
        evaluator = AllocationEvaluator(inputs)
        slow = timed(lambda a: from_scratch(inputs, spatial, a), plain)
        fast = timed(lambda a: evaluator.measure(a.to_json())["ap"], plain)
        print(slow[0]); print(fast[0]); print(slow[1]/8,fast[1]/8, slow[1]/fast[1])
        y=[plain[0].with_frame(2,x.frames[2]) for x in plain]
        slow = timed(lambda a: from_scratch(inputs, spatial, a), y)
        fast = timed(lambda a: evaluator.measure(a.to_json())["ap"], y)
        print(slow[0]); print(fast[0]); print(slow[1]/8,fast[1]/8, slow[1]/fast[1])
        

