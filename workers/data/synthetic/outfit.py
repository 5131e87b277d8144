"""What a synthetic person wears. Nothing here tells left from right, for a mirrored person must be as likely.

Only the way the body faces tells (face, hair, chest, toes, which limb is near), which flipping keeps true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import cv2
import numpy as np

Colour = tuple[float, float, float]  # B, G, R in 0..255

SKIN_BGR: tuple[Colour, ...] = (
    (180, 205, 240), (150, 185, 228), (125, 165, 215), (95, 135, 190), (70, 100, 150), (45, 65, 105)
)  # fmt: skip
HAIR_BGR: tuple[Colour, ...] = ((25, 25, 30), (30, 45, 70), (45, 75, 110), (95, 150, 190), (130, 130, 135))
SLEEVES = ("none", "short", "long")
LEGS = ("trousers", "shorts", "skirt")
CHESTS = ("plain", "stripes", "logo", "open")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """Colours and cut of one person's clothes, skin and hair."""

    skin: Colour
    hair: Colour
    shirt: Colour
    trim: Colour  # stripes, logo, opening, backpack
    trousers: Colour
    shoes: Colour
    sleeves: str  # one of SLEEVES
    legs: str  # one of LEGS
    chest: str  # one of CHESTS
    long_hair: bool
    bald: bool
    backpack: bool


def draw_outfit(rng: np.random.Generator) -> Outfit:
    """A random outfit."""
    return Outfit(
        skin=_near(SKIN_BGR[rng.integers(len(SKIN_BGR))], rng),
        hair=_near(HAIR_BGR[rng.integers(len(HAIR_BGR))], rng),
        shirt=draw_colour(rng),
        trim=draw_colour(rng),
        trousers=draw_colour(rng),
        shoes=draw_colour(rng),
        sleeves=str(rng.choice(SLEEVES)),
        legs=str(rng.choice(LEGS, p=(0.6, 0.25, 0.15))),
        chest=str(rng.choice(CHESTS)),
        long_hair=bool(rng.random() < 0.35),
        bald=bool(rng.random() < 0.08),
        backpack=bool(rng.random() < 0.2),
    )


def draw_colour(rng: np.random.Generator, saturation: float = 0.85) -> Colour:
    """Any colour, greys and darks as often as bright ones."""
    hsv = np.array([[[rng.integers(180), 255 * saturation * rng.random(), rng.uniform(30, 245)]]])
    blue, green, red = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    return float(blue), float(green), float(red)


def shaded(colour: Colour, factor: float) -> Colour:
    """The colour under more (factor > 1) or less light."""
    blue, green, red = (min(255.0, channel * factor) for channel in colour)
    return blue, green, red


def _near(colour: Colour, rng: np.random.Generator) -> Colour:
    return shaded(colour, rng.uniform(0.88, 1.1))
