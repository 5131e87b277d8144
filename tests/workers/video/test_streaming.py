from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from tests.workers.video.counting import Call, Counted, boxes, image
from workers.errors import DataError, TrainingError
from workers.video.networks import VideoNetworks
from workers.video.streaming import FramePoses, StreamingPredictor, clip_boxes


def step(predictor: StreamingPredictor, *tracks: int, grey: int = 100) -> FramePoses:
    return predictor.step(image(grey), boxes(len(tracks)), tracks)


def test_a_track_has_a_key_frame_first_and_every_t_and_one_frames() -> None:
    predictor = StreamingPredictor(Counted(3).networks)
    places = [step(predictor, 7).places.tolist() for _ in range(9)]
    assert places == [[0], [1], [2], [3], [0], [1], [2], [3], [0]]


def test_each_frame_is_given_the_heatmaps_of_the_one_before_and_a_key_frame_none() -> None:
    counted = Counted(2)
    predictor = StreamingPredictor(counted.networks)
    scores = [step(predictor, 7).scores[0, 0] for _ in range(4)]
    assert scores == [1, 12, 123, 1]
    assert [call.before for call in counted.calls] == [[0], [1], [12], [0]]


def test_without_t_vipnets_every_frame_is_a_key_frame() -> None:
    predictor = StreamingPredictor(Counted(0).networks)
    assert [step(predictor, 7).scores[0, 0] for _ in range(3)] == [1, 1, 1]


def test_who_appears_in_mid_period_begins_with_a_key_frame_and_nobody_else_does() -> None:
    predictor = StreamingPredictor(Counted(2).networks)
    step(predictor, 1)
    assert step(predictor, 1, 2).places.tolist() == [1, 0]
    assert step(predictor, 2, 1).places.tolist() == [1, 2]
    last = step(predictor, 1, 2)
    assert last.places.tolist() == [0, 2]
    assert last.scores[:, 0].tolist() == [1, 123]


def test_who_was_away_for_a_frame_begins_anew() -> None:
    predictor = StreamingPredictor(Counted(3).networks)
    step(predictor, 1, 2)
    step(predictor, 1)
    back = step(predictor, 1, 2)
    assert back.places.tolist() == [2, 0]
    assert back.scores[:, 0].tolist() == [123, 1]
    assert len(step(predictor)) == 0
    assert step(predictor, 1, 2).places.tolist() == [0, 0]


def test_forgetting_begins_everybody_anew() -> None:
    predictor = StreamingPredictor(Counted(3).networks)
    step(predictor, 1, 2)
    predictor.forget()
    assert step(predictor, 1, 2).places.tolist() == [0, 0]


def test_people_who_need_the_same_network_are_seen_together() -> None:
    counted = Counted(3)
    predictor = StreamingPredictor(counted.networks)
    step(predictor, 1, 3)
    step(predictor, 1, 2, 3, 4)
    seen = [(call.place, len(call.brightness), call.before) for call in counted.calls]
    assert seen == [(0, 2, [0, 0]), (0, 2, [0, 0]), (1, 2, [1, 1])]


def test_a_crowd_is_seen_in_parts_with_the_same_result() -> None:
    counted = Counted(1)
    parts = StreamingPredictor(counted.networks, batch_size=3)
    whole = StreamingPredictor(Counted(1).networks)
    for _ in range(2):
        some, at_once = (step(each, *range(7)) for each in (parts, whole))
        assert np.array_equal(some.scores, at_once.scores)
    assert [len(call.brightness) for call in counted.calls] == [3, 3, 1, 3, 3, 1]


def kept_bytes(predictor: StreamingPredictor) -> int:
    """Memory of the arrays that it holds from one frame to the next, wherever it keeps them."""
    kept: list[np.ndarray] = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: object) -> str | None:
            if isinstance(value, np.ndarray):
                kept.append(value)
            return "array" if isinstance(value, np.ndarray) else None

    Pickler(io.BytesIO()).dump({name: each for name, each in vars(predictor).items() if name != "networks"})
    return sum(each.nbytes for each in kept)


def test_what_is_kept_is_the_last_frames_people_however_long_the_video() -> None:
    predictor = StreamingPredictor(Counted(3).networks)
    sizes = []
    for number in range(50):
        step(predictor, 3 * number, 3 * number + 1, 3 * number + 2)
        sizes.append(kept_bytes(predictor))
    assert set(sizes) == {3 * 2 * 8 * 8 * 4}
    step(predictor)
    assert kept_bytes(predictor) == 0


def test_heatmaps_follow_the_track_and_not_the_row() -> None:
    counted = Counted(3)
    predictor = StreamingPredictor(counted.networks)
    step(predictor, 1)
    step(predictor, 1, 2)
    step(predictor, 2, 1)
    assert counted.calls[-2:] == [
        Call(1, counted.calls[-2].brightness, [1]), Call(2, counted.calls[-1].brightness, [12])
    ]  # fmt: skip


def test_a_pose_depends_on_no_later_frame_and_on_no_later_use_of_the_image() -> None:
    def shades(greys: list[int]) -> list[list[float]]:
        counted = Counted(3)
        predictor = StreamingPredictor(counted.networks)
        frame = image()
        for grey in greys:
            frame[:] = grey  # as cameras reuse their memory
            predictor.step(frame, boxes(1), [5])
        return [call.brightness for call in counted.calls]

    short, long = shades([10, 20, 30]), shades([10, 20, 30, 200, 250])
    assert long[:3] == short
    assert short[0] < short[1] < short[2] < long[3]


def test_a_failed_frame_leaves_what_was_known() -> None:
    class Broken(nn.Module):
        def forward(self, images: torch.Tensor, heatmaps: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 2, 8, 8), torch.nan)

    good = Counted(1).networks
    networks = VideoNetworks(
        key_frame=good.key_frame, frames=(Broken(),), input_hw=good.input_hw, joints=good.joints
    )
    predictor = StreamingPredictor(networks)
    step(predictor, 1)
    before = kept_bytes(predictor)
    with pytest.raises(TrainingError, match="must be finite"):
        step(predictor, 1)
    assert kept_bytes(predictor) == before > 0


def test_boxes_are_clipped_and_who_is_outside_is_not_in_the_frame() -> None:
    given = np.array([[-10, 5, 30, 20], [70, 50, 40, 40], [80.5, 5, 10, 10], [5, -20, 10, 20.5]], float)
    clipped, inside = clip_boxes(given, (60, 80))
    assert inside.tolist() == [True, True, False, False]
    assert clipped[inside].tolist() == [[0, 5, 20, 20], [70, 50, 10, 10]]
    poses = StreamingPredictor(Counted(1).networks).step(image(), given, [1, 2, 3, 4])
    assert poses.track_ids.tolist() == [1, 2]
    assert poses.boxes_xywh_px.tolist() == [[0, 5, 20, 20], [70, 50, 10, 10]]


@pytest.mark.parametrize(
    ("given", "tracks", "says"),
    [
        (boxes(2), [1], "it has 2 boxes and 1 tracks"),
        (boxes(2), [4, 4], r"the tracks are \[4, 4\]"),
        (np.full((1, 4), np.nan), [1], "boxes must be finite"),
    ],
)
def test_boxes_and_tracks_that_do_not_fit_are_refused(
    given: np.ndarray, tracks: list[int], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        StreamingPredictor(Counted(1).networks).step(image(), given, tracks)
