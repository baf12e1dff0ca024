"""Evidence of the tests' making for the claim of any paper: tables whose answer is known."""

from dataclasses import dataclass, field

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.load import Claim, load_paper
from featlearn.runs.metrics import Table


@dataclass(frozen=True)
class Tables(Evidence):
    """Evidence whose tables are given."""

    tables: dict[str, Table] = field(default_factory=dict)

    def table(self, sweep: str) -> Table:
        return self.tables[sweep]


def claim_of(paper: str, name: str) -> Claim:
    return load_paper(paper).claims[name]


def tables_of(claim: Claim, **given: Table) -> Tables:
    """Evidence for a claim; the names of its sweeps are those of the tables."""
    sweeps: dict[str, object] = dict.fromkeys(given)
    return Tables(sweeps, claim.file.parameters, published=claim.file.published, tables=given)  # type: ignore[arg-type]


def failed(claim: Claim, findings: Findings) -> set[str]:
    """The checks of a claim that do not hold; every one must have been measured."""
    assert findings.measured.keys() == claim.file.checks.keys()
    return {key for key, check in claim.file.checks.items() if not check.holds(findings.measured[key])}
