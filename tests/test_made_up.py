"""A made-up method, operation and column, known by their records alone, in everything that a user sees."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from docs import generate as docs
from featlearn import load_config, load_metrics, load_results, train
from featlearn.runs.directory import RunDirectory
from featlearn.training.column import Column
from featlearn.training.columns import COLUMNS, register
from featlearn.views.data.run import read_run
from featlearn.views.data.sweep import check_metrics, read_sweep
from featlearn.views.figures.overlay import overlay_figure
from featlearn.views.figures.style import SIZES
from featlearn.views.figures.sweep import sweep_figures
from featlearn.views.words.labels import label_of
from tests.config.broken import MINIMAL, write
from tests.sweeps.small import new_sweep, run
from tests.training.registries import restored

# gradient descent with damped steps, steps along the signs of the gradient, and an operation that halves all weights
PROGRAM = """
import sys
from featlearn.training.backends import Backend
from featlearn.training.methods import OwnSteps, Parameter, SteppedByBackend, register
from featlearn.training.operations import Operation
from featlearn.training import operations
from featlearn.training.state import State

def walk(backend, problem, stage, state, done, count):
    a, w = state.second_layer, state.first_layer
    damping = METHOD.values(stage.parameters)["damping"]
    for step in range(done, done + count):
        eta = damping * float(stage.step_size.at(step))
        _, slope = backend.loss_and_gradient(problem, State(a, w))
        a, w = a - eta * slope.second_layer, w - eta * slope.first_layer
    return State(a, w)

METHOD = OwnSteps(
    name="damped",
    sentence="takes steps that are damped",
    parameters=(Parameter("damping", "δ", 0.25, below=1.0),),
    fixed_loss=True,
    walk=walk,
)
register(METHOD)
along_signs = lambda xp, memory, slope, step: xp.sign(slope)
register(SteppedByBackend(name="signed", sentence="goes along the signs", direction=along_signs))
operations.register(Operation("halve", "all weights are halved", lambda problem, a, w: (a / 2, w / 2)))
"""


def _program(more: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM + more, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _program("from featlearn.cli.app import main\nsys.exit(main())", *arguments)


DAMPED = MINIMAL.replace("steps: 20", "method: damped, steps: 20").replace("weight_decay: 0.01", "then: [halve]")


@pytest.mark.parametrize(("given", "damping"), [("", 0.25), (", damping: 0.5", 0.5)])
def test_a_made_up_method_and_operation_train_by_their_configuration(
    given: str, damping: float, tmp_path: Path
) -> None:
    config = write(tmp_path, DAMPED.replace("then: [halve]", f"then: [halve]{given}"))
    done = _command("train", "--config", str(config), "--runs-dir", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    ours = RunDirectory.all_in(tmp_path)[0]
    assert f"damping: {damping}" in ours.config_file.read_text()  # written out, so that the run can be repeated
    plain = load_config(write(tmp_path, MINIMAL), [f"stages.go.step_size={0.1 * damping}", "stages.go.weight_decay=0"])
    theirs = train(plain, tmp_path / "plain").run
    final = [r.read_arrays(r.checkpoint_file)["first_layer"] for r in (ours, theirs)]
    np.testing.assert_allclose(final[0], final[1] / 2, rtol=1e-10)


@pytest.mark.slow
def test_a_made_up_step_of_the_backend_runs_on_torch(tmp_path: Path) -> None:
    config = write(tmp_path, DAMPED.replace("method: damped", "method: signed"))
    assert _command("train", "--config", str(config), "--runs-dir", str(tmp_path), "--quiet").returncode == 0
    (run,) = RunDirectory.all_in(tmp_path)
    info = run.read_info()
    assert (info.status, info.backend) == ("done", "torch")
    refused = _command("train", "--config", str(config), "--runs-dir", str(tmp_path), "--set", "backend=fused")
    assert refused.returncode == 2
    assert "fused has no compiled steps of method signed; use torch (or auto)" in refused.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("damped, steps: 20", "dampd, steps: 20", "did you mean 'damped'?"),
        ("then: [halve]", "then: [halv]", "did you mean 'halve'?"),
        ("damped, steps: 20", "damped, steps: 20, damping: 1.5", "must be less than 1"),
        ("method: damped", "method: gd, damping: 0.5", "belongs to method damped, and the method is gd"),
        ("step_size: 0.1, ", "", "missing; method damped needs it"),
        ("seed: 0", "data: {kind: online, batch_size: 4}", "use gd, momentum, adam or signed"),
        ("{width: 4}", "{width: 4, output_scale: 2}", "no clear meaning for method damped"),
    ],
)
def test_the_rules_of_configurations_are_those_of_the_record(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert DAMPED.count(old) == 1
    done = _command("train", "--config", str(write(tmp_path, DAMPED.replace(old, new))), "--runs-dir", str(tmp_path))
    assert done.returncode == 2
    assert words in done.stderr


def test_a_dry_run_counts_the_steps_of_a_made_up_method(tmp_path: Path) -> None:
    print_costs = """
