"""Certificates of small runs, and the gradient that they must be."""

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.views.data.certificate import Certificates, read_certificates
from featlearn.views.data.certificate_view import CertificateView, certificate_view
from featlearn.views.data.run import read_run
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.run import run_figures
from tests.views.examples import COLUMN

PLAIN = "activation.drop_hermite_below=0"
SPACE = "teacher.rank=3"
TEACHERS = [[], [PLAIN], [SPACE], [SPACE, PLAIN]]


def certificates_of(run: RunDirectory) -> Certificates:
    found = read_certificates(read_run(run))
    assert found is not None
    return found


def view_of(run: RunDirectory) -> CertificateView:
    view = certificate_view(certificates_of(run), read_run(run).metrics)
    assert view is not None
    return view


def drawing_of(run: RunDirectory) -> Drawing:
    return next(drawing for drawing in run_figures(read_run(run), COLUMN) if drawing.name == "certificate")


def names_of(run: RunDirectory) -> list[str]:
    return [drawing.name for drawing in run_figures(read_run(run), COLUMN)]


def by_gradient(run: RunDirectory, snapshot: int, weight_decay: float, directions: np.ndarray, drop: int) -> np.ndarray:
    """η = −(1/λ) ∂L/∂a of neurons of output weight 0 in these directions, that are added to the network."""
    arrays = run.read_arrays(run.snapshots_file)
    second = np.concatenate([arrays["second_layer"][snapshot], np.zeros(len(directions))])
    first = np.concatenate([arrays["first_layer"][snapshot], directions])
    teacher = arrays["teacher_second_layer"][None], arrays["teacher_first_layer"][None]
    slope = population.gradient(activation("relu", drop), second[None], first[None], *teacher).second_layer[0]
    return np.asarray(-slope[-len(directions) :] / weight_decay)
