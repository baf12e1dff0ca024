"""Inputs with a covariance: loss and gradient in fifty digits, the span, and what else sees the images of rows."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from featlearn.runs.floors_record import floors_record
from featlearn.theory.activations import activation
from featlearn.training.backends import make_backend
from featlearn.training.backends.torch_backend import TorchBackend
from featlearn.training.covariance import Root
from featlearn.training.data import Empirical, drawn_sample, mean_square_error
from featlearn.training.measurement import measure
from featlearn.training.methods import METHODS
from featlearn.training.networks import Network
from featlearn.training.objective import Objective
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem, Scaled
from featlearn.training.reduction import reductions
from featlearn.training.stages import LAYERS
from featlearn.training.state import State
from tests.theory.exact import MP, Exact, kernel, number
from tests.training.examples import stage_of

B, M, D, TEACHERS = 2, 4, 5, 2
SPIKE = Root.of_spike(np.array([4.0, 0.5]), np.array([[0.6, 0, 0.8, 0, 0], [0, 0, 0, 0, 1.0]]))
DIAGONAL = Root.of_diagonal(np.array([[1, 0.5, 0.25, 4, 9], [1e-4, 1, 1, 2, 1e4]], dtype=float))
ROOTS = {"spike": SPIKE, "diagonal": DIAGONAL}


def _problem(name: str, drop: int, root: Root | None, dim: int = D) -> tuple[Problem, State]:
    rng = np.random.default_rng(7)
    teacher = rng.standard_normal((B, TEACHERS, dim))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    first = rng.standard_normal((B, M, dim))
    second = rng.standard_normal((B, M))
    first[0, 1] = 0.7 * teacher[0, 0]  # a parallel pair
    problem = Problem(
        activation(name, drop),
        rng.standard_normal((B, TEACHERS)),
        teacher,
        first,
        initial_second_layer=second,
        root=root,
    )
    return problem, State(second, first)


def _covariance(kind: str, run: int) -> list[list[Exact]]:
    """Σ in fifty digits, from its definition."""
    if kind == "diagonal":
        variances = [[1, 0.5, 0.25, 4, 9], [1e-4, 1, 1, 2, 1e4]][run]
        return [[number(variances[i]) if i == j else MP.zero for j in range(D)] for i in range(D)]
    strength, v = ([4.0, 0.5][run], [number(x) for x in SPIKE.direction[run]])
    return [[MP.mpf(i == j) + number(strength) * v[i] * v[j] for j in range(D)] for i in range(D)]


def _exact_loss(problem: Problem, kind: str, run: int, a: list[Exact], w: list[list[Exact]]) -> Exact:
    """Σ_ij c_i c_j K with every product uᵀΣv."""
    act, sigma = problem.activation, _covariance(kind, run)
    c = a + [-number(x) for x in problem.teacher_second_layer[run]]
    v = w + [[number(x) for x in row] for row in problem.teacher_first_layer[run]]
    images = [[sum(sigma[i][j] * u[j] for j in range(D)) for i in range(D)] for u in v]
    products = [[sum(x * y for x, y in zip(u, image, strict=True)) for image in images] for u in v]
    n = range(len(c))
    return sum(
        c[i] * c[j] * kernel(act.name, act.drop_hermite_below, products[i][i], products[j][j], products[i][j])[0]
        for i in n
        for j in n
    )


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize(
    ("name", "drop"), [("relu", 2), ("relu", 0), ("abs", 2), ("erf", 2), ("erf", 0), ("quadratic", 0)]
)
def test_loss_and_gradient_in_fifty_digits(kind: str, name: str, drop: int) -> None:
    problem, state = _problem(name, drop, ROOTS[kind])
    loss, slope = TorchBackend().loss_and_gradient(problem, state)
    for run in range(B):
        a = [number(x) for x in state.second_layer[run]]
        w = [[number(x) for x in row] for row in state.first_layer[run]]
        exact = _exact_loss(problem, kind, run, a, w)
        scale = max(float(problem.target().squared_norm()[run]), float(exact))
        assert abs(loss[run] - float(exact)) < 1e-12 * scale
        h = MP.mpf(10) ** -15

        def change(j: int, k: int | None) -> float:
            """The derivative by an output weight, or by an entry of a row."""
            losses = []
            for by in (h, -h):  # noqa: B023
                second, first = list(a), [list(row) for row in w]  # noqa: B023
                if k is None:
                    second[j] += by
                else:
                    first[j][k] += by
                losses.append(_exact_loss(problem, kind, run, second, first))  # noqa: B023
            return float((losses[0] - losses[1]) / (2 * h))  # noqa: B023

        for j, k in ((0, 0), (1, 2), (2, 3), (3, 4)):
            size = np.max(np.abs(slope.first_layer[run]))
            assert abs(slope.first_layer[run, j, k] - change(j, k)) < 1e-11 * size
        for j in range(M):
            assert abs(slope.second_layer[run, j] - change(j, None)) < 1e-11 * np.max(np.abs(slope.second_layer[run]))


def _root(kind: str, dim: int) -> Root:
    """One with more dimensions."""
    rng = np.random.default_rng(5)
    direction = rng.standard_normal((B, dim))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    return Root.of_spike(np.array([3.0, 0.0]), direction) if kind == "spike" else Root.of_diagonal(direction**2 + 0.1)


@pytest.mark.parametrize("kind", ROOTS)
def test_the_square_of_the_root_is_the_covariance_and_equal_rows_have_equal_images(kind: str) -> None:
    rows = np.random.default_rng(0).standard_normal((B, 3, D))
    twice = ROOTS[kind].applied(ROOTS[kind].applied(rows))
    sigma = np.array([[[float(x) for x in row] for row in _covariance(kind, run)] for run in range(B)])
    np.testing.assert_allclose(twice, rows @ sigma, rtol=1e-14)
    np.testing.assert_allclose(ROOTS[kind].largest() ** 2, np.linalg.norm(sigma, 2, axis=(-2, -1)), rtol=1e-14)
    more = np.concatenate([np.zeros((B, 4, D)), rows], 1)
    np.testing.assert_array_equal(ROOTS[kind].applied(more)[:, 4:], ROOTS[kind].applied(rows))


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("more", ["plain", "scaled", "function"])
def test_a_problem_is_the_standard_one_of_the_images(kind: str, more: str) -> None:
    """Loss, gradient, ridge and floors of a problem with a covariance, from those of one without."""
    problem, state = _problem("relu", 2, ROOTS[kind])
    if more == "function":
        problem = replace(problem, function=activation("quadratic", 2))
    if more == "scaled":
        problem = replace(problem, scaled=Scaled(np.array([2.0, 3.0]), state.second_layer, state.first_layer))
        state = State(1.1 * state.second_layer, 0.9 * state.first_layer)
    images = ROOTS[kind].applied
    standard = replace(
        problem,
        root=None,
        teacher_first_layer=images(problem.teacher_first_layer),
        initial_first_layer=images(problem.initial_first_layer),
        scaled=problem.scaled and replace(problem.scaled, first_layer=images(problem.scaled.first_layer)),
    )
    seen = State(state.second_layer, images(state.first_layer))
    backend = TorchBackend()
    (loss, slope), (loss_seen, slope_seen) = (
        backend.loss_and_gradient(*pair) for pair in ((problem, state), (standard, seen))
    )
    np.testing.assert_array_equal(loss, loss_seen)
    np.testing.assert_array_equal(slope.second_layer, slope_seen.second_layer)
    np.testing.assert_array_equal(slope.first_layer, images(slope_seen.first_layer))
    np.testing.assert_array_equal(problem.target().squared_norm(), standard.target().squared_norm())
    ridge = stage_of(method="ridge", train=("second_layer",), step_size=None, steps=1)
    solved, solved_seen = (
        METHODS["ridge"].advance(backend, *pair[:1], [ridge] * B, pair[1], 0, 1)
        for pair in ((problem, state), (standard, seen))
    )
    np.testing.assert_array_equal(solved.second_layer, solved_seen.second_layer)
    np.testing.assert_array_equal(solved.first_layer, state.first_layer)
    for run in range(B):
        assert floors_record(problem.take([run])) == floors_record(standard.take([run]))
        assert optimum_of(problem, run, 0.1) is None


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("method", ["gd", "momentum"])
def test_a_spike_keeps_a_span_and_a_diagonal_does_not(kind: str, method: str) -> None:
    dim = 30
    problem, state = _problem("erf", 2, _root(kind, dim), dim)
    stage, backend = stage_of(method=method, steps=40), TorchBackend()
    ((_, found),) = reductions(problem, [stage] * B, state, before_any_step=True, within_stage=False)
    if kind == "diagonal":
        assert found.basis is None
        return
    assert found.basis is not None
    assert found.basis.shape == (B, M + TEACHERS + 1, dim)
    whole = backend.advance(problem, [stage] * B, state, 0, 40)
    inside = backend.advance(found.problem, [stage] * B, found.reduced(state), 0, 40)
    np.testing.assert_allclose(found.expanded(inside).first_layer, whole.first_layer, rtol=0, atol=1e-12)
    rows, _ = measure(problem, [stage] * B, whole, 40, backend)
    again, _ = measure(found.shown, [stage] * B, found.seen(inside), 40, backend)
    for one, other in zip(rows, again, strict=True):
        for name in ("loss", "objective", "grad_norm", "subspace", "feature_motion", "mean_angle"):
            assert other[name] == pytest.approx(one[name], rel=1e-9), name


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("name", ["relu", "quadratic"])
def test_the_loss_is_the_mean_over_inputs_that_are_drawn(kind: str, name: str) -> None:
    """A slow twin: x = Rz with the rows themselves, within five standard errors."""
    problem, state = _problem(name, 0, ROOTS[kind])
    x = ROOTS[kind].applied(np.random.default_rng(1).standard_normal((B, 200_000, D)))
    phi = problem.activation.phi
    student = (phi(x @ state.first_layer.mT) @ state.second_layer[..., None])[..., 0]
    teacher = (phi(x @ problem.teacher_first_layer.mT) @ problem.teacher_second_layer[..., None])[..., 0]
    squares = (student - teacher) ** 2
    loss, _ = TorchBackend().loss_and_gradient(problem, state)
    assert np.all(np.abs(squares.mean(-1) - loss) < 5 * squares.std(-1) / np.sqrt(x.shape[1]))


def test_a_sample_of_images_is_one_of_the_inputs() -> None:
    problem, state = _problem("erf", 0, DIAGONAL)
    teacher = Network(problem.teacher_second_layer[0], problem.images(problem.teacher_first_layer)[0])
    sample = drawn_sample(problem.activation, teacher, seed=1, samples=100, noise_std=0.0)
    x = DIAGONAL.take([0]).applied(sample.inputs[None])[0]
    own = Network(problem.teacher_second_layer[0], problem.teacher_first_layer[0])
    np.testing.assert_allclose(
        sample.labels, problem.activation.phi(x @ own.first_layer.T) @ own.second_layer, atol=1e-13
    )
    seen = problem.images(state.first_layer)[0]
    error = problem.activation.phi(x @ state.first_layer[0].T) @ state.second_layer[0] - sample.labels
    found = mean_square_error(problem.activation, state.second_layer[0], seen, sample)
    assert found == pytest.approx(np.mean(error**2), rel=1e-12)


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("sampled", [False, True])
def test_a_step_follows_the_gradient_of_the_rows(kind: str, sampled: bool) -> None:
    problem, state = _problem("relu", 2, ROOTS[kind])
    backend, stage = TorchBackend(), stage_of(steps=1)
    if sampled:
        teachers = zip(problem.teacher_second_layer, problem.images(problem.teacher_first_layer), strict=True)
        made = [
            drawn_sample(problem.activation, Network(*teacher), seed=run, samples=200, noise_std=0.1)
            for run, teacher in enumerate(teachers)
        ]
        problem = replace(problem, data=tuple(Empirical(partial(replace, x)) for x in made))
    find = backend.sample_loss_and_gradient if sampled else backend.loss_and_gradient
    _, slope = find(problem, state)
    moved = backend.advance(problem, [stage] * B, state, 0, 1)
    for layer in LAYERS:
        weights = getattr(state, layer)
        expected = weights - 0.2 * (getattr(slope, layer) + 0.02 * weights)
        np.testing.assert_allclose(getattr(moved, layer), expected, rtol=1e-12, atol=1e-12)
    along = np.random.default_rng(2).standard_normal(state.first_layer.shape)
    ends = [find(problem, State(state.second_layer, state.first_layer + h * along))[0] for h in (1e-6, -1e-6)]
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, np.sum(slope.first_layer * along, (-2, -1)), rtol=1e-5)


def test_the_rounding_of_a_gradient_grows_with_the_root() -> None:
    problem, state = _problem("relu", 2, DIAGONAL)
    standard = replace(problem, root=None, teacher_first_layer=problem.images(problem.teacher_first_layer))
    one = Objective(TorchBackend(), problem.take([0]), state.take([0]), LAYERS)
    images = State(state.second_layer, problem.images(state.first_layer))
    other = Objective(TorchBackend(), standard.take([0]), images.take([0]), LAYERS)
    assert one.rounding(one.start())[0] == other.rounding(other.start())[0]
    longer = one.rounding(one.start())[1] / one.norm(one.start())
    assert longer == pytest.approx(3 * other.rounding(other.start())[1] / other.norm(other.start()), rel=1e-14, abs=0)


def test_the_floor_bounds_what_rounding_the_rows_does() -> None:
    """Of a row across a strong spike, in float32: its image is rounded along the spike."""
    root = Root.of_spike(np.array([1e4]), np.array([[1.0, 1.0, 0, 0, 0]]) / np.sqrt(2))
    problem = _problem("relu", 0, None)[0].take([0])
    across = np.array([1.0, -1.0, 0, 0, 0]) / 3
    state = State(np.ones((1, 1)), across[None, None])
    teacher = replace(problem, root=root, teacher_second_layer=np.ones((1, 1)), teacher_first_layer=across[None, None])
    nudged = state.first_layer + np.array([1.0, 1.0, 0, 0, 0]) * 2.0**-25 / 3  # half a unit in the last place
    loss, _ = TorchBackend().loss_and_gradient(teacher, State(state.second_layer, nudged))
    assert loss[0] > 0
    rounded = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    _, floors = measure(teacher, [stage_of()], rounded, 0, TorchBackend())
    assert loss[0] < floors[0]


def test_the_fused_backend_refuses_a_covariance() -> None:
    problem, state = _problem("relu", 2, SPIKE)
    with pytest.raises(TypeError, match="a covariance needs the torch backend"):
        make_backend("fused", "cpu", "float64").loss_and_gradient(problem, state)
