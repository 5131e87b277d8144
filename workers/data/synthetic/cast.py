"""Who appears in a synthetic clip: each person's figure, movement, place and what stands before them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from workers.data.synthetic.backdrop import Obstacle, draw_obstacle
from workers.data.synthetic.body import Body, draw_build, pose_body
from workers.data.synthetic.figure import Piece
from workers.data.synthetic.motion import Motion, draw_motion
from workers.data.synthetic.outfit import draw_outfit
from workers.data.synthetic.paint import Light
from workers.data.synthetic.tailor import Figure, pieces_of, to_px


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One person of a clip, over T instants."""

    track_id: int
    figure: Figure
    body: Body
    origins_px: np.ndarray  # (T, 2) the ground under the pelvis
    obstacle: Obstacle | None  # stands between this person and the camera

    def points_px(self, name: str) -> np.ndarray:
        """(T, 3) image position of a named point of the body, with its depth in px."""
        return to_px(self.body.points[name], self.origins_px, self.figure.stature_px)

    def pieces(self, instant: int, light: Light) -> list[Piece]:
        """What to paint of this person at one instant."""
        return pieces_of(self.figure, self.body.at(instant), self.origins_px[instant], light)


def draw_cast(
    rng: np.random.Generator,
    people: int,
    times_s: np.ndarray,
    size_px: tuple[int, int],  # height and width
    difficulty: float,
) -> list[Actor]:
    """A clip's people side by side, partly before each other, the farthest (smallest) first."""
    height_px, width_px = size_px
    camera_pitch_rad = float(rng.uniform(0.0, 0.25))
    jitter = (0.1 + 0.3 * difficulty) * rng.uniform(-1.0, 1.0, people)
    places_px = width_px * rng.permutation((np.arange(people) + 0.5 + jitter) / people)
    actors = []
    for track_id in range(people):
        motion = draw_motion(rng, times_s, difficulty)
        close = rng.random() < 0.1 * difficulty
        actor = _place(rng, track_id, motion, float(places_px[track_id]), height_px, camera_pitch_rad, close)
        actors.append(_hide_partly(rng, actor) if rng.random() < 0.35 * difficulty else actor)
    return sorted(actors, key=lambda actor: actor.figure.stature_px)


def _place(
    rng: np.random.Generator,
    track_id: int,
    motion: Motion,
    place_px: float,
    height_px: int,
    camera_pitch_rad: float,
    close: bool,
) -> Actor:
    """One person; whoever is close to the camera has the legs out of the image."""
    stature_px = height_px * float(rng.uniform(1.0, 1.5) if close else rng.uniform(0.4, 0.88))
    lowest_px = 1.1 * stature_px if close else 0.99 * height_px
    ground_px = rng.uniform(min(0.97 * stature_px, lowest_px), lowest_px)
    build = draw_build(rng)
    body = pose_body(build, motion, camera_pitch_rad)
    across = place_px + motion.forward * np.sin(motion.yaw_rad) * stature_px
    origins_px = np.stack([across, np.full(len(across), ground_px)], axis=1)
    figure = Figure(build=build, outfit=draw_outfit(rng), stature_px=stature_px)
    return Actor(track_id=track_id, figure=figure, body=body, origins_px=origins_px, obstacle=None)


HIDEABLE = (
    "nose", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


def _hide_partly(rng: np.random.Generator, actor: Actor) -> Actor:
    """A copy of the person with an obstacle about one of the joints."""
    joint_px = actor.points_px(str(rng.choice(HIDEABLE)))
    where = joint_px[len(joint_px) // 2, :2] + rng.normal(0.0, 0.08 * actor.figure.stature_px, 2)
    obstacle = draw_obstacle(rng, where, float(rng.uniform(0.12, 0.36)) * actor.figure.stature_px)
    return replace(actor, obstacle=obstacle)
