"""How many frames of a video are predicted in a second on one core, and what that takes beside the networks.

S-ViPNAS-Res50 is the released one, T-ViPNAS-Res50 an allocation over T = 3 at the paper's 0.82 GMACs on
average, drawn at random; weights are noise, which takes as long. One person a frame at 256x192. By processor
time, so that a busy neighbour shows less. The paper has 41 frames/s for T-ViPNAS-Res50 on an i7-8700 core.
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch
from torch import nn

from spaces.constraint import Constraint
from spaces.initialise import initialise
from spaces.published import find_published
from spaces.temporal.allocation import Allocation
from spaces.temporal.allocation_space import AllocationSpace
from spaces.temporal.average import on_the_sum
from spaces.temporal.drawing import sample_allocation
from spaces.temporal.temporal_space import TemporalSpace
from tests.benchmarks.figure import Figure, at_least, at_most
from tests.threads import one_thread
from workers.data.skeleton import POSETRACK17
from workers.evaluation.propagate import recalibrate_on
from workers.video.networks import VideoNetworks
from workers.video.streaming import StreamingPredictor

AVERAGE_GMACS, T = 0.82, 3
FRAMES = 24  # of the video
BOX = np.array([[400.0, 100.0, 200.0, 420.0]])


def measure() -> list[Figure]:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    with one_thread():
        networks = _networks(rng)
        alone = VideoNetworks(
            key_frame=networks.key_frame, frames=(), input_hw=networks.input_hw, joints=networks.joints
        )
        video = rng.integers(0, 256, (FRAMES, 640, 960, 3), np.uint8)
        joint_s, spatial_s = _seconds(networks, video), _seconds(alone, video)
        forward_s = _forward_seconds(networks)
    return [
        Figure(name="T-ViPNAS-Res50, 0.82 GMACs, one person", figure=1 / joint_s, unit="frames/s"),
        Figure(name="S-ViPNAS-Res50, 1.44 GMACs, one person", figure=1 / spatial_s, unit="frames/s"),
        at_least("T-ViPNAS over S-ViPNAS, frames a second", spatial_s / joint_s, "", 1.2),
        at_most("beside the networks, of a frame's time", 1 - forward_s / joint_s, "", 0.15),
    ]


def _networks(rng: np.random.Generator) -> VideoNetworks:
    space, released = find_published("s-vipnas-res50")
    temporal = TemporalSpace(space, released)
    over = AllocationSpace(temporal, T)
    bound = on_the_sum(over, Constraint(max_gmacs=AVERAGE_GMACS, min_gmacs=0.98 * AVERAGE_GMACS))
    allocation: Allocation = sample_allocation(over, bound, rng)
    plain = [space.network(released), *(temporal.network(choice) for choice in allocation.frames)]
    images = rng.integers(0, 256, (4, *space.input_hw, 3), np.uint8)
    before = rng.random((4, space.keypoints, 64, 48), np.float32)
    key_frame, *frames = (
        _like_trained(network, images, before if place else None) for place, network in enumerate(plain)
    )
    return VideoNetworks(
        key_frame=key_frame, frames=tuple(frames), input_hw=space.input_hw, joints=POSETRACK17.names
    )


def _like_trained(network: nn.Module, images: np.ndarray, before: np.ndarray | None) -> nn.Module:
    """Noise whose activations are neither huge nor denormal, which would take its own time."""
    noise = initialise(network, seed=0, sigma=0.05)
    recalibrate_on(noise, images, before, batch_size=4, propagate=False)
    return noise


def _seconds(networks: VideoNetworks, video: np.ndarray) -> float:
    """Of a frame, over whole periods."""
    predictor = StreamingPredictor(networks)
    for image in video[: networks.period]:
        predictor.step(image, BOX, [1])
    predictor.forget()
    start_s = time.process_time()
    for image in video:
        predictor.step(image, BOX, [1])
    return (time.process_time() - start_s) / len(video)


@torch.inference_mode()
def _forward_seconds(networks: VideoNetworks) -> float:
    """Of a frame, in the networks alone."""
    image = torch.rand(1, 3, *networks.input_hw).contiguous(memory_format=torch.channels_last)
    before = torch.rand(1, len(networks.joints), 64, 48).contiguous(memory_format=torch.channels_last)
    start_s = time.process_time()
    for frame in range(FRAMES):
        place = frame % networks.period
        if place:
            networks.frames[place - 1](image, before)
        else:
            networks.key_frame(image)
    return (time.process_time() - start_s) / FRAMES
