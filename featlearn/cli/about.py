"""``featlearn schema`` and ``featlearn check``: the configuration's schema, and the formulas on this machine."""

from __future__ import annotations

import typer

from featlearn.cli.options import AsJson, print_json


def schema() -> None:
    """The JSON schema of the configuration, for editors."""
    from featlearn.config.model import Config

    print_json(Config.model_json_schema())


def check(as_json: AsJson = False) -> None:
    """Check the closed forms on this machine: quadrature, Monte Carlo, finite differences, backends."""
    from featlearn.training.selfcheck import run_checks
    from featlearn.views.console.selfcheck import watch_checks

    results = [r.__dict__ | {"passed": r.passed} for r in watch_checks(run_checks(), quiet=as_json)]
    if as_json:
        print_json(results)
    if not all(r["passed"] for r in results):
        raise typer.Exit(1)
