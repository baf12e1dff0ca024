"""What ``featlearn check`` prints: the formulas held against independent numbers on this machine."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from featlearn.training.selfcheck import CheckResult
from featlearn.views.console.output import output_console, pass_or_fail


def watch_checks(results: Iterable[CheckResult], *, quiet: bool) -> list[CheckResult]:
    """Print each check as it is done, and the verdict; returns them all."""
    console, done = output_console(), []
    for result in results:
        done.append(result)
        if not quiet:
            told = f"  {result.name:<61} error {result.error:8.1e}  allowed {result.allowed:7.0e}"
            console.print(Text.assemble(pass_or_fail(result.passed), told))
    if not quiet:
        failed = sum(not r.passed for r in done)
        console.print(Text(f"{len(done) - failed} of {len(done)} checks passed", "bold"))
    return done
