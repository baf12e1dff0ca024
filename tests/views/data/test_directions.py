"""The disc is half a sphere, equal in area."""

import numpy as np

from featlearn.views.data.directions import frame_of, from_disc, on_disc


def test_the_projection_is_equal_in_area_and_has_an_inverse() -> None:
    random = np.random.default_rng(0)
    frame = frame_of(np.array([[1.0, 0, 0], [0, 1, 0], [0.6, 0, 0.8]]))
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    points = random.uniform(-0.7, 0.7, size=(50, 2))
    there = from_disc(points, frame)
    np.testing.assert_allclose(np.linalg.norm(there, axis=-1), 1)
    np.testing.assert_allclose(on_disc(there, frame), points, atol=1e-12)
    h = 1e-6
    right, above = np.array([h, 0]), np.array([0, h])
    across = (from_disc(points + right, frame) - from_disc(points - right, frame)) / (2 * h)
    up = (from_disc(points + above, frame) - from_disc(points - above, frame)) / (2 * h)
    np.testing.assert_allclose(np.linalg.norm(np.cross(across, up), axis=-1), 2.0, rtol=1e-8)  # 2π over π
    rim = from_disc(np.array([[1.0, 0], [0.6, -0.8]]), frame)
    np.testing.assert_allclose(rim @ frame[2], 0, atol=1e-12)


def test_the_half_sphere_cuts_no_teacher_line() -> None:
    for seed in range(5):
        rows = np.random.default_rng(seed).normal(size=(3, 3))
        rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
        assert np.abs(frame_of(rows)[2] @ rows.T).min() > 0.3
    assert np.isfinite(frame_of(np.array([[0.0, 0, 1]]))).all()
