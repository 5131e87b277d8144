"""Cuts a posed, dressed body into convex pieces: tapering limbs, rings round the trunk, a ball of a head."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np

from workers.data.synthetic.body import SIDES, Body, Build
from workers.data.synthetic.figure import Piece
from workers.data.synthetic.outfit import Colour, Outfit, shaded
from workers.data.synthetic.paint import CIRCLE, Light, capsule

# Height above the pelvis in trunk lengths; half-breadth beyond the skeleton's and half-thickness in statures.
_LEVELS = np.array([-0.16, 0.06, 0.38, 0.70, 0.92, 1.03])
_BREADTH = np.array([0.012, 0.028, 0.012, 0.012, 0.012, -0.055])
_THICKNESS = np.array([0.052, 0.064, 0.056, 0.066, 0.056, 0.036])
_HALF_TURN = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
_RING = np.stack([np.cos(_HALF_TURN), np.zeros(12), np.sin(_HALF_TURN)], axis=1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One person's looks, the same in every frame."""

    build: Build
    outfit: Outfit
    stature_px: float


def to_px(points: np.ndarray, origin_px: np.ndarray, stature_px: float) -> np.ndarray:
    """Camera coordinates in statures (..., 3) -> image px with the depth kept, (..., 3); origin (..., 2)."""
    pixels = points * np.array([stature_px, -stature_px, stature_px])
    pixels[..., :2] += origin_px
    return pixels


def pieces_of(figure: Figure, body: Body, origin_px: np.ndarray, light: Light) -> list[Piece]:
    """The figure's pieces at one instant, in an order that is the same at every instant."""
    tailor = Tailor(figure, body, origin_px, light)
    pieces = [*tailor.trunk(), *tailor.head()]
    for side in SIDES:
        pieces += [*tailor.arm(side), *tailor.leg(side)]
    return pieces


