"""The synthetic person's articulated body: proportions, and where every point lies for given joint angles.

Camera coordinates in statures (body heights): x to the image's right, y up, z toward the camera. A body with
yaw 0 faces the camera, so its left side has positive x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from workers.data.synthetic.motion import ANGLES, Motion

DOWN = np.array([0.0, -1.0, 0.0])
SIDES = {"left": 1.0, "right": -1.0}

Points = dict[str, np.ndarray]  # by name, each over T instants


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Lengths of one body, in statures of an average adult."""

    head: float  # radius
    neck: float
    trunk: float  # hips to shoulders
    shoulders: float  # half the breadth between the joints
    hips: float
    upper_arm: float
    forearm: float
    thigh: float
    shank: float
    girth: float  # 1 is average; thickness of trunk and limbs


def draw_build(rng: np.random.Generator) -> Build:
    """A random body, from child (large head, short limbs) to tall adult."""
    child = rng.random() < 0.2
    limbs = rng.uniform(0.92, 1.08) * (0.88 if child else 1.0)
    return Build(
        head=rng.uniform(0.066, 0.076) * (1.3 if child else 1.0),
        neck=rng.uniform(0.035, 0.055),
        trunk=rng.uniform(0.27, 0.31),
        shoulders=rng.uniform(0.095, 0.125) * (0.92 if child else 1.0),
        hips=rng.uniform(0.055, 0.07),
        upper_arm=0.175 * limbs * rng.uniform(0.95, 1.05),
        forearm=0.155 * limbs * rng.uniform(0.95, 1.05),
        thigh=0.245 * limbs * rng.uniform(0.95, 1.05),
        shank=0.235 * limbs * rng.uniform(0.95, 1.05),
        girth=rng.uniform(0.85, 1.35),
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A posed body over T instants."""

    points: Points  # name -> (T, 3)
    pelvis: np.ndarray  # (T, 3, 3), columns: the body's left, up and forward
    torso: np.ndarray  # (T, 3, 3)
    head: np.ndarray  # (T, 3, 3)

    def at(self, instant: int) -> Body:
        """The body at one instant: every array loses its first axis."""
        points = {name: point[instant] for name, point in self.points.items()}
        return Body(
            points=points, pelvis=self.pelvis[instant], torso=self.torso[instant], head=self.head[instant]
        )


def pose_body(build: Build, motion: Motion, camera_pitch_rad: float) -> Body:
    """The posed body with the places of its points; the lower ankle stands on y = 0 unless the body hops."""
    angle = dict(zip(ANGLES, motion.angles_rad.T, strict=True))
    instants = len(motion.yaw_rad)
    upright = rotation_x(np.full(instants, camera_pitch_rad)) @ rotation_y(motion.yaw_rad)
    pelvis = upright @ rotation_z(-0.3 * angle["torso_roll"])
    torso = upright @ rotation_x(angle["torso_pitch"]) @ rotation_z(angle["torso_roll"])
    nod = angle["head_pitch"] - 0.5 * angle["torso_pitch"]  # who bends down still looks ahead
    head = torso @ rotation_y(angle["head_yaw"]) @ rotation_x(nod) @ rotation_z(angle["head_roll"])
    points: Points = {"pelvis": np.zeros((instants, 3)), "neck": torso @ np.array([0.0, build.trunk, 0.0])}
    points |= _head_points(build, points["neck"], torso, head)
    for side, sign in SIDES.items():
        points |= _arm(build, side, sign, angle, torso)
        points |= _leg(build, side, sign, angle, pelvis, upright)
    lowest = np.minimum(points["left_ankle"][:, 1], points["right_ankle"][:, 1])
    lift = np.stack([np.zeros(instants), motion.hop - lowest, np.zeros(instants)], axis=1)
    return Body(
        points={name: point + lift for name, point in points.items()}, pelvis=pelvis, torso=torso, head=head
    )


def _head_points(build: Build, neck: np.ndarray, torso: np.ndarray, head: np.ndarray) -> Points:
    """The head's centre and the face, on an ellipsoid of the head's radius."""
    centre = neck + torso @ np.array([0.0, build.neck, 0.0]) + head @ np.array([0.0, build.head, 0.01])
    offsets = {
        "head": (0.0, 0.0, 0.0),
        "head_top": (0.0, 1.15, 0.0),
        "head_bottom": (0.0, -1.25, -0.1),
        "nose": (0.0, -0.12, 1.12),
        "left_eye": (0.36, 0.14, 0.88),
        "right_eye": (-0.36, 0.14, 0.88),
        "left_ear": (0.97, 0.0, -0.05),
        "right_ear": (-0.97, 0.0, -0.05),
    }
    return {name: centre + head @ (build.head * np.array(offset)) for name, offset in offsets.items()}


def _arm(build: Build, side: str, sign: float, angle: Points, torso: np.ndarray) -> Points:
    upper = torso @ rotation_z(sign * angle[f"{side}_shoulder_abduct"])
    upper = upper @ rotation_x(-angle[f"{side}_shoulder_flex"])
    upper = upper @ rotation_y(-sign * angle[f"{side}_shoulder_twist"])
    lower = upper @ rotation_x(-angle[f"{side}_elbow"])
    shoulder = torso @ np.array([sign * build.shoulders, build.trunk - 0.025, 0.0])
    elbow = shoulder + upper @ (build.upper_arm * DOWN)
    wrist = elbow + lower @ (build.forearm * DOWN)
    joints = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "hand": wrist + lower @ (0.05 * DOWN)}
    return {f"{side}_{joint}": point for joint, point in joints.items()}


def _leg(
    build: Build, side: str, sign: float, angle: Points, pelvis: np.ndarray, upright: np.ndarray
) -> Points:
    thigh = pelvis @ rotation_z(sign * angle[f"{side}_hip_abduct"]) @ rotation_x(-angle[f"{side}_hip_flex"])
    shank = thigh @ rotation_x(angle[f"{side}_knee"])
    hip = pelvis @ np.array([sign * build.hips, 0.0, 0.0])
    knee = hip + thigh @ (build.thigh * DOWN)
    ankle = knee + shank @ (build.shank * DOWN)
    toe = ankle + 0.5 * (upright + shank) @ np.array([sign * 0.02, -0.03, 0.1])
    joints = {"hip": hip, "knee": knee, "ankle": ankle, "toe": toe}
    return {f"{side}_{joint}": point for joint, point in joints.items()}


def rotation_x(angles_rad: np.ndarray) -> np.ndarray:
    """(T,) angles -> (T, 3, 3); turns up toward the front."""
    return _rotation(angles_rad, 1, 2)


def rotation_y(angles_rad: np.ndarray) -> np.ndarray:
    """(T,) angles -> (T, 3, 3); turns the front toward the body's left."""
    return _rotation(angles_rad, 2, 0)


def rotation_z(angles_rad: np.ndarray) -> np.ndarray:
    """(T,) angles -> (T, 3, 3); turns the body's left upward."""
    return _rotation(angles_rad, 0, 1)


def _rotation(angles_rad: np.ndarray, first: int, second: int) -> np.ndarray:
    matrices = np.tile(np.eye(3), (len(angles_rad), 1, 1))
    cos, sin = np.cos(angles_rad), np.sin(angles_rad)
    matrices[:, first, first] = matrices[:, second, second] = cos
    matrices[:, second, first], matrices[:, first, second] = sin, -sin
    return matrices
