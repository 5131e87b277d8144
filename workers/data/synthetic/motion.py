"""How a synthetic person moves: a table of actions, each a set of joint angles that swing in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np

AngleRange = tuple[float, float]

ANGLES = (
    "torso_pitch", "torso_roll", "head_pitch", "head_yaw", "head_roll",
    "left_shoulder_flex", "left_shoulder_abduct", "left_shoulder_twist", "left_elbow",
    "right_shoulder_flex", "right_shoulder_abduct", "right_shoulder_twist", "right_elbow",
    "left_hip_flex", "left_hip_abduct", "left_knee",
    "right_hip_flex", "right_hip_abduct", "right_knee",
)  # fmt: skip

HINGES_DEG: Mapping[str, AngleRange] = {
    "left_elbow": (0.0, 150.0), "right_elbow": (0.0, 150.0),
    "left_knee": (0.0, 140.0), "right_knee": (0.0, 140.0),
}  # fmt: skip
"""Elbows and knees bend one way only."""

RESTING_DEG: Mapping[str, AngleRange] = {
    "torso_pitch": (-4, 8), "torso_roll": (-5, 5),
    "head_pitch": (-12, 18), "head_yaw": (-35, 35), "head_roll": (-8, 8),
    "shoulder_flex": (-15, 25), "shoulder_abduct": (4, 22), "shoulder_twist": (-10, 50), "elbow": (5, 60),
    "hip_flex": (-8, 12), "hip_abduct": (1, 10), "knee": (0, 14),
}  # fmt: skip
"""Angles, in degrees, about which an action says nothing."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Angles of one activity, in degrees; a name without left/right means both sides, drawn separately.

    `swing` gives each angle's amplitude and whether the two sides swing together (+1) or in turn (-1).
    """

    rest: Mapping[str, AngleRange] = field(default_factory=dict)
    swing: Mapping[str, tuple[AngleRange, int]] = field(default_factory=dict)
    lag: Mapping[str, float] = field(default_factory=dict)  # cycles by which an angle follows
    cycles_per_s: AngleRange = (0.3, 0.8)
    statures_per_s: AngleRange = (0.0, 0.0)  # forward speed
    hop: AngleRange = (0.0, 0.0)  # height of the jump, in statures


ACTIONS: Mapping[str, Action] = {
    "stand": Action(),
    "pose": Action(
        rest={"shoulder_flex": (-20, 70), "shoulder_abduct": (5, 110), "elbow": (10, 130),
              "hip_abduct": (2, 22), "torso_roll": (-14, 14)},
        swing={"shoulder_abduct": ((0, 15), 1), "elbow": ((0, 25), 1)},
    ),
    "walk": Action(
        rest={"knee": (16, 24)},
        swing={"hip_flex": ((16, 28), -1), "knee": ((14, 22), -1), "shoulder_flex": ((10, 30), -1)},
        lag={"knee": 0.25, "shoulder_flex": 0.5}, cycles_per_s=(0.7, 1.0), statures_per_s=(0.4, 0.8),
    ),
    "run": Action(
        rest={"hip_flex": (10, 20), "knee": (45, 60), "elbow": (70, 105), "torso_pitch": (6, 18)},
        swing={"hip_flex": ((30, 45), -1), "knee": ((35, 50), -1), "shoulder_flex": ((30, 50), -1)},
        lag={"knee": 0.25, "shoulder_flex": 0.5}, cycles_per_s=(1.2, 1.6), statures_per_s=(1.2, 2.2),
        hop=(0.0, 0.03),
    ),
    "wave": Action(
        rest={"left_shoulder_abduct": (85, 150), "left_elbow": (40, 100), "left_shoulder_flex": (-10, 40)},
        swing={"left_elbow": ((20, 40), 1), "left_shoulder_abduct": ((0, 15), 1)}, cycles_per_s=(0.8, 1.8),
    ),
    "jack": Action(
        rest={"shoulder_abduct": (75, 95), "elbow": (2, 25), "hip_abduct": (14, 20)},
        swing={"shoulder_abduct": ((50, 75), 1), "hip_abduct": ((9, 13), 1)},
        cycles_per_s=(0.6, 1.1), hop=(0.02, 0.08),
    ),
    "squat": Action(
        rest={"hip_flex": (45, 60), "knee": (55, 70), "torso_pitch": (12, 25), "shoulder_flex": (40, 90),
              "hip_abduct": (6, 22)},
        swing={"hip_flex": ((30, 45), 1), "knee": ((35, 50), 1), "torso_pitch": ((5, 12), 1)},
    ),
    "sit": Action(
        rest={"hip_flex": (75, 95), "knee": (70, 105), "hip_abduct": (3, 20), "shoulder_flex": (10, 50),
              "elbow": (30, 100)},
        swing={"torso_pitch": ((0, 8), 1), "elbow": ((0, 20), -1)},
    ),
    "reach": Action(
        rest={"shoulder_flex": (90, 170), "elbow": (5, 60), "shoulder_abduct": (0, 25),
              "torso_pitch": (-10, 4)},
        swing={"shoulder_flex": ((0, 25), -1), "elbow": ((0, 25), -1)},
    ),
    "bend": Action(
        rest={"torso_pitch": (35, 75), "shoulder_flex": (25, 80), "knee": (5, 35), "hip_flex": (0, 25)},
        swing={"torso_pitch": ((5, 18), 1), "shoulder_flex": ((5, 20), -1)},
    ),
    "kick": Action(
        rest={"left_hip_flex": (25, 40), "left_knee": (30, 45), "shoulder_abduct": (15, 60)},
        swing={"left_hip_flex": ((35, 50), 1), "left_knee": ((25, 35), 1), "shoulder_flex": ((10, 30), -1)},
        lag={"left_knee": 0.3}, cycles_per_s=(0.7, 1.2),
    ),
    "dance": Action(
        rest={"shoulder_abduct": (20, 130), "shoulder_flex": (-20, 60), "elbow": (40, 110), "knee": (15, 45),
              "hip_flex": (5, 30), "hip_abduct": (4, 26), "torso_roll": (-8, 8)},
        swing={"shoulder_abduct": ((15, 45), -1), "elbow": ((20, 45), -1), "hip_flex": ((5, 20), -1),
               "knee": ((8, 22), -1), "torso_roll": ((5, 14), 1)}, cycles_per_s=(0.7, 1.4),
    ),
}  # fmt: skip
"""Every action is as often mirrored as not, so none tells left from right."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """One person's movement over a clip of T instants."""

    angles_rad: np.ndarray  # (T, len(ANGLES))
    yaw_rad: np.ndarray  # (T,) 0 faces the camera, +90 degrees faces the image's right
    forward: np.ndarray  # (T,) statures walked since the middle of the clip
    hop: np.ndarray  # (T,) statures above the ground


