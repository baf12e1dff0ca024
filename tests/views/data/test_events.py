"""Events are found where the logs of runs have them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.train import train
from featlearn.theory.alignment import ALIGNED_WITHIN
from featlearn.training.columns import COLUMNS
from featlearn.views.data.events import KINDS, MOST_CHAPTERS, MOST_EVENTS, Event, chapters_of, events_of
from featlearn.views.data.events_learned import SUBSPACE_FOUND
from featlearn.views.data.run import RunData, read_run
from tests.places import CONFIGS
from tests.views.data.made_up import made_up
from tests.views.examples import QUICKSTART, new_run, with_rows

LONG = ["student.width=24", "stages.local_convergence.steps=40000", "log={points: 300, snapshots: 40}"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """The quickstart until after its plateau, of fewer neurons."""
    return read_run(train(load_config(QUICKSTART, LONG), tmp_path_factory.mktemp("story")).run)


def kinds(events: list[Event]) -> dict[str, list[Event]]:
    return {kind: [event for event in events if event.kind == kind] for kind in KINDS}


def first_row(data: RunData, rows: np.ndarray) -> int:
    """The step of the first of some rows."""
    return int(data.metrics["step"][np.flatnonzero(rows)[0]])


def test_the_quickstart_gains_an_atom_rests_on_a_plateau_and_leaves_it(story: RunData) -> None:
    found, table = kinds(events_of(story)), story.metrics
    [gained], [entered], [left] = (found[kind] for kind in ("atom gained", "plateau", "left"))
    # by the log: the last row with λ = 0.005, from which on the optimum has an atom at w*1, and the gap jumps
    assert gained.step == table["step"][table["weight_decay"] == 0.005][-1] == 16_002
    assert (gained.teacher, gained.mark) == (0, "optimum gains w*1")
    before, after = table["gap"][table["step"] == 16_002][0], table["gap"][table["step"] > 16_002][0]
    assert before < 1e-12
    assert after > 1e-4
    assert f"with λ the gap to it changes from {before:.3g} to {after:.3g}" in gained.text
    assert entered.step == first_row(story, table["step"] > 16_002)
    assert 14_000 < left.step - entered.step < 18_000
    rest = (table["step"] >= entered.step) & (table["step"] <= left.step)
    assert np.all(table["gap"][rest] > 4e-4)
    assert np.all(table["grad_norm"][rest & (table["step"] < 30_000)] < 1e-3)
    assert np.all(table["gap"][table["step"] > left.step + 4000] < 1e-6)
    # only then are all the lines recovered
    assert found["lines"][-1].step == first_row(story, (table["recovered"] == 3) & (table["step"] > left.step))
    assert "3 of 3" in found["lines"][-1].text


def test_no_more_than_fourteen_are_told_the_first_and_last_of_each_kind_before_others(
    story: RunData, tmp_path: Path
) -> None:
    assert len(events_of(story)) == MOST_EVENTS
    steps = np.arange(200)
    many = made_up(
        tmp_path, {"step": steps, "stage": [f"s{step // 10}" for step in steps], "recovered": [0] + [3] * 199}
    )
    found = events_of(many)
    assert Counter(event.kind for event in found) == {"end": 1, "lines": 1, "stage": MOST_EVENTS - 2}
    ends = [event.step for event in found if event.kind == "stage"]
    assert ends == [*range(9, 119, 10), 189]
    assert [event.kind for event in events_of(many, ["stage", "lines"])] == ["end"]


def test_what_is_lost_is_told_before_what_is_found_again_however_many_events_there_are(tmp_path: Path) -> None:
    steps = [0, *(2**k for k in range(40))]
    many = made_up(tmp_path, {"step": steps, "recovered": [0, *(3 if k // 2 % 2 else 1 for k in range(40))]})
    told = [event.text for event in events_of(many) if event.kind == "lines"]
    assert len(told) == MOST_EVENTS - 1
    lost = ["lost again" in text for text in told]
    assert lost == [place % 2 == lost.index(True) for place in range(len(lost))], "one after the other, none left out"


def test_the_chapters_of_the_quickstart_are_its_story(story: RunData) -> None:
    events = events_of(story)
    chapters = chapters_of(events)
    assert [event.kind for event in chapters] == ["subspace", "rest", "plateau", "left"]
    assert chapters[1].mark == "rests with 2 of 3 directions"
    assert len(chapters) <= MOST_CHAPTERS
    assert set(chapters) <= set(events)
    assert chapters_of([event for event in events if event.kind in ("lines", "stage", "end")]) == []


def test_the_plateau_says_why_it_is_there_and_why_it_ends(story: RunData) -> None:
    found, neurons = kinds(events_of(story)), story.neurons
    assert neurons is not None
    [entered], [left] = found["plateau"], found["left"]
    on = np.flatnonzero((neurons.steps >= entered.step) & (neurons.steps <= left.step))
    masses = np.where(neurons.teacher == 0, neurons.mass, 0.0).sum(-1)
    [record] = [record for record in story.info.optima if record.weight_decay == 0.0025]
    [atom] = [atom for atom in record.atoms if atom.teacher == 0]
    assert f"has a neuron of mass {atom.mass:.3g} nearest to teacher line w*1" in entered.text
    assert f"have only {masses[on[0]]:.3g} (step {neurons.steps[on[0]]})" in entered.text
    assert "the gap grows to " in entered.text
    pace = np.ptp(neurons.steps[on]) / np.log(masses[on[-1]] / masses[on[0]])
    assert f"from {masses[on[0]]:.3g} at step {neurons.steps[on[0]]} to {masses[on[-1]]:.3g}" in left.text
    assert f"by a factor e every {pace:.0f} steps on average" in left.text


def test_events_come_in_order_at_logged_steps_each_with_one_sentence(story: RunData) -> None:
    events = events_of(story)
    assert [event.step for event in events] == sorted(event.step for event in events)
    assert {event.step for event in events} <= set(story.metrics["step"].tolist())
    for event in events:
        assert event.text[0].isupper() or event.text[0].isdigit()
        assert event.text.endswith(".")
        assert ". " not in event.text
        assert event.text.isprintable()
        assert len(event.text) < 400


def test_without_weight_decay_there_are_neither_atoms_nor_dead_neurons(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "stages.local_convergence.weight_decay=0"))
    found, table = kinds(events_of(data)), data.metrics
    assert not any(
        found[kind] for kind in ("atom gained", "atom lost", "plateau", "left", "decay law", "dying", "found")
    )
    assert [event.step for event in found["subspace"]] == [first_row(data, table["subspace"] >= SUBSPACE_FOUND)]
    assert found["lines"][-1].text.split(": ")[1].startswith(f"{table['recovered'][-1]:.0f} of 3")


def test_a_run_that_diverged_says_so_at_its_last_row(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "stages.local_convergence.step_size=60"))
    assert data.info.status == "diverged"
    found, loss = kinds(events_of(data)), data.metrics["loss"]
    [event] = found["divergence"]
    assert event.step == data.metrics["step"][-1]
    least = int(np.nanargmin(loss))
    assert f"the loss grows from {loss[least]:.3g} at step {data.metrics['step'][least]} to " in event.text
    assert not found["end"]


def test_data_of_ones_own_have_no_teacher_to_tell_of(tmp_path: Path) -> None:
    short = ["stages.train.steps=400", "student.width=20", "stages.train.weight_decay=0"]
    data = read_run(train(load_config(CONFIGS / "own_data.yaml", short), tmp_path).run)
    found, table = kinds(events_of(data)), data.metrics
    assert {kind for kind, events in found.items() if events} <= {"end", "overfitting", "plateau", "left"}
    [end] = found["end"]
    assert f"train loss {table['train_loss'][-1]:.3g}, test loss {table['test_loss'][-1]:.3g}" in end.text
    risen = table["test_loss"][-1] > 1.1 * table["test_loss"].min()
    assert [event.step for event in found["overfitting"]] == (
        [first_row(data, table["test_loss"] == table["test_loss"].min())] if risen else []
    )


def test_in_three_dimensions_lines_are_told_as_the_log_has_them(tmp_path: Path) -> None:
    data = read_run(new_run(tmp_path, "teacher.rank=3"))
    found, table = kinds(events_of(data)), data.metrics
    [span] = found["subspace"]
    assert span.step == first_row(data, table["subspace"] >= SUBSPACE_FOUND)
    assert "among the 3 of 8 directions" in span.text
    assert found["lines"]
    for event in found["lines"]:
        row = int(np.flatnonzero(table["step"] == event.step)[0])
        assert f"{table['recovered'][row]:.0f} of 3 " in event.text
        assert f"within {ALIGNED_WITHIN:g}°" in event.text
        assert table["recovered"][row] != table["recovered"][row - 1]


def test_a_log_of_one_row_an_old_record_and_a_running_run_have_events_too(tmp_path: Path) -> None:
    run = with_rows(new_run(tmp_path), 1, status="running", final=None, optima=(), rows=None)
    assert events_of(read_run(run)) == []
    old = made_up(tmp_path, {"step": [0, 1, 2]}, width=None)
    assert [event.kind for event in events_of(old)] == ["end"]


def test_no_value_makes_it_fail(tmp_path: Path) -> None:
    """Any number may stand in a file that somebody damaged."""
    random = np.random.default_rng(0)
    counts, odd = [0, 1, 2, 10**15, None], [0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 0.01, 3, None]
    names = [name for name in read_run(new_run(tmp_path / "run")).metrics if name not in ("step", "stage")]
    for _ in range(30):
        values = {name: counts if COLUMNS[name].kind == "count" else odd for name in names}
        table = {name: [few[k] for k in random.integers(len(few), size=40)] for name, few in values.items()}
        for event in events_of(made_up(tmp_path, {"step": np.arange(40)} | table, "data: {kind: empirical}")):
            assert event.text.isprintable()


def test_every_kind_says_what_it_is() -> None:
    assert all(kind.about and not kind.about.endswith(".") for kind in KINDS.values())
