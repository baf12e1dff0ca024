"""The commands plot and report, as people type them."""

import subprocess
import sys
from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import train
from tests.cli.commands import invoked
from tests.places import CONFIGS, ROOT
from tests.views.examples import SEEDS, SWEEP, new_run, swept


def featlearn(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "featlearn", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)


@pytest.mark.slow
def test_plot_draws_the_newest_run(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    done = featlearn("plot", "--runs-dir", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    files = [Path(text) for text in done.stdout.split()]
    names = ("curves", "alignment", "neurons", "overlaps", "cosines", "degrees", "certificate", "path")
    wanted = {f"{name}.{kind}" for name in names for kind in ("pdf", "png", "csv", "txt")}
    assert {file.name for file in files} == wanted
    assert all(file.parent == run.path / "figures" and file.stat().st_size > 300 for file in files)


@pytest.mark.slow
def test_plot_writes_where_and_what_it_is_told(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    out = tmp_path / "elsewhere"
    done = featlearn("plot", run.path, "--out", out, "--format", "svg", "--size", "slide")
    assert done.returncode == 0
    assert {file.suffix for file in out.iterdir()} == {".svg", ".csv", ".txt"}
    assert not (run.path / "figures").exists()


@pytest.mark.slow
def test_plot_takes_the_fonts_of_papers_and_says_why_a_figure_is_missing(tmp_path: Path) -> None:
    run = new_run(tmp_path, "teacher.rank=1", "teacher.width=1")
    done = featlearn("plot", run.path, "--style", "paper", "--format", "pdf")
    assert done.returncode == 0
    assert "no figure of the certificate: it is drawn for teachers of rank 2 (on a circle) and 3" in done.stderr
    assert b"STIX" in (run.path / "figures" / "curves.pdf").read_bytes()
    wrong = featlearn("plot", run.path, "--style", "comic")
    assert wrong.returncode == 2
    assert "expected one of plain, paper" in wrong.stderr


def test_plot_says_why_the_loss_is_not_split_by_degrees(tmp_path: Path) -> None:
    run = new_run(tmp_path, "inputs={covariance: {power_law: 1}}", "backend=torch", "log={points: 8, snapshots: 2}")
    done = featlearn("plot", run.path, "-f", "png")
    assert done.returncode == 0
    assert "no figure of the loss by degrees: the inputs have a covariance" in done.stderr
    assert "degrees.png" not in done.stdout


@pytest.mark.slow
def test_plot_draws_a_sweep_and_prints_its_slopes(tmp_path: Path) -> None:
    text = "grid:\n  stages.local.weight_decay: {log: [0.1, 0.4, 4]}\nseeds: 2\nstore: summary\n"
    directory = swept(tmp_path, text)
    done = featlearn("plot", directory.path, "--metric", "loss", "--format", "png")
    assert done.returncode == 0
    assert "slope: " in done.stdout
    assert (directory.path / "figures" / "loss-by-weight_decay.png").is_file()
    both = featlearn("plot", swept(tmp_path / "other", SWEEP).path, "--format", "png")
    assert "mean_angle-by-student.width-and-step_size.png" in both.stdout


def test_plot_draws_overlaps_against_samples(tmp_path: Path) -> None:
    run = new_run(
        tmp_path,
        "data={kind: online, batch_size: 4}",
        "stages={one: {train: [first_layer], steps: 20, step_size: 0.01}}",
    )
    done = featlearn("plot", run.path, "--x", "samples_per_dimension", "-f", "png")
    assert (done.returncode, done.stderr) == (0, "")
    name = "overlaps-by-samples_per_dimension"
    assert {file.name for file in (run.path / "figures").iterdir()} == {
        f"{name}.{kind}" for kind in ("png", "csv", "txt")
    }
    for wrong in (["--x", "step"], ["--x", "samples_per_dimension", "--theory"]):
        refused = featlearn("plot", run.path, *wrong)
        assert refused.returncode == 2
        assert "samples_per_dimension alone" in " ".join(refused.stderr.replace("│", "").split())


def test_plot_overlays_runs(tmp_path: Path) -> None:
    first, second = (new_run(tmp_path, f"seed={seed}") for seed in (0, 1))
    done = featlearn("plot", first.path, "--overlay", second.path, "--metric", "subspace", "-f", "png")
    assert done.returncode == 0
    assert {file.name for file in (first.path / "figures").iterdir()} == {"overlay.png", "overlay.csv", "overlay.txt"}


def test_an_overlay_shows_what_its_runs_have_and_says_which_it_leaves_out(tmp_path: Path) -> None:
    own = train(load_config(CONFIGS / "own_data.yaml", ["stages.train.steps=40"]), tmp_path).run
    sampled, taught = new_run(tmp_path, "data={kind: empirical, samples: 50}"), new_run(tmp_path, "name=taught")

    def columns(*others: RunDirectory) -> tuple[set[str], str]:
        options = [text for other in others for text in ("--overlay", str(other.path))]
        done = featlearn("plot", own.path, *options, "-f", "png")
        assert done.returncode == 0
        return set((own.path / "figures" / "overlay.csv").read_text().split("\n", 1)[0].split(",")), done.stderr

    both, silent = columns(sampled)
    assert {"train_loss", "test_loss"} <= both
    assert not {"loss", "mean_angle"} & both
    assert silent == ""
    three, told = columns(sampled, taught)
    assert {"loss", "mean_angle"} <= three
    assert told == "left out: own_data, which has no value of loss or mean_angle (it has train_loss, test_loss)\n"


@pytest.mark.slow
def test_a_run_without_snapshots_says_which_figure_is_missing(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.snapshots_file.unlink()
    done = featlearn("plot", run.path, "-f", "png")
    assert done.returncode == 0
    assert "no figure of the neurons" in done.stderr
    assert "neurons.png" not in done.stdout
    assert featlearn("report", run.path).returncode == 0


def test_an_empty_run_gives_a_sentence(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    run.metrics_file.write_bytes(b"")
    for command in ("plot", "report"):
        done = featlearn(command, run.path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "nothing is logged yet" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_lost_rows_are_told_and_the_numbers_at_the_end_are_those_of_the_run(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    final = run.read_info().final
    assert final is not None
    lines = run.metrics_file.read_bytes().splitlines(keepends=True)
    run.metrics_file.write_bytes(b"".join(lines[:30]))
    for command in (["show"], ["show", "--json"], ["plot", "-f", "png"], ["report"]):
        done = featlearn(command[0], run.path, *command[1:])
        assert done.returncode == 0
        assert done.stderr.count("has lost its end") == 1, command
        if command[0] == "show":
            assert f"{final['loss']:.3g}" in done.stdout
    assert f"{final['loss']:.3g}" in run.report_file.read_text()
    listed = featlearn("runs", "--runs-dir", tmp_path)
    assert (listed.returncode, listed.stderr.count("has lost its end")) == (0, 1)
    assert f"{final['loss']:.3g}" in listed.stdout


def test_report_writes_one_page(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    done = featlearn("report", "--runs-dir", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == str(run.path / "report.html")
    sweep = swept(tmp_path / "sweep", SEEDS)
    page = tmp_path / "page.html"
    assert featlearn("report", sweep.path, "--out", page).stdout.strip() == str(page)
    assert page.stat().st_size > 1e6


def test_report_puts_runs_side_by_side(tmp_path: Path) -> None:
    first, second = (new_run(tmp_path, f"seed={seed}", f"name=seed{seed}") for seed in (0, 1))
    done = invoked("report", first.path, second.path, "--runs-dir", tmp_path)
    page = first.path / f"report-with-{second.name}.html"
    assert (done.exit_code, done.stdout.strip()) == (0, str(page))
    assert "seed0 and seed1" in page.read_text()


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["RUN"] * 4, "two or three side by side, and here are 4; more are drawn in one figure by `featlearn plot RUN"),
        (["RUN", "RUN"], "was given twice"),
        (["RUN", "SWEEP"], "its own page: featlearn report"),
        (["RUN", "nothing"], "there is no run 'nothing'"),
    ],
)
def test_what_cannot_stand_side_by_side_is_refused(named: list[str], told: str, tmp_path: Path) -> None:
    paths = {"RUN": new_run(tmp_path).path}
    if "SWEEP" in named:
        paths["SWEEP"] = swept(tmp_path / "sweep", SEEDS).path
    done = invoked("report", *(paths.get(name, name) for name in named), "--runs-dir", tmp_path)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["plot", "nothing"], 2, "there is no run 'nothing'"),
        (["report", "nothing"], 2, "there is no run 'nothing'"),
        (["plot", "RUN", "--format", "jpeg"], 2, "expected some of png, pdf, svg"),
        (["plot", "RUN", "--size", "poster"], 2, "expected one of column, page, slide"),
        (["plot", "RUN", "--x", "seed"], 2, "are for sweeps"),
        (["plot", "RUN", "--metric", "loss"], 2, "for --overlay"),
        (["plot", "RUN", "--metric", "los"], 2, "did you mean 'loss'"),
        (["plot", "RUN", "--overlay", "nothing"], 2, "there is no run 'nothing'"),
        (["plot", "RUN", "--out", "/proc/nowhere"], 1, "choose another with --out"),
        (["report", "RUN", "--out", "/proc/nowhere/page.html"], 1, "--out"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(options: list[str], status: int, told: str, tmp_path: Path) -> None:
    run = new_run(tmp_path)
    done = featlearn(*[str(run.path) if o == "RUN" else o for o in options], "--runs-dir", tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_axes_of_sweeps_are_told_when_they_are_wrong(tmp_path: Path) -> None:
    directory = swept(tmp_path, SWEEP)
    wrong = featlearn("plot", directory.path, "--x", "depth")
    assert wrong.returncode == 2
    assert "it varies student.width, stages.local.step_size" in wrong.stderr
    runs = featlearn("plot", directory.path, "--overlay", directory.path)
    assert runs.returncode == 2
    assert "this is a sweep" in runs.stderr


@pytest.mark.slow
def test_plot_draws_a_theory_and_says_where_it_is_the_drift_alone_or_none(tmp_path: Path) -> None:
    def committee(*overrides: str) -> Path:
        short = ["stages.learn.steps=30", "log={points: 12, snapshots: 3}", *overrides]
        return train(load_config(CONFIGS / "soft_committee.yaml", short), tmp_path).run.path

    closed = committee()
    done = featlearn("plot", closed, "--theory", "-f", "png")
    assert done.returncode == 0
    assert "theory" not in done.stderr
    assert "theory_loss" in (closed / "figures" / "curves.csv").read_text().split("\n", 1)[0]
    assert "theory_subspace" in (closed / "figures" / "alignment.csv").read_text().split("\n", 1)[0]
    drift = featlearn("plot", committee("activation.drop_hermite_below=2"), "--theory", "-f", "png")
    assert drift.returncode == 0
    assert "the theory lines are the population drift alone: its η² term is not known in closed form" in drift.stderr
    none = featlearn("plot", committee("data={kind: population}"), "--theory", "-f", "png")
    assert (none.returncode, none.stdout) == (1, "")
    assert "no theory lines: they are for data.kind: online" in none.stderr
    both = featlearn("plot", closed, "--theory", "--overlay", closed)
    assert both.returncode == 2
    assert "figures of one run" in both.stderr