def draw_motion(rng: np.random.Generator, times_s: np.ndarray, difficulty: float) -> Motion:
    """A random action, its random amplitudes and phase, and the way the person faces, at `times_s` (T,).

    The easier (0 to 1), the more people face the camera.
    """
    action = ACTIONS[str(rng.choice(list(ACTIONS)))]
    mirrored = bool(rng.random() < 0.5)
    cycle = rng.uniform(*action.cycles_per_s) * times_s + rng.random()
    degrees = np.stack([_angle(name, action, mirrored, cycle, times_s, rng) for name in ANGLES], axis=1)
    turned = rng.random() < 0.4 * difficulty
    facing = rng.uniform(-180.0, 180.0) if turned else rng.normal(0.0, 15.0 + 25.0 * difficulty)
    yaw = facing + rng.normal(0.0, 15.0) * times_s
    forward = rng.uniform(*action.statures_per_s) * times_s
    hop = rng.uniform(*action.hop) * np.abs(np.sin(2 * np.pi * cycle))
    return Motion(angles_rad=np.radians(degrees), yaw_rad=np.radians(yaw), forward=forward, hop=hop)


def _angle(
    name: str,
    action: Action,
    mirrored: bool,
    cycle: np.ndarray,
    times_s: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """One angle over time: its rest, the action's swing and a slow wander of its own, (T,) in degrees."""
    side, _, joint = name.partition("_")
    two_sided = side in ("left", "right")
    role = _mirror(name) if mirrored and two_sided else name
    plain = joint if two_sided else name
    rest = action.rest.get(role) or action.rest.get(plain) or RESTING_DEG[plain]
    degrees = np.full(len(times_s), rng.uniform(*rest))
    wander_deg, wander_hz, wander_phase = rng.uniform(0, 6), rng.uniform(0.2, 0.9), rng.random()
    degrees += wander_deg * np.sin(2 * np.pi * (wander_hz * times_s + wander_phase))
    key = role if role in action.swing else plain
    if key in action.swing:
        amplitude, together = action.swing[key]
        turn = 0.5 if role.startswith("right") and together < 0 else 0.0
        degrees += rng.uniform(*amplitude) * np.sin(2 * np.pi * (cycle + turn - action.lag.get(key, 0.0)))
    return np.clip(degrees, *HINGES_DEG.get(name, (-180.0, 180.0)))


def _mirror(name: str) -> str:
    side, _, joint = name.partition("_")
    return f"{'right' if side == 'left' else 'left'}_{joint}"
