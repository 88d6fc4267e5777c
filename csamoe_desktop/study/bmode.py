"""Simulates a B-mode image from tissue maps: speckle by a depth-varying point-spread function, envelope, log compression.

The usual linear model (Bamber and Dickinson, Physics in Medicine and Biology 25, 1980): an echo is the tissue's random complex
scatterers and its interfaces, convolved with a point-spread function that separates into an axial and a lateral Gaussian;
the lateral one widens away from the focus. Several looks are averaged, as in spatial compounding.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Scatterers = NDArray[np.complex64]

LOOKS = 4
_AXIAL_MM = 0.095
_LATERAL_MM = 0.21
_FOCUS_MM = 16.0
_WIDENING = 0.075
"""Growth of the lateral spread per millimetre away from the focus, in focal widths."""

_DYNAMIC_RANGE_DB = 50.0
_WHITE_DB = 30.0
"""The echo level that is shown white, in dB above tissue of 0 dB."""

_NOISE_DB = -30.0
_NOISE_RISE = 0.45
"""Decibels per millimetre of depth by which the time-gain compensation raises the receiver's noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """Maps of the tissue, float32 (rows, columns) each.

    Attributes:
        scatter: strength of the diffuse echo, in dB.
        interface: strength of the specular echo, linear, relative to a diffuse echo of 0 dB.
        attenuation: round-trip loss per millimetre for everything deeper, in dB, net of the time-gain compensation;
            negative where the compensation is greater.
    """

    scatter: Field
    interface: Field
    attenuation: Field


def scatterers(generator: np.random.Generator, shape: tuple[int, int]) -> Scatterers:
    """Return random scatterers of unit strength, complex64 (looks, rows, columns); all looks share a third of the power."""
    parts = generator.standard_normal((LOOKS + 1, 2, *shape), dtype=np.float32)
    complex_parts = (parts[:, 0] + 1j * parts[:, 1]) / np.sqrt(2)
    return np.asarray(np.sqrt(1 / 3) * complex_parts[:1] + np.sqrt(2 / 3) * complex_parts[1:], np.complex64)


def scan(tissue: Tissue, field: Scatterers, noise: Scatterers, spacing: float) -> NDArray[np.uint8]:
    """Return the image, uint8 (rows, columns), of a tissue with these scatterers at `spacing` millimetres per pixel."""
    rows = tissue.scatter.shape[0]
    depth = (np.arange(rows, dtype=np.float32) + 0.5) * spacing
    # Near the skin the beam is as wide as its aperture, so shadows have soft edges.
    along = np.cumsum(tissue.attenuation, axis=0) * spacing
    lost = cv2.GaussianBlur(along, (0, 0), 0.4 / spacing, sigmaY=0.3 / spacing, borderType=cv2.BORDER_REPLICATE)
    echoes = field * _amplitude(tissue.scatter) + tissue.interface
    received = (
        echoes * _amplitude(-np.asarray(lost, np.float32))
        + noise * _amplitude(_NOISE_DB + _NOISE_RISE * depth)[:, None]
    )
    looks = np.stack([_blurred(look, depth, spacing) for look in received])
    envelope = np.sqrt(np.mean(np.abs(looks) ** 2, axis=0))
    level = (20 * np.log10(envelope + 1e-6) - _WHITE_DB) / _DYNAMIC_RANGE_DB + 1
    return np.asarray(np.clip(level * 255 + 0.5, 0, 255), np.uint8)


def _blurred(look: Scatterers, depth: Field, spacing: float) -> Scatterers:
    """Return a look convolved with the point-spread function, scaled so that diffuse scatter keeps its strength."""
    axial = _AXIAL_MM / spacing
    width = (_LATERAL_MM / spacing) * (1 + _WIDENING * np.abs(depth - _FOCUS_MM))
    # Mirrored at the sides, as the Fourier transform would otherwise wrap the left side to the right.
    beside = min(int(4 * width.max()) + 1, look.shape[1] - 1)
    mirrored = np.pad(look, ((0, 0), (beside, beside)), "reflect")
    parts = _axially(np.dstack([mirrored.real, mirrored.imag]).astype(np.float32), axial)
    frequency = np.fft.fftfreq(mirrored.shape[1]).astype(np.float32)
    response = np.exp(-2 * (np.pi * width[:, None] * frequency) ** 2)
    blurred = np.fft.ifft(np.fft.fft(parts[..., 0] + 1j * parts[..., 1], axis=1) * response, axis=1)
    blurred = blurred[:, beside:-beside]
    # A Gaussian of width s keeps 1 / (2 s sqrt(pi)) of white noise's power, and never more than all of it.
    remaining = np.minimum(1 / (2 * np.sqrt(np.pi) * axial), 1) * np.minimum(1 / (2 * np.sqrt(np.pi) * width), 1)
    return np.asarray(blurred / np.sqrt(remaining)[:, None], np.complex64)


def _axially(parts: Field, sigma: float) -> Field:
    reach = max(int(4 * sigma + 0.5), 1)
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma)
    return np.asarray(cv2.sepFilter2D(parts, -1, np.ones((1, 1)), kernel, borderType=cv2.BORDER_REFLECT), np.float32)


def _amplitude(decibels: Field) -> Field:
    return np.asarray(np.power(10, decibels / 20), np.float32)
