"""Tissue maps of the demo study's synthetic breast, and its two lesions.

From the skin down: skin, fat lobules between Cooper's ligaments, the glandular layer, a little fat, the pectoral fascia
and muscle. The lesions follow the terms of the BI-RADS ultrasound lexicon (ACR, 5th edition): oval, parallel,
circumscribed, enhancing; or irregular, not parallel, spiculated, with an echogenic halo and a shadow.
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.study.bmode import Field, Tissue

Kind = Literal["smooth", "spiculated"]
Bool = NDArray[np.bool_]

DEPTH_MM = 36.0
_SKIN, _GLAND, _RETRO, _FASCIA = 1.9, 8.6, 24.5, 26.6
"""Mean depth in millimetres at which the skin ends, and gland, retromammary fat and pectoral fascia begin."""


def make_breast(
    kind: Kind, generator: np.random.Generator, shape: tuple[int, int], spacing: float
) -> tuple[Tissue, Bool]:
    """Return a breast with a lesion of a kind, and the lesion's mask (including the roots of its spicules), for images of
    `shape` (rows, columns) and `spacing` millimetres per pixel."""
    ground = Ground(generator, shape, spacing)
    tissue = _breast(ground)
    return _spiculated(ground, tissue) if kind == "spiculated" else _smooth(ground, tissue)


class Ground:
    """The coordinates of a scene in millimetres (x from its centre, y from the probe) and random fields over it."""

    def __init__(self, generator: np.random.Generator, shape: tuple[int, int], spacing: float) -> None:
        self.generator = generator
        self.shape = shape
        self.spacing = spacing
        rows, columns = np.indices(shape, dtype=np.float32)
        self.x = (columns + 0.5 - shape[1] / 2) * spacing
        self.y = (rows + 0.5) * spacing

    def clouds(self, down: float, across: float) -> Field:
        """Return smooth noise of unit variance, its structures `down` x `across` millimetres in size."""
        # Computed on the coarsest grid that suffices, so that large structures cost no more than small ones.
        steps = [max(size / self.spacing / 3, 1) for size in (down, across)]
        coarse = [int(length / step) + 12 for length, step in zip(self.shape, steps, strict=True)]
        white = self.generator.standard_normal(coarse, dtype=np.float32)
        sigmas = [max(size / self.spacing / step, 0.3) for size, step in zip((down, across), steps, strict=True)]
        smooth = cv2.GaussianBlur(white, (0, 0), sigmas[1], sigmaY=sigmas[0], borderType=cv2.BORDER_REFLECT)[5:-5, 5:-5]
        smooth = (smooth - smooth.mean()) / max(float(smooth.std()), 1e-6)
        return np.asarray(cv2.resize(smooth, self.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)

    def thin_strands(self, down: float, across: float, share: float) -> Field:
        """Return thin ridges, 0..1, where smooth noise crosses zero; about a fraction `share` of them is visible."""
        ridges = np.exp(-((self.clouds(down, across) / 0.25) ** 2))
        return _f32(ridges * np.clip(share + 0.5 * self.clouds(2.2 * down, 0.8 * across), 0, 1.3))

    def wave(self, across: float) -> Field:
        """Return an undulation, (1, columns), of unit variance."""
        return self.clouds(1000.0, across)[:1]


def _breast(ground: Ground) -> Tissue:
    """Return the tissue without a lesion."""
    rough = ground.clouds(0.25, 0.9)
    y = ground.y + 0.10 * ground.clouds(0.7, 1.6)
    skin = _SKIN + 0.06 * ground.wave(9)
    gland = _GLAND + 0.9 * ground.wave(6) + 0.45 * ground.wave(2.2) + 0.3 * ground.clouds(0.8, 1.5)
    retro = _RETRO + 0.8 * ground.wave(7) + 0.3 * ground.clouds(0.8, 1.5)
    fascia = _FASCIA + 0.35 * ground.wave(8) + 0.035 * ground.x[:1]
    septa, shade, upright = _lobules(ground, 6.5, 2.9)
    fat = -2.0 + 1.2 * shade + 1.8 * rough + 1.3 * ground.clouds(0.6, 2.2) + 5.0 * ground.thin_strands(0.35, 2.5, 0.5)
    glandular = (
        5.5
        + 2.2 * ground.clouds(2.0, 5.0)
        + 2.6 * ground.clouds(0.7, 2.0)
        + 2.0 * rough
        + 6.5 * ground.thin_strands(0.5, 3.2, 0.7)
        + 5.0 * ground.thin_strands(0.3, 1.6, 0.4)
        - 7.5 * _step(ground.clouds(0.9, 2.4) - 0.9, 0.5)
    )
    muscle = (
        -1.5
        + 8.0 * ground.thin_strands(0.3, 6.0, 0.4)
        + 5.0 * ground.thin_strands(0.2, 2.5, 0.2)
        + 1.2 * ground.clouds(1.0, 5.0)
        + 1.2 * rough
    )
    scatter = np.where(y < skin, 9.0 + 1.5 * ground.clouds(0.15, 2.0), fat)
    scatter = _mixed(scatter, glandular, _step(y - gland, 0.5))
    scatter = _mixed(scatter, fat, _step(y - retro, 0.5))
    scatter = _mixed(scatter, muscle, _step(y - fascia, 0.25))

    above = _step(y - skin - 0.25, 0.1) * (1 - _step(y - gland, 0.15))
    below = _step(y - retro, 0.15) * (1 - _step(y - fascia, 0.1))
    walls = septa * (above + 0.6 * below) * np.clip(0.55 + 0.5 * ground.clouds(0.6, 2.4), 0.05, 1.5)
    scatter = scatter + 9.0 * walls * (0.3 + 0.7 * upright)
    interface = 1.3 * walls * upright**3
    for edge, width, strength in (
        (0.30, 0.15, 4.5),
        (skin, 0.10, 3.0),
        (fascia, 0.12, 3.2),
        (fascia + 0.7 + 0.12 * ground.wave(4), 0.10, 1.8),
    ):
        lit = np.exp(-(((y - edge) / width) ** 2)) * np.clip(0.65 + 0.45 * ground.wave(2.4), 0.05, 1.6)
        interface = interface + strength * lit
        scatter = scatter + 5.0 * lit
    # Interfaces are rough at the scale of a wavelength, so their echo fluctuates along the line.
    interface = interface * np.clip(0.9 + 0.6 * ground.clouds(0.12, 0.6), 0.05, 2.2)
    columns = 0.05 * ground.wave(1.0) + 0.05 * ground.wave(4.0)
    attenuation = np.where(y > 17, 0.50, 0.05) + columns + 0.5 * walls * (1 - upright)
    return Tissue(_f32(scatter), _f32(interface), _f32(attenuation))


def _lobules(ground: Ground, across: float, down: float) -> tuple[Field, Field, Field]:
    """Return the walls of the fat lobules (0..1), a random shade for each lobule, and how much a wall faces the probe
    (0..1)."""
    x = (ground.x + 1.1 * ground.clouds(1.6, 2.5)) / across
    y = (ground.y + 0.55 * ground.clouds(1.4, 2.4)) / down
    half, deep = int(ground.x.max() / across) + 2, int(DEPTH_MM / down) + 2
    nearest = np.full(ground.shape, np.inf, np.float32)
    second, shade = nearest.copy(), np.zeros(ground.shape, np.float32)
    for row in range(-1, deep):
        for column in range(-half, half + 1):
            east, south = ground.generator.uniform(0.1, 0.9, 2)
            distance = np.hypot(x - column - east - 0.5 * (row % 2), y - row - south)
            closer = distance < nearest
            second = np.where(closer, nearest, np.minimum(second, distance))
            shade = np.where(closer, np.float32(ground.generator.standard_normal()), shade)
            nearest = np.where(closer, distance, nearest)
    gap = (second - nearest) * down
    walls = np.exp(-((gap / 0.24) ** 2))
    down_slope, across_slope = np.gradient(cv2.GaussianBlur(gap, (0, 0), 0.25 / ground.spacing))
    upright = np.abs(down_slope) / (np.hypot(down_slope, across_slope) + 1e-6)
    return _f32(walls), shade, _f32(upright)


def _smooth(ground: Ground, tissue: Tissue) -> tuple[Tissue, Bool]:
    """Return the tissue with an oval, parallel, circumscribed lesion that enhances, and its mask."""
    turn = np.deg2rad(6)
    x = ground.x + 1.2 + 0.14 * ground.clouds(0.8, 1.0)
    y = ground.y - 15.2 + 0.10 * ground.clouds(0.8, 1.0)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    angle, radius = np.arctan2(across, along), np.hypot(along, across)
    edge = 1 / np.hypot(np.cos(angle) / 7.2, np.sin(angle) / 4.0)
    edge = edge * (1 + 0.035 * np.cos(3 * angle + 0.6) + 0.02 * np.cos(4 * angle + 2.0))
    outside = radius - edge
    inside = 1 - _step(outside, 0.40)
    texture = 1.4 * ground.clouds(0.5, 1.6) + 1.0 * ground.clouds(0.25, 0.7) + 3.5 * ground.thin_strands(0.5, 2.2, 0.1)
    scatter = _mixed(tissue.scatter, -8.0 + texture, inside)
    facing = np.abs(across / 4.0**2) / (np.hypot(along / 7.2**2, across / 4.0**2) + 1e-6)
    patchy = np.clip(0.45 + 0.5 * ground.clouds(0.5, 1.2), 0.05, 1.5)
    capsule = np.exp(-(((outside - 0.18) / 0.16) ** 2)) * (0.15 + 0.85 * facing**3) * patchy
    interface = tissue.interface * (1 - inside) + 0.9 * capsule
    # Posterior enhancement: the lesion attenuates less than the gain compensates. Its steep sides refract the beam away.
    bent = np.exp(-((outside / 0.5) ** 2)) * (1 - facing) ** 2
    attenuation = tissue.attenuation - 0.60 * inside + 1.5 * bent
    return Tissue(_f32(scatter + 3.5 * capsule), _f32(interface), _f32(attenuation)), outside < 0


def _spiculated(ground: Ground, tissue: Tissue) -> tuple[Tissue, Bool]:
    """Return the tissue with an irregular, upright, spiculated lesion with halo and shadow, and its mask."""
    x = ground.x - 1.5 + 0.35 * ground.clouds(0.7, 0.7) + 0.15 * ground.clouds(0.3, 0.4)
    y = ground.y - 14.8 + 0.35 * ground.clouds(0.7, 0.7) + 0.15 * ground.clouds(0.3, 0.4)
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    edge = 1 / np.hypot(np.cos(angle) / 3.6, np.sin(angle) / 4.8)
    for lobes in range(2, 8):
        edge = edge * (1 + 0.06 * np.cos(lobes * angle + ground.generator.uniform(0, 2 * np.pi)))
    outside = radius - edge
    body = 1 - _step(outside, 0.55)
    spicules = np.zeros(ground.shape, np.float32)
    for number in range(13):
        heading = 2 * np.pi * (number + ground.generator.uniform(-0.35, 0.35)) / 13
        length, width = ground.generator.uniform((2.0, 0.55), (5.0, 1.0))
        apart = np.abs(np.angle(np.exp(1j * (angle - heading)))) * radius
        wedge = 1 - _step(apart - width * (1 - outside / length), 0.25)
        spicules = np.maximum(spicules, wedge * (outside > -1.5) * np.clip(1.3 - outside / length, 0, 1))
    lesion = np.maximum(body, 0.85 * spicules)
    halo = np.exp(-((np.clip(outside - 0.3, 0, None) / 1.4) ** 2)) * (1 - lesion)
    scatter = tissue.scatter + halo * (4.5 + 2.2 * ground.clouds(0.4, 0.6))
    inner = 2.4 * ground.clouds(0.7, 1.1) + 1.5 * ground.clouds(0.25, 0.6) + 5.0 * ground.thin_strands(0.5, 1.4, 0.15)
    scatter = _mixed(scatter, -7.0 + inner, lesion)
    interface = tissue.interface * (1 - lesion)
    for _ in range(4):  # a few calcifications
        east, south = ground.generator.uniform((-1.8, -2.4), (1.8, 1.4))
        interface = interface + 3.5 * np.exp(-(((x - east) ** 2 + (y - south) ** 2) / 0.08**2))
    attenuation = tissue.attenuation + 1.35 * body * np.clip(1 + 0.35 * ground.wave(1.0), 0.2, 2) + 0.3 * spicules
    return Tissue(_f32(scatter), _f32(interface), _f32(attenuation)), _outlined(
        (body > 0.5) | (spicules > 0.5), ground.spacing
    )


def _outlined(mask: Bool, spacing: float) -> Bool:
    """Return the largest piece of a mask without the thin ends of spicules, which a radiologist would not outline."""
    reach = 2 * round(0.3 / spacing) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _step(distance: Field, softness: float) -> Field:
    """Return 0 where `distance` is negative and 1 where it is positive, with a transition of `softness` millimetres."""
    return np.asarray(1 / (1 + np.exp(np.clip(-4 * distance / softness, -40, 40))), np.float32)


def _mixed(first: Field, second: Field, part: Field) -> Field:
    return first + (second - first) * part


def _f32(values: NDArray[Any]) -> Field:
    return np.ascontiguousarray(values, np.float32)
