"""Several runs in one figure have names that tell them apart."""

from pathlib import Path

from featlearn.views.data.run import read_run
from featlearn.views.data.run_names import label_runs
from tests.views.examples import new_run


def test_runs_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    runs = [read_run(new_run(tmp_path, f"seed={seed}")) for seed in (0, 1)]
    assert label_runs(runs) == ["seed 0", "seed 1"]
    other = read_run(new_run(tmp_path, "name=other"))
    assert label_runs([runs[0], other]) == ["quickstart", "other"]
    assert len(set(label_runs([runs[0], runs[0], other]))) <= 3


def test_runs_of_one_name_in_two_places_are_told_apart(tmp_path: Path) -> None:
    first = new_run(tmp_path / "first")
    second = tmp_path / "second" / first.name
    second.parent.mkdir()
    second.symlink_to(first.path)
    runs = [read_run(type(first)(path)) for path in (first.path, second)]
    assert label_runs(runs) == [str(first.path), str(second)]


def test_settings_that_are_equal_do_not_name_a_run(tmp_path: Path) -> None:
    whole, decimal = (new_run(tmp_path, f"seed={seed}", "stages.first_step.step_size=2") for seed in (0, 1))
    text = decimal.config_file.read_text()
    assert "step_size: 2.0\n" in text
    whole.config_file.write_text(whole.config_file.read_text().replace("step_size: 2.0\n", "step_size: 2\n"))
    assert label_runs([read_run(whole), read_run(decimal)]) == ["seed 0", "seed 1"]


def test_a_schedule_beside_a_number_is_one_setting(tmp_path: Path) -> None:
    decay = "stages.local_convergence.weight_decay"
    runs = [new_run(tmp_path), new_run(tmp_path, f"{decay}=0.01", "activation.name=abs")]
    assert label_runs([read_run(run) for run in runs]) == [
        "activation relu, weight decay 0.01 × 0.5 every 100",
        "activation abs, weight decay 0.01",
    ]
