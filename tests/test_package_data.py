"""What is installed is whole: every file of the package is a module, or is declared as data in pyproject.toml."""

import tomllib

from tests.places import ROOT


def test_every_file_that_is_no_module_is_package_data() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    data = {
        path
        for package, patterns in declared.items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    files = {p for p in (ROOT / "featlearn").rglob("*.*") if p.suffix != ".py" and "__pycache__" not in p.parts}
    assert any(path.suffix == ".yaml" for path in files)
    assert {path.relative_to(ROOT) for path in files - data} == set()
