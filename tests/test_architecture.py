"""The rooms of the package: imports point down, heavy libraries load late, the public names are these."""

import ast
import subprocess
import sys
from collections.abc import Container, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import featlearn
from tests.places import CONFIGS

PACKAGE = Path(featlearn.__file__).parent
ROOMS = [
    "storage",
    "theory",
    "training",
    "config",
    "runs",
    "sweeps",
    "claims",
    "views",
    "cli",
]  # each may use itself and those before it
HEAVY = {"torch", "numba", "matplotlib", "dask", "distributed", "plotly", "scipy", "numpy"}
MAX_LINES = 400


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def upward_imports(room: str, source: str) -> list[str]:
    """The imports in a module of ``room`` that name a room above it, or the package itself, which knows them all."""
    below = ROOMS[: ROOMS.index(room) + 1]
    ours = [name.split(".") for name in imports_of(source) if name.split(".")[0] == "featlearn"]
    return [".".join(parts) for parts in ours if len(parts) == 1 or parts[1] not in below]


def room_of(path: Path) -> str | None:
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return name if name in ROOMS else None


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room is None:
        assert path.name in ("__init__.py", "__main__.py")
    else:
        assert upward_imports(room, path.read_text()) == []


def test_the_rule_sees_a_violation() -> None:
    assert upward_imports("theory", "from featlearn.training import stages") == ["featlearn.training.stages"]
    assert upward_imports("training", "def f():\n    import featlearn.views.console.run") == [
        "featlearn.views.console.run"
    ]
    assert upward_imports("theory", "from featlearn import run_batch") == ["featlearn.run_batch"]
    assert upward_imports("theory", "import featlearn") == ["featlearn"]
    assert upward_imports("views", "from featlearn.runs.directory import RunDirectory") == []


def test_no_room_for_odds_and_ends() -> None:
    assert not {"utils.py", "helpers.py", "common.py"} & {path.name for path in modules()}


def test_files_stay_small() -> None:
    assert {str(p): n for p in modules() if (n := len(p.read_text().splitlines())) > MAX_LINES} == {}


def spelling(*names: str) -> set[str]:
    """The modules that spell one of the names."""
    return {
        str(path.relative_to(PACKAGE))
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    }


def test_only_the_directories_spell_file_names() -> None:
    assert spelling("config.yaml", "run.json", "metrics.jsonl", "snapshots.npz", "checkpoint.npz") == {
        "runs/directory.py"
    }
    assert spelling("sweep.yaml", "sweep.json", "manifest.jsonl", "results.csv") == {"sweeps/directory.py"}
    assert spelling("claims.json", "claims.md") == {"claims/directory.py"}


def loaded_by(code: str, names: Iterable[str] = HEAVY) -> set[str]:
    """The heavy libraries, or the modules of some others, that a piece of code loads in a fresh interpreter."""
    late = "type(sys.modules.get(m)).__name__ == '_Late'"  # imported, and never used
    probe = f"{code}\nimport sys\nprint(*[m for m in {sorted(names)} if m in sys.modules and not {late}])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split())


COMMAND = """
import sys
from featlearn.cli.app import main
sys.argv = ["featlearn", *ARGUMENTS]
try:
    main()
except SystemExit:
    pass
print()
"""


def test_help_and_the_package_load_nothing_heavy() -> None:
    assert loaded_by("import featlearn, featlearn.cli.app") == set()
    for command in ([], ["train"], ["reproduce"]):
        assert loaded_by(COMMAND.replace("ARGUMENTS", repr([*command, "--help"]))) == set()


