"""Directions in the teacher's span as points of a circle or of a sphere, and half a sphere as a disc."""

from __future__ import annotations

import numpy as np

DISC = 91  # points across a disc


def circle(lines: bool, count: int) -> np.ndarray:
    """Angles of directions in degrees, (count,): half a turn of them where w and −w are one neuron."""
    return np.linspace(0.0, 180.0 if lines else 360.0, count)


def on_circle(angle: np.ndarray) -> np.ndarray:
    """(…, 2) the points at angles in degrees."""
    turn = np.radians(angle)
    return np.stack([np.cos(turn), np.sin(turn)], -1)


def angle_of(place: np.ndarray) -> np.ndarray:
    """Degrees in [0, 360) of points in the plane, (…, 2) → (…)."""
    return np.asarray(np.degrees(np.arctan2(place[..., 1], place[..., 0])) % 360.0)


def disc(count: int) -> np.ndarray:
    """(count², 2) a grid of the square around the unit disc, row by row from below."""
    across = np.linspace(-1.0, 1.0, count)
    return np.stack(np.meshgrid(across, across), -1).reshape(-1, 2)


def from_disc(points: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Points of the sphere whose image is here: Lambert's azimuthal projection, equal in area, of a half sphere.

    Args:
        points: (P, 2), the half sphere in the unit disc.
        frame: (3, 3) orthonormal rows: the directions of the two axes of the disc, and the pole in its middle.
    """
    square = np.sum(points**2, -1, keepdims=True)
    return np.concatenate([points * np.sqrt(2 - square), 1 - square], -1) @ frame


def on_disc(place: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The inverse of ``from_disc``, (…, 3) → (…, 2), of all points but the antipode of the pole."""
    own = place @ frame.T
    return np.asarray(own[..., :2] / np.sqrt(1 + own[..., 2:]))


def frame_of(teacher_place: np.ndarray) -> np.ndarray:
    """The frame (3, 3) of a half sphere that cuts no teacher line (m*, 3) near its rim."""
    grid = from_disc(disc(41), np.eye(3))
    grid = grid[grid[:, 2] >= 0]
    pole = grid[np.argmax(np.min(np.abs(grid @ teacher_place.T), -1))]
    towards = teacher_place[0] - pole * (teacher_place[0] @ pole)
    if np.linalg.norm(towards) < 1e-6:  # the teacher is the pole
        towards = np.linalg.svd(pole[None])[2][1]
    across = towards / np.linalg.norm(towards)
    return np.stack([across, np.cross(pole, across), pole])
