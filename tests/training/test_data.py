"""Samples and batches: what is drawn depends on seed and purpose alone; the low degrees go; ridge is the minimiser."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from featlearn.theory import population
from featlearn.theory.activations import DROP_SETTINGS, activation, activation_names
from featlearn.training import data
from featlearn.training.backends.torch_samples import loss_and_gradient
from featlearn.training.batches import Batches
from featlearn.training.data import (
    Empirical,
    Online,
    Sample,
    drawn_sample,
    held_out,
    mean_square_error,
    ridge_second_layer,
    sample_of,
    shifted,
)
from featlearn.training.networks import Network, generator

TEACHER = Network(np.array([1.0, -0.5]), np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]]))


def test_noise_changes_no_input_and_a_larger_sample_begins_with_the_smaller_one() -> None:
    act = activation("relu", 0)
    small = drawn_sample(act, TEACHER, seed=1, samples=50, noise_std=0.0)
    noisy = drawn_sample(act, TEACHER, seed=1, samples=50, noise_std=0.5)
    large = drawn_sample(act, TEACHER, seed=1, samples=80, noise_std=0.5)
    other = drawn_sample(act, TEACHER, seed=2, samples=50, noise_std=0.0)
    np.testing.assert_array_equal(noisy.inputs, small.inputs)
    np.testing.assert_array_equal(large.inputs[:50], small.inputs)
    np.testing.assert_allclose(large.labels[:50], noisy.labels, rtol=0, atol=1e-14)
    noise = noisy.labels - small.labels
    np.testing.assert_allclose(noise, 0.5 * generator(1, "noise").standard_normal(50), atol=1e-14)
    assert not np.isin(other.inputs, small.inputs).any()


@pytest.mark.parametrize("name", activation_names())
def test_labels_are_the_teachers_and_lose_what_the_data_show_of_the_low_degrees(name: str) -> None:
    plain = drawn_sample(activation(name, 0), TEACHER, seed=3, samples=400, noise_std=0.1)
    dropped = drawn_sample(activation(name, 2), TEACHER, seed=3, samples=400, noise_std=0.1)
    noise = 0.1 * generator(3, "noise").standard_normal(400)
    raw = sum(a * activation(name).phi(plain.inputs @ w) for a, w in zip(*vars(TEACHER).values(), strict=True)) + noise
    np.testing.assert_allclose(plain.labels, raw, rtol=1e-13, atol=1e-13)
    slope = np.mean(raw[:, None] * plain.inputs, axis=0)
    np.testing.assert_allclose(dropped.labels, raw - raw.mean() - plain.inputs @ slope, rtol=1e-12, atol=1e-12)


def test_a_teacher_of_many_neurons_is_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    act = activation("abs")
    whole = drawn_sample(act, TEACHER, seed=3, samples=100, noise_std=0.1)
    rows = np.random.default_rng(0).standard_normal((4, 3))
    solved = ridge_second_layer(act, rows, whole, 0.1)
    monkeypatch.setattr(data, "_ENTRIES_TOGETHER", 14)
    np.testing.assert_allclose(
        drawn_sample(act, TEACHER, seed=3, samples=100, noise_std=0.1).labels, whole.labels, atol=1e-14
    )
    np.testing.assert_allclose(ridge_second_layer(act, rows, whole, 0.1), solved, rtol=1e-12)


def test_a_sample_is_made_when_it_is_asked_for_and_again_after_its_release() -> None:
    made: list[int] = []

    def make() -> Sample:
        made.append(1)
        return Sample(np.zeros((1, 1)), np.zeros(1))

    empirical = Empirical(make)
    assert made == []
    assert empirical.sample() is empirical.sample()
    empirical.release()
    empirical.sample()
    assert len(made) == 2


class TestEmpirical:
    """Batches of one sample, and samples for a stage."""

    ACT = activation("relu")

    def _empirical(self, batches: Batches | None = None) -> Empirical:
        def draw(stage: str | None = None) -> Sample:
            return drawn_sample(self.ACT, TEACHER, seed=1, samples=60, noise_std=0.1, stage=stage)

        return Empirical(draw, batches=batches, fresh=draw)

    def test_the_mean_gradient_of_an_epoch_is_the_gradient_of_the_sample(self) -> None:
        rng = np.random.default_rng(0)
        a, w = (torch.tensor(rng.standard_normal(shape)) for shape in ((5,), (5, 3)))

        def slope(sample: Sample) -> list[np.ndarray]:
            inputs, labels = torch.tensor(sample.inputs), torch.tensor(sample.labels)
            loss, found = loss_and_gradient(self.ACT, a, w, inputs, labels)
            return [loss.numpy(), *(x.numpy() for x in found)]

        data = self._empirical(Batches(1, 12))
        whole = slope(data.sample())
        for epoch in range(3):
            parts = [slope(data.batch("a", 5 * epoch + step)) for step in range(5)]
            for part, exact in zip(zip(*parts, strict=True), whole, strict=True):
                np.testing.assert_allclose(np.mean(part, axis=0), exact, rtol=1e-12)

    def test_without_batches_a_step_takes_the_sample_itself(self) -> None:
        data = self._empirical()
        assert data.batch("a", 3) is data.sample()

    def test_a_fresh_sample_is_as_large_and_the_stages_own(self) -> None:
        data = self._empirical(Batches(1, 6))
        own = data.sample().inputs
        fresh, other = data.anew("a").sample().inputs, data.anew("b").sample().inputs
        assert fresh.shape == other.shape == own.shape
        assert len(np.unique(np.concatenate([own, fresh, other]))) == 3 * own.size
        np.testing.assert_array_equal(data.anew("a").sample().inputs, fresh)
        assert data.anew("a") is data.anew("a")
        assert np.isin(data.anew("a").batch("a", 0).inputs, fresh).all()
        np.testing.assert_array_equal(data.sample().inputs, own)

    def test_labels_of_all_its_samples_are_shifted(self) -> None:
        data, added = self._empirical(Batches(1, 6)), Network(np.array([2.0]), np.array([[0.0, 0.0, 1.0]]))
        moved = data.shifted(self.ACT, added)
        for one, other in ((data, moved), (data.anew("a"), moved.anew("a"))):
            expected = shifted(self.ACT, one.sample(), added)
            np.testing.assert_array_equal(other.sample().labels, expected.labels)
        np.testing.assert_array_equal(moved.batch("a", 0).inputs, data.batch("a", 0).inputs)

    def test_what_is_let_go_is_made_again(self) -> None:
        data = self._empirical(Batches(1, 6))
        first, fresh = data.batch("a", 1), data.anew("a")
        kept = fresh.sample()
        data.release()
        assert vars(data)["_sample"] is vars(fresh)["_sample"] is None
        np.testing.assert_array_equal(data.anew("a").sample().labels, kept.labels)
        np.testing.assert_array_equal(data.batch("a", 1).labels, first.labels)


class TestOnline:
    ONLINE = Online(activation("relu"), TEACHER, seed=5, batch_size=64, noise_std=0.3)

    def test_a_batch_depends_on_seed_stage_and_step_alone(self) -> None:
        again = Online(activation("relu"), TEACHER, seed=5, batch_size=64, noise_std=0.3)
        for stage, step in (("a", 0), ("a", 7), ("b", 7), ("a", 10**9)):
            one, two = self.ONLINE.batch(stage, step), again.batch(stage, step)
            np.testing.assert_array_equal(one.inputs, two.inputs)
            np.testing.assert_array_equal(one.labels, two.labels)

    def test_a_batch_that_is_reused_is_that_of_the_first_of_its_steps(self) -> None:
        reusing = replace(self.ONLINE, reuse=3)
        for step in range(7):
            one, other = reusing.batch("a", step), self.ONLINE.batch("a", step // 3)
            np.testing.assert_array_equal(one.inputs, other.inputs)
            np.testing.assert_array_equal(one.labels, other.labels)

    def test_steps_stages_and_seeds_have_batches_of_their_own(self) -> None:
        other = Online(activation("relu"), TEACHER, seed=6, batch_size=64, noise_std=0.3)
        batches = [self.ONLINE.batch("a", 0), self.ONLINE.batch("a", 1), self.ONLINE.batch("b", 0), other.batch("a", 0)]
        entries = np.concatenate([batch.inputs.ravel() for batch in batches])
        assert len(np.unique(entries)) == 4 * 64 * 3

    def test_labels_are_exact_but_for_the_noise(self) -> None:
        clean = Online(activation("relu"), TEACHER, seed=5, batch_size=64, noise_std=0.0).batch("a", 3)
        noisy = self.ONLINE.batch("a", 3)
        np.testing.assert_array_equal(noisy.inputs, clean.inputs)
        exact = (np.abs(clean.inputs @ TEACHER.first_layer.T) - np.sqrt(2 / np.pi)) / 2 @ TEACHER.second_layer
        np.testing.assert_allclose(clean.labels, exact, atol=1e-14)
        assert np.std(noisy.labels - clean.labels) == pytest.approx(0.3, rel=0.3)

    def test_inputs_and_noise_are_standard_gaussians(self) -> None:
        batches = [self.ONLINE.batch("a", step) for step in range(500)]
        clean = Online(activation("relu"), TEACHER, seed=5, batch_size=64, noise_std=0.0)
        noise = np.concatenate([b.labels - clean.batch("a", step).labels for step, b in enumerate(batches)]) / 0.3
        x = np.concatenate([batch.inputs for batch in batches])
        everything = np.column_stack([x, noise])
        error = 5 / np.sqrt(len(x))
        np.testing.assert_allclose(everything.mean(0), 0, atol=error)
        np.testing.assert_allclose(np.cov(everything.T), np.eye(4), atol=2 * error)


class TestRidge:
    @pytest.mark.parametrize("name", activation_names())
    @pytest.mark.parametrize("drop", DROP_SETTINGS)
    def test_it_is_the_least_squares_solution(self, name: str, drop: int) -> None:
        act, decay = activation(name, drop), 0.02
        sample = drawn_sample(act, TEACHER, seed=1, samples=300, noise_std=0.2)
        rows = np.random.default_rng(4).standard_normal((7, 3))
        features = act.pointwise(sample.inputs @ rows.T, np.sum(rows * rows, -1)) / np.sqrt(300)
        wide = np.concatenate([features, np.sqrt(decay / 2) * np.eye(7)])
        target = np.concatenate([sample.labels / np.sqrt(300), np.zeros(7)])
        expected = np.linalg.lstsq(wide, target, rcond=None)[0]
        np.testing.assert_allclose(ridge_second_layer(act, rows, sample, decay), expected, rtol=1e-9, atol=1e-11)

    def test_without_decay_and_with_few_inputs_it_fits_them_with_least_norm(self) -> None:
        act = activation("relu", 0)
        sample = drawn_sample(act, TEACHER, seed=1, samples=5, noise_std=0.2)
        rows = np.random.default_rng(4).standard_normal((12, 3))
        features = act.pointwise(sample.inputs @ rows.T, np.sum(rows * rows, -1))
        expected = np.linalg.pinv(features) @ sample.labels
        np.testing.assert_allclose(ridge_second_layer(act, rows, sample, 0.0), expected, rtol=1e-7, atol=1e-8)

    def test_a_large_sample_gives_what_the_population_gives(self) -> None:
        act = activation("relu", 2)
        sample = drawn_sample(act, TEACHER, seed=1, samples=400_000, noise_std=0.0)
        rows = np.random.default_rng(4).standard_normal((1, 5, 3))
        teacher = TEACHER.second_layer[None], TEACHER.first_layer[None]
        exact = population.ridge_second_layer(act, rows, *teacher, np.array([0.1]))[0]
        np.testing.assert_allclose(ridge_second_layer(act, rows[0], sample, 0.1), exact, atol=0.01)


def test_own_labels_lose_their_low_degrees_only_where_they_are_dropped() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 3))
    y = 7.0 + x @ np.array([1.0, 2.0, 3.0])
    assert sample_of(activation("relu", 0), x, y).labels is y
    assert np.var(sample_of(activation("relu", 2), x, y).labels) < np.var(y)


@pytest.mark.parametrize("drop", DROP_SETTINGS)
def test_labels_held_out_lose_what_those_trained_on_show(drop: int) -> None:
    rng, relu = generator(5, "test"), activation("relu", drop)
    inputs, labels, others, values = (rng.standard_normal(shape) for shape in ((30, 3), 30, (7, 3), 7))
    sample = held_out(relu, inputs, labels, others, values)
    slope = np.mean(labels[:, None] * inputs, axis=0)
    expected = values - labels.mean() - others @ slope if drop == 2 else values
    np.testing.assert_allclose(sample.labels, expected, rtol=1e-12, atol=1e-12)
    same = held_out(relu, inputs, labels, inputs, labels)
    np.testing.assert_array_equal(same.labels, sample_of(relu, inputs, labels).labels)


def test_the_mean_square_error_is_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, relu = generator(6, "test"), activation("relu", 2)
    second, first, sample = (
        rng.standard_normal(4),
        rng.standard_normal((4, 3)),
        drawn_sample(relu, TEACHER, seed=1, samples=50, noise_std=0.1),
    )
    squares = np.sum(first**2, -1)
    expected = np.mean(
        [
            (relu.pointwise(first @ x, squares) @ second - y) ** 2
            for x, y in zip(sample.inputs, sample.labels, strict=True)
        ]
    )
    assert mean_square_error(relu, second, first, sample) == pytest.approx(expected, rel=1e-13)
    monkeypatch.setattr(data, "_ENTRIES_TOGETHER", 12)
    assert mean_square_error(relu, second, first, sample) == pytest.approx(expected, rel=1e-13)


def test_what_is_held_out_is_made_once_until_it_is_released() -> None:
    made: list[Sample] = []

    def make() -> Sample:
        made.append(Sample(np.ones((2, 1)), np.ones(2)))
        return made[-1]

    empirical = Empirical(make, make)
    assert empirical.test_sample() is empirical.test_sample() is made[0]
    empirical.release()
    assert empirical.test_sample() is made[1]
