from __future__ import annotations

import numpy as np

from workers.data.synthetic.backdrop import draw_backdrop, draw_obstacle, noise_field
from workers.data.synthetic.clip import ClipFrame, make_clip


def _clip(seed: int, frames: int = 4, people: int = 3) -> list[ClipFrame]:
    return list(make_clip(np.random.SeedSequence((seed, 0)), frames, people, (240, 320), difficulty=1.0))


def test_a_clip_depends_on_its_seed_alone() -> None:
    first, again, other = _clip(1, frames=2), _clip(1, frames=2), _clip(2, frames=2)
    for a, b in zip(first, again, strict=True):
        assert (a.image == b.image).all()
        assert all((p.keypoints == q.keypoints).all() for p, q in zip(a.people, b.people, strict=True))
    assert (first[0].image != other[0].image).any()


def test_consecutive_frames_show_the_same_people_a_little_further_on() -> None:
    moved_px = []
    for seed in range(6):
        for before, after in zip(clip := _clip(seed), clip[1:], strict=False):
            tracks = {person.track_id: person for person in before.people}
            for person in after.people:
                both = (person.keypoints[:, 2] > 0) & (tracks[person.track_id].keypoints[:, 2] > 0)
                step = person.keypoints[both, :2] - tracks[person.track_id].keypoints[both, :2]
                moved_px += np.linalg.norm(step, axis=1).tolist()
    assert 1.0 < np.mean(moved_px) < 15.0
    assert np.percentile(moved_px, 99.5) < 80.0


def test_people_vary_in_size_visibility_and_hiddenness() -> None:
    people = [person for seed in range(15) for frame in _clip(seed, frames=1) for person in frame.people]
    heights = np.array([person.box_xywh_px[3] for person in people])
    visibility = np.concatenate([person.keypoints[:, 2] for person in people])
    assert np.percentile(heights, 10) < 130 < 190 < np.percentile(heights, 90)
    assert 0.55 < (visibility == 2).mean() < 0.9
    assert (visibility == 1).mean() > 0.08
    assert any(person.seen < 0.7 for person in people)


def test_backdrops_have_texture_and_differ() -> None:
    images = [draw_backdrop(np.random.default_rng(seed), 120, 160, 0.5) for seed in range(4)]
    assert all(image.shape == (120, 160, 3) and image.std() > 5 for image in images)
    assert len({image.tobytes() for image in images}) == 4


def test_noise_fills_0_to_1() -> None:
    field = noise_field(np.random.default_rng(0), 90, 130)
    assert field.shape == (90, 130)
    assert (field.min(), field.max()) == (0.0, 1.0)


def test_an_obstacle_covers_on_the_map_what_it_paints() -> None:
    for seed in range(8):
        obstacle = draw_obstacle(np.random.default_rng(seed), np.array([60.0, 60.0]), 40.0)
        canvas, labels = np.zeros((120, 120, 3), np.uint8), np.zeros((120, 120), np.uint8)
        obstacle.paint(canvas, np.array([5.0, 0.0]))
        obstacle.cover(labels, np.array([5.0, 0.0]), label=255)
        painted = canvas.max(axis=2) > 0
        assert painted[labels > 0].all()
        assert (labels > 0).sum() > 0.8 * painted.sum(), "but for the smooth edge"
