"""``featlearn plot`` of a run: which figures it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from featlearn.storage.errors import RunError
from featlearn.views.data.certificate import read_certificates
from featlearn.views.data.certificate_view import certificate_view
from featlearn.views.data.path import read_path
from featlearn.views.data.run import RunData
from featlearn.views.data.theory import Theory
from featlearn.views.data.trained import Trained, trained_functions
from featlearn.views.figures.alignment import alignment_figure
from featlearn.views.figures.certificate import certificate_figure
from featlearn.views.figures.curvature import curvature_figure
from featlearn.views.figures.curves import curves_figure
from featlearn.views.figures.degrees import degrees_figure
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.neurons import neurons_figure
from featlearn.views.figures.offsets import offsets_figure
from featlearn.views.figures.overlaps import cosines_figure, overlaps_figure
from featlearn.views.figures.path import path_figure
from featlearn.views.figures.style import Size, style


def run_figures(data: RunData, size: Size, theory: Theory | None = None) -> Iterator[Drawing]:
    """Curves, alignment and, where there are snapshots, neurons, offsets, overlaps, cosines, the loss by degrees.

    The certificate and the λ-path where there are optima.

    Without a teacher there are curves alone. A theory is drawn behind curves and alignment.
    """
    with style(size):
        yield curves_figure(data, size, theory)
        if not data.teachers:
            return
        yield alignment_figure(data, size, theory)
        if data.info.curvature is not None and data.info.curvature.eigenvalues:
            yield curvature_figure(data, data.info.curvature, size)
        if data.neurons is not None:
            yield neurons_figure(data, data.neurons, size)
            if data.snapshots is not None and data.snapshots.biases is not None:
                yield offsets_figure(data, data.neurons, size)
            with suppress(RunError):  # a configuration that does not say what was trained
                yield from _of_functions(data, trained_functions(data), size)
        with suppress(RunError):  # a broken record of optima, which the report says
            if (certificates := read_certificates(data)) and (view := certificate_view(certificates, data.metrics)):
                yield certificate_figure(data, view, size)
            if (path := read_path(data)) is not None:
                yield path_figure(data, path, size)


def overlaps_by_samples(data: RunData, size: Size) -> Drawing:
    """The overlaps against the samples seen per dimension. Raises RunError without online data or snapshots."""
    with style(size):
        return overlaps_figure(data, trained_functions(data), size, by_samples=True)


def _of_functions(data: RunData, trained: Trained, size: Size) -> Iterator[Drawing]:
    """Overlaps, and where there are two directions the cosines with them; the loss by degrees."""
    yield overlaps_figure(data, trained, size)
    if len(trained.snapshots.teacher_first_layer) > 1:
        yield cosines_figure(data, trained, size)
    if trained.no_degrees is None:
        yield degrees_figure(data, trained, size)
