"""The configurations and sweeps that come with the package, to begin with: those of ``configs/`` and of the papers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path

import yaml

from featlearn.claims import papers
from featlearn.storage.errors import RunError, WrongChoice, reason

_PACKAGE = Path(__file__).parents[1]
# An installed package holds a copy of the directory `configs`, which lies beside it in a checkout.
_CONFIGS = _PACKAGE / "gallery" if (_PACKAGE / "gallery").is_dir() else _PACKAGE.parent / "configs"
_PAPERS = Path(papers.__path__[0])


def gallery() -> dict[str, Path]:
    """Where each file of the gallery lies, by its name: its path without the suffix, those of papers below theirs."""
    own = {path.relative_to(_CONFIGS): path for path in _CONFIGS.rglob("*.yaml")}
    papers = {path.relative_to(_PAPERS): path for path in _PAPERS.glob("*/*s/*.yaml")}
    named = {name.with_suffix("").as_posix(): path for name, path in (own | papers).items()}
    return dict(sorted(named.items(), key=lambda item: (item[0].count("/"), item[0])))


def purpose(path: Path) -> str:
    """The first sentence of the comment at the head of a file."""
    head = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    return " ".join(line.lstrip("# ") for line in head).split(". ")[0].rstrip(".")


def copy_out(name: str, where: Path) -> list[Path]:
    """Write a file of the gallery, and those that it needs unless they are there; returns those written.

    Raises:
        WrongChoice: when there is no such file in the gallery, or one of that name is there already.
        RunError: when it cannot be written.
    """
    files = gallery()
    name = name.removesuffix(".yaml")
    if name not in files:
        near = _near(name, files)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise WrongChoice(f"there is no {name!r} in the gallery; {hint}`featlearn new --list` shows what there is")
    written = []
    for path, target in _with_needed(files[name], where / f"{name}.yaml"):
        if target.exists():
            if path == files[name]:
                raise WrongChoice(f"{target} is there already; remove it, or work with it")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(path.read_bytes())
        except OSError as error:
            raise RunError(f"{target} cannot be written: {reason(error)}") from None
        written.append(target)
    return written


def _near(name: str, files: Mapping[str, Path]) -> list[str]:
    """What somebody may mean by a name: a file that ends so, what a claim of that name rests on, or a similar name."""
    last = name.rpartition("/")[2].replace("-", "_")
    ending = [known for known in files if known.rpartition("/")[2] == last]
    claims = [folder / f"{last}.yaml" for folder in _PAPERS.iterdir()] if last.isidentifier() else []
    for claim in filter(Path.is_file, claims):
        for sweep in yaml.safe_load(claim.read_bytes()).get("sweeps", {}).values():
            ending.append(f"{claim.parent.name}/{Path(sweep['file']).with_suffix('').as_posix()}")
    if ending:
        return list(dict.fromkeys(ending))
    lasts = {known.rpartition("/")[2]: known for known in reversed([*files])}
    near = get_close_matches(name, [*files, *lasts], 3)
    return list(dict.fromkeys(known if known in files else lasts[known] for known in near))


def _with_needed(path: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """A file and those that it names, with where each is copied to."""
    yield path, target
    content = yaml.safe_load(path.read_bytes())
    for name in (content.get("base"), content.get("data", {}).get("path")):
        if isinstance(name, str):
            yield (path.parent / name).resolve(), Path(os.path.normpath(target.parent / name))