@final
class Tailor:
    """Cuts the pieces of one figure at one instant."""

    def __init__(self, figure: Figure, body: Body, origin_px: np.ndarray, light: Light) -> None:
        self.build, self.outfit, self.body, self.light = figure.build, figure.outfit, body, light
        self.scale = figure.stature_px
        self.origin_px = origin_px
        self.px = {name: to_px(point, origin_px, self.scale) for name, point in body.points.items()}

    def limb(
        self, part: str, ends: tuple[str, str], radii: tuple[float, float], colour: Colour, nearer: float = 0
    ) -> list[Piece]:
        """A tapering limb between two points with a lit stripe; far limbs are darker, as in a room."""
        start, end = (self.px[end] for end in ends)
        first, second = (radius * self.build.girth * self.scale for radius in radii)
        depth = float(start[2] + end[2]) / (2.0 * self.scale)
        colour = shaded(colour, float(np.clip(0.92 + 1.1 * depth, 0.68, 1.08)))
        toward_light = np.array([self.light.x, -self.light.y]) * 0.35
        lit_ends = start[:2] + toward_light * first, end[:2] + toward_light * second
        whole, lit = capsule(start, end, first, second), capsule(*lit_ends, 0.5 * first, 0.5 * second)
        depth += nearer
        return [
            Piece(part=part, depth=depth, outline=whole, colour=colour),
            Piece(part=part, depth=depth + 1e-4, outline=lit, colour=shaded(colour, 1.16)),
        ]

    def arm(self, side: str) -> list[Piece]:
        """Upper arm, forearm and hand; sleeves decide which are skin."""
        outfit = self.outfit
        upper = outfit.skin if outfit.sleeves == "none" else outfit.shirt
        lower = outfit.shirt if outfit.sleeves == "long" else outfit.skin
        shoulder, elbow, wrist, hand = (f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand"))
        return [
            *self.limb(f"{side}_upper_arm", (shoulder, elbow), (0.032, 0.025), upper, nearer=0.03),
            *self.limb(f"{side}_forearm", (elbow, wrist), (0.025, 0.018), lower, nearer=0.03),
            *self.limb(f"{side}_hand", (wrist, hand), (0.02, 0.018), outfit.skin, nearer=0.031),
        ]

    def leg(self, side: str) -> list[Piece]:
        """Thigh, shank and foot; shorts and skirts leave the shank bare."""
        outfit = self.outfit
        shank = outfit.trousers if outfit.legs == "trousers" else outfit.skin
        hip, knee, ankle, toe = (f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "toe"))
        return [
            *self.limb(f"{side}_thigh", (hip, knee), (0.052, 0.036), outfit.trousers),
            *self.limb(f"{side}_shank", (knee, ankle), (0.036, 0.023), shank),
            *self.limb(f"{side}_foot", (ankle, toe), (0.025, 0.018), outfit.shoes, nearer=-0.002),
        ]

    def trunk(self) -> list[Piece]:
        """Pelvis, shirt and its front or back, neck."""
        pieces = self.limb("neck", ("neck", "head_bottom"), (0.032, 0.03), shaded(self.outfit.skin, 0.85))
        pieces += [self.band("pelvis", -0.16, 0.08, self.outfit.trousers, nearer=-0.01)]
        if self.outfit.legs == "skirt":
            pieces += [self.skirt()]
        for low, high in zip((0.03, 0.38, 0.70, 0.92), (0.38, 0.70, 0.92, 1.03), strict=True):
            pieces += [self.band("torso", low, high, self.outfit.shirt)]
        pieces += self.chest()
        if self.outfit.backpack:
            pieces += [self.slab((0.35, 0.95), 0.07, (-0.06, -0.13), self.outfit.trim)]
        return pieces

    def chest(self) -> list[Piece]:
        """Stripes go round; a logo or an open shirt lies on the front, behind the trunk of who looks away."""
        outfit = self.outfit
        if outfit.chest == "stripes":
            starts = (0.15, 0.38, 0.61, 0.84)
            return [self.band("torso", low, low + 0.09, outfit.trim, nearer=0.002) for low in starts]
        if outfit.chest == "logo":
            return [self.slab((0.55, 0.8), 0.045, (0.064, 0.066), outfit.trim)]
        if outfit.chest == "open":
            return [self.slab((0.06, 0.98), 0.022, (0.062, 0.064), outfit.trim)]
        return []

    def head(self) -> list[Piece]:
        """Head, jaw, nose, ears and hair."""
        outfit, radius = self.outfit, self.build.head * self.scale
        pieces = [self.ball((0.0, 0.0, 0.0), radius * 1.05, outfit.skin, nearer=0.03, facing=self.body.head)]
        pieces += [self.ball((0.0, -0.5, 0.3), radius * 0.72, shaded(outfit.skin, 0.93), nearer=0.0)]
        pieces += [self.ball((0.0, -0.12, 1.05), radius * 0.2, shaded(outfit.skin, 1.12), nearer=0.035)]
        for sign in SIDES.values():
            ear = (sign * 1.0, -0.05, -0.05)
            pieces += [self.ball(ear, radius * 0.24, shaded(outfit.skin, 0.82), nearer=0.03)]
        if outfit.long_hair and not outfit.bald:
            pieces += [self.ball((0.0, -0.35, -0.5), radius * 1.05, outfit.hair, nearer=0.0)]
            pieces += [self.ball((0.0, -1.2, -0.65), radius * 0.9, outfit.hair, nearer=0.0)]
        return pieces

    def ball(
        self,
        offset: tuple[float, float, float],
        radius_px: float,
        colour: Colour,
        nearer: float,
        facing: np.ndarray | None = None,
    ) -> Piece:
        """A disc around a point given in head radii to the head's left, up and forward."""
        centre = self.body.points["head"] + self.body.head @ (self.build.head * np.array(offset))
        outline = to_px(centre, self.origin_px, self.scale)[:2] + radius_px * CIRCLE
        depth = float(centre[2]) + nearer
        return Piece(part="head", depth=depth, outline=outline, colour=colour, facing=facing)

    def ring(self, level: float) -> np.ndarray:
        """Outline of the trunk at one height, (12, 3) in statures."""
        build = self.build
        skeleton = np.interp(level, (0.1, 0.6), (build.hips, build.shoulders))
        breadth = skeleton + np.interp(level, _LEVELS, _BREADTH) * build.girth
        thickness = np.interp(level, _LEVELS, _THICKNESS) * build.girth
        rotation = self.body.torso if level > 0.05 else self.body.pelvis
        centre = self.body.points["pelvis"] + rotation @ np.array([0.0, level * build.trunk, 0.0])
        return np.asarray(centre + (_RING * np.array([breadth, 0.0, thickness])) @ rotation.T)

    def band(self, part: str, low: float, high: float, colour: Colour, nearer: float = 0.0) -> Piece:
        """The trunk between two heights, lit as its front is."""
        rings = np.concatenate([self.ring(low), self.ring(high)])
        toward = self.body.torso[:, 2] * np.sign(self.body.torso[2, 2] + 1e-9)
        colour = shaded(colour, 0.08 + float(self.light.on(toward)))
        depth = float(rings[:, 2].mean()) + nearer
        outline = to_px(rings, self.origin_px, self.scale)[:, :2]
        return Piece(part=part, depth=depth, outline=outline, colour=colour)

    def skirt(self) -> Piece:
        """A cone from the waist to just above the knees."""
        waist_px = self.px["pelvis"]
        hem = [waist_px + 0.8 * (self.px[f"{side}_knee"] - waist_px) for side in SIDES]
        flare = 0.06 * self.build.girth * self.scale
        waist = to_px(self.ring(0.05), self.origin_px, self.scale)[:, :2]
        outline = np.concatenate([waist, *(point[:2] + flare * CIRCLE for point in hem)])
        depth = float(max(point[2] for point in hem)) / self.scale + 0.06
        return Piece(part="pelvis", depth=depth, outline=outline, colour=shaded(self.outfit.trousers, 1.06))

    def slab(
        self, levels: tuple[float, float], breadth: float, depths: tuple[float, float], colour: Colour
    ) -> Piece:
        """A box on the trunk's front (positive depths) or back, between two heights."""
        corners = np.array(list(product((-breadth, breadth), levels, depths)))
        corners *= (1.0, self.build.trunk, self.build.girth)
        points = self.body.points["pelvis"] + corners @ self.body.torso.T
        outline = to_px(points, self.origin_px, self.scale)[:, :2]
        return Piece(part="torso", depth=float(points[:, 2].mean()), outline=outline, colour=colour)