def test_commands_that_compute_nothing_load_nothing_heavy(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((CONFIGS / "quickstart.yaml").read_text().replace("width:", "widht:"))
    featlearn.train(featlearn.load_config(CONFIGS / "quickstart.yaml", ["stages.local_convergence.steps=1"]), tmp_path)
    run = next(tmp_path.glob("2*"))
    for arguments in (["train", "-c", str(wrong)], ["runs", "--runs-dir", str(tmp_path)]):
        assert loaded_by(COMMAND.replace("ARGUMENTS", repr(arguments))) == set(), arguments
    assert loaded_by(COMMAND.replace("ARGUMENTS", repr(["show", str(run)]))) == {"numpy"}  # in which events are found
    others = ["featlearn.config.model", "featlearn.sweeps.directory", "featlearn.claims.directory"]
    assert loaded_by(COMMAND.replace("ARGUMENTS", repr(["show", str(run)])), others) == set()


def test_configurations_are_read_without_torch() -> None:
    path = CONFIGS / "quickstart.yaml"
    assert "torch" not in loaded_by(f"import featlearn; featlearn.load_config({str(path)!r})")


_NEWTON = "stages.local_convergence={train: [first_layer, second_layer], method: newton, steps: 3}"
_LBFGS = "stages.local_convergence={train: [first_layer, second_layer], method: lbfgs, steps: 10}"


@pytest.mark.parametrize(
    ("config", "override"),
    [
        ("quickstart", "stages.local_convergence.steps=10"),
        ("quickstart", _LBFGS),
        ("quickstart", _NEWTON),
        ("flow", "stages.local_convergence.steps=2"),
    ],
    ids=["gd", "lbfgs", "newton", "flow"],
)
def test_training_with_the_fused_backend_never_loads_torch(config: str, override: str) -> None:
    path = CONFIGS / f"{config}.yaml"
    overrides = [override]
    code = f"import featlearn as f; f.run_batch([f.load_config({str(path)!r}, {overrides})])"
    loaded_by(code)  # which may have to compile
    found = loaded_by(code)
    assert "numpy" in found
    assert not found & {"torch", "numba"}


def test_the_probe_for_heavy_libraries_sees_them() -> None:
    assert "numpy" in loaded_by("import numpy")


def test_the_public_names_are_these_and_all_load() -> None:
    assert featlearn.__all__ == [
        "Config",
        "ConfigError",
        "Run",
        "RunDirectory",
        "RunError",
        "Sweep",
        "activation",
        "alignment_metrics",
        "load_config",
        "load_metrics",
        "load_results",
        "load_run",
        "load_sweep",
        "population_gradient",
        "population_loss",
        "register_activation",
        "resume",
        "run_batch",
        "train",
    ]
    assert all(getattr(featlearn, name) is not None for name in featlearn.__all__)
    assert dir(featlearn) == featlearn.__all__
    with pytest.raises(AttributeError, match="nothing_like_it"):
        featlearn.nothing_like_it  # noqa: B018


# modules that are tested through others only: this set may shrink, and not grow
TESTED_THROUGH_OTHERS = {
    "claims/records.py",
}


def test_every_module_has_its_test_file_in_the_room_of_its_name() -> None:
    tests = Path(__file__).parent
    missing = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if path.name not in ("__init__.py", "__main__.py")
        and not list((tests / path.relative_to(PACKAGE).parts[0]).rglob(f"test_{path.stem}.py"))
    }
    assert missing == TESTED_THROUGH_OTHERS


def import_graph() -> dict[str, set[str]]:
    """For each module of the package, the modules that it imports when it is imported."""
    names = {module_name(path): path for path in modules()}
    return {name: set(imported_at_once(path, names)) - {name} for name, path in names.items()}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_at_once(path: Path, names: Container[str]) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):  # what a function or a block for type checkers imports comes later, or never
        if isinstance(node, ast.FunctionDef | ast.If):
            node.body = [part for part in node.body if not isinstance(part, ast.Import | ast.ImportFrom)] or [
                ast.Pass()
            ]
    for name in imports_of(ast.unparse(tree)):
        module = name if name in names else name.rpartition(".")[0]
        if module in names:
            yield module


def circle_in(graph: dict[str, set[str]]) -> tuple[str, ...]:
    """The members of a circle, in order; none when there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def test_no_imports_run_in_a_circle() -> None:
    assert circle_in(import_graph()) == ()


def test_the_search_for_circles_sees_one() -> None:
    assert set(circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    assert import_graph()["featlearn.training.descent"] >= {
        "featlearn.theory.targets.loss",
        "featlearn.training.methods",
    }
