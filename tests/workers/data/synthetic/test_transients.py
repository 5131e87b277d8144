"""Frames of a synthetic clip that are spoiled for a moment, beside the same clip unspoiled."""

from __future__ import annotations

import cv2
import numpy as np

from workers.data.synthetic.cast import Actor, draw_cast
from workers.data.synthetic.clip import FRAME_S, ClipFrame, make_clip
from workers.data.synthetic.transients import Transients, draw_transients

FRAMES = 5
TIMES_S = np.repeat(np.arange(FRAMES) * FRAME_S, 2)
SIZE_PX = (240, 320)


def _clip(seed: int, transience: float) -> list[ClipFrame]:
    sequence = np.random.SeedSequence((seed, 0))
    return list(make_clip(sequence, FRAMES, 3, SIZE_PX, difficulty=0.0, transience=transience))


def _cast(seed: int) -> list[Actor]:
    return draw_cast(np.random.default_rng(seed), 3, TIMES_S, SIZE_PX, difficulty=0.0)


def _drawn(seed: int, amount: float) -> Transients:
    return draw_transients(np.random.default_rng(seed), _cast(seed), TIMES_S, FRAME_S, amount)


def _joints(frames: list[ClipFrame]) -> np.ndarray:
    """(T, people * 17, 3) of people who are labelled in every frame."""
    always = set.intersection(*({person.track_id for person in frame.people} for frame in frames))
    return np.stack([
        np.concatenate([person.keypoints for person in frame.people if person.track_id in always])
        for frame in frames
    ])  # fmt: skip


def test_without_transience_nothing_is_spoiled() -> None:
    for seed in range(10):
        drawn = _drawn(seed, 0.0)
        assert not drawn.passing
        assert not drawn.shifts_px.any()
        assert not drawn.softness_px.any()


def test_a_clip_and_its_transients_depend_on_its_seed_alone() -> None:
    once, again, plain = _clip(3, 0.8), _clip(3, 0.8), _clip(3, 0.0)
    assert all((one.image == other.image).all() for one, other in zip(once, again, strict=True))
    assert any((one.image != other.image).any() for one, other in zip(once, plain, strict=True))


def test_frames_are_spoiled_each_by_its_own_chance() -> None:
    drawn = [_drawn(seed, 0.6) for seed in range(200)]
    shaken = np.concatenate([each.swings_px.any(axis=1) for each in drawn])
    soft = np.concatenate([each.softness_px > 0 for each in drawn])
    assert 0.25 < shaken.mean() < 0.35
    assert 0.25 < soft.mean() < 0.35
    assert 0.06 < (shaken & soft).mean() < 0.13, "independent"
    assert 0.5 < np.mean([len(each.passing) / 3 for each in drawn]) < 0.7


def test_what_passes_by_is_most_of_its_size_away_a_frame_later() -> None:
    for seed in range(30):
        for passing_object in _drawn(seed, 1.0).passing:
            (there,) = {t for t in range(FRAMES) if np.allclose(passing_object.at(2 * t, 0.5), 0)}
            patches = np.concatenate([outline for outline, _ in passing_object.obstacle.patches])
            narrower_px = np.ptp(patches, axis=0).min()
            moved = passing_object.at(2 * (there + 1 if there + 1 < FRAMES else there - 1), 0.5)
            assert np.abs(moved[0]) > 0.5 * narrower_px


def test_a_shaken_or_hidden_person_is_labelled_where_it_would_be_anyway() -> None:
    for seed in range(4):
        plain, spoiled = _joints(_clip(seed, 0.0)), _joints(_clip(seed, 1.0))
        labelled = (plain[..., 2] > 0) & (spoiled[..., 2] > 0)
        off_px = np.abs(plain - spoiled)[labelled][:, :2]
        assert np.median(off_px) < 0.02
        assert np.percentile(off_px, 95) < 12, "at most the camera's swing, where the margin ends it"


def test_most_joints_that_a_passing_object_hides_were_seen_in_the_frame_before() -> None:
    newly, seen_before = 0, 0
    for seed in range(15):
        plain, spoiled = _joints(_clip(seed, 0.0)), _joints(_clip(seed, 1.0))
        hidden = (plain[1:, :, 2] == 2) & (spoiled[1:, :, 2] == 1)
        newly += int(hidden.sum())
        seen_before += int((hidden & (spoiled[:-1, :, 2] == 2)).sum())
    assert newly > 100
    assert seen_before > 0.6 * newly


def test_a_spoiled_frame_is_less_sharp_than_the_same_frame_unspoiled() -> None:
    sharpness: dict[float, list[float]] = {0.0: [], 1.0: []}
    for transience, found in sharpness.items():
        for seed in range(8):
            for frame in _clip(seed, transience):
                smooth = cv2.GaussianBlur(frame.image, (0, 0), 1.0)  # without the camera's grain
                found.append(float(cv2.Laplacian(smooth, cv2.CV_32F).std()))
    assert np.mean(sharpness[1.0]) < 0.85 * np.mean(sharpness[0.0])