from featlearn.config.load import load_config
from featlearn.sweeps.costs import Costs
settings = ([f"stages.go.steps={steps}", "log.points=2", "log.gap=false"] for steps in (1000, 100_000))
configs = [load_config(sys.argv[1], overrides) for overrides in settings]
costs = Costs(configs)
print(*(costs.seconds(config) for config in configs))
"""
    done = _program(print_costs, str(write(tmp_path, DAMPED)))
    assert done.returncode == 0, done.stderr
    few, many = map(float, done.stdout.split())
    assert 80 < many / few < 110


def test_a_made_up_method_and_operation_are_in_schema_and_documentation() -> None:
    schema = json.loads(_command("schema").stdout)
    keys = schema["$defs"]["StageConfig"]["properties"]
    assert "damped" in keys["method"]["enum"]
    assert "halve" in keys["then"]["items"]["enum"]
    assert keys["damping"]["description"] == "δ of method damped; default 0.25"
    table = _program("from docs import generate as docs\nprint(docs.config_keys())").stdout
    for told in ("`damped` takes steps that are damped", "`halve`: all weights are halved", "`stages.NAME.damping`"):
        assert told in table


# --- a column -----------------------------------------------------------------------------------

LARGEST = Column(
    name="largest_weight",
    kind="number",
    meaning="max over j of |a_j|",
    compute=lambda look: np.max(np.abs(look.weights.second_layer), -1),
    heading="max |a|",
    words="largest output weight",
    symbol=r"\|a\|",
    log=True,
)


def test_a_made_up_column_is_logged_loaded_documented_and_drawn(tmp_path: Path) -> None:
    with restored(COLUMNS):
        register(LARGEST)
        result = train(load_config(write(tmp_path, MINIMAL)), tmp_path)
        rows = [json.loads(line) for line in result.run.metrics_file.read_text().splitlines()]
        assert all(list(row) == [*COLUMNS] for row in rows)
        last = np.max(np.abs(result.run.read_arrays(result.run.checkpoint_file)["second_layer"]))
        assert load_metrics(result.run.path)["largest_weight"][-1] == rows[-1]["largest_weight"] == last
        assert "| `largest_weight` | max over j of \\|a_j\\| |" in docs.metrics_columns()
        assert label_of("largest_weight").mathtext == r"largest output weight $\|a\|$"
        drawing = overlay_figure([read_run(result.run)] * 2, ["largest_weight"], SIZES["column"])
        assert drawing.figure.axes[0].get_ylabel() == r"largest output weight $\|a\|$"
    # a version that does not know the column reads the run all the same
    assert "largest_weight" not in load_metrics(result.run.path)


def test_a_made_up_column_is_in_the_results_of_a_sweep(tmp_path: Path) -> None:
    with restored(COLUMNS):
        register(LARGEST)
        directory = new_sweep(tmp_path, "seeds: 3\nstore: summary\n")
        run(directory)
        column = load_results(directory.path)["largest_weight"]
        assert column.dtype == np.float64
        assert (column > 0).all()
        check_metrics(["largest_weight"])
        size = SIZES["column"]
        (drawing,) = sweep_figures(read_sweep(directory), ["largest_weight"], None, None, size)
        assert drawing.figure.axes[0].get_xlabel() == r"largest output weight $\|a\|$"
