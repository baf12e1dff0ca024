"""Papers and their claims, found where they lie: each paper is a package below ``papers``, each claim two files in it.

``beyond_ntk.yaml`` says what is claimed (see ``ClaimFile``), and ``beyond_ntk.py`` beside it has the function
``measure(evidence)``, which returns its ``Findings``. Together they are the claim ``beyond-ntk``. ``paper.yaml`` says
what the paper is (see ``PaperFile``).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from featlearn.claims import papers
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.model import ClaimFile, PaperFile
from featlearn.config.complaints import complaint_at, did_you_mean, validated
from featlearn.config.yaml_source import Complaint, ConfigError, Mark, about_file, read_document
from featlearn.storage.errors import RunNotFound

SEED_PAPER = "zhou-ge-2024"  # the one that ``featlearn reproduce`` reproduces where it is told no other
_ABOUT = "paper.yaml"

Measure = Callable[[Evidence], Findings]


@dataclass(frozen=True)
class Claim:
    """A claim of a paper.

    Attributes:
        id: the name of its files, with hyphens.
        folder: where its files lie.
        file: what its YAML file says.
        measure: the function of its module.
    """

    id: str
    folder: Path
    file: ClaimFile
    measure: Measure


@dataclass(frozen=True)
class Paper:
    """A paper: what it is, and its claims by their ids, in the order in which they are told."""

    id: str
    about: PaperFile
    claims: Mapping[str, Claim]


def paper_names() -> list[str]:
    """The ids of all papers, in alphabetical order."""
    return sorted(_packages())


def load_papers() -> list[Paper]:
    """All papers, oldest first. Raises ConfigError with everything that is wrong with their files."""
    loaded, complaints = sound_papers()
    if complaints:
        raise ConfigError(complaints)
    return loaded


def sound_papers() -> tuple[list[Paper], list[Complaint]]:
    """The papers whose files can be read, oldest first, and everything that is wrong with those of others."""
    loaded: list[Paper] = []
    complaints: list[Complaint] = []
    for name in paper_names():
        try:
            loaded.append(load_paper(name))
        except ConfigError as error:
            complaints += error.complaints
    return sorted(loaded, key=lambda paper: (paper.about.year, paper.id)), complaints


def load_paper(name: str) -> Paper:
    """A paper with all its claims.

    Raises:
        RunNotFound: when there is no such paper.
        ConfigError: with everything that is wrong with its files, or when it has no claims.
    """
    packages = _packages()
    if name not in packages:
        raise RunNotFound(f"there is no paper {name!r}{did_you_mean(name, sorted(packages), 'the papers are')}")
    package = packages[name]
    [folder] = map(Path, import_module(package).__path__)
    about: PaperFile | None = None
    claims: list[Claim] = []
    complaints: list[Complaint] = []
    for path in sorted({folder / _ABOUT, *folder.glob("*.yaml")}):
        try:
            if path.name == _ABOUT:
                about = _load_about(path)
            else:
                claims.append(_load_claim(path, package))
        except ConfigError as error:
            complaints += error.complaints
    if not (claims or complaints):
        complaints.append(Complaint(Mark(str(folder)), "(directory)", "holds no claims; install the package anew"))
    if complaints or about is None:
        raise ConfigError(complaints)
    claims.sort(key=lambda claim: (claim.file.order, claim.id))
    return Paper(name, about, {claim.id: claim for claim in claims})


def _packages() -> dict[str, str]:
    """The package of each paper, by the paper's id."""
    found = [module.name for module in pkgutil.iter_modules(papers.__path__) if module.ispkg]
    return {_id(name): f"{papers.__name__}.{name}" for name in found}


def _id(name: str) -> str:
    """The id of a paper or claim, from the name of its package or module."""
    return name.replace("_", "-")


def _load_about(path: Path) -> PaperFile:
    if not path.is_file():
        raise about_file(path, "no such file; it says what the paper is")
    document = read_document(path)
    about = validated(document, PaperFile)
    if document.complaints:
        raise ConfigError(document.complaints)
    return about


def _load_claim(path: Path, package: str) -> Claim:
    document = read_document(path)
    file = validated(document, ClaimFile)
    complaints = [
        *document.complaints,
        *(
            complaint_at(document, ("sweeps", key, "file"), f"{path.parent / sweep.file}: no such file")
            for key, sweep in file.sweeps.items()
            if not (path.parent / sweep.file).is_file()
        ),
    ]
    if complaints:
        raise ConfigError(complaints)
    return Claim(_id(path.stem), path.parent, file, _measure(path.with_suffix(".py"), package))


def _measure(path: Path, package: str) -> Measure:
    """The function of a claim's module. Raises ConfigError when there is none."""
    if not path.is_file():
        raise about_file(path, "no such file; it measures the claim beside it")
    if not path.stem.isidentifier():  # so that no two names become the same id
        raise about_file(path, "is not the name of a module: letters, digits and _, not starting with a digit")
    measure = getattr(import_module(f"{package}.{path.stem}"), "measure", None)
    if not callable(measure):
        text = "needs a function measure(evidence), which returns the findings of the claim"
        raise ConfigError([Complaint(Mark(str(path)), "measure", text)])
    return measure
