"""How to cite featlearn and the paper whose setting it implements; CITATION.cff of the repository says the same."""

from __future__ import annotations

BIBTEX = """\
@software{featlearn,
  title = {{featlearn}: an experiment runner for how gradient descent learns features},
  author = {{The featlearn developers}},
  version = {VERSION},
}

@inproceedings{zhou2024how,
  title = {How Does Gradient Descent Learn Features --- A Local Analysis for Regularized Two-Layer Neural Networks},
  author = {Zhou, Mo and Ge, Rong},
  booktitle = {Advances in Neural Information Processing Systems 37},
  year = {2024},
  eprint = {2406.01766},
  archivePrefix = {arXiv},
}
"""


def bibtex(version: str) -> str:
    """The entries for a run that this version of featlearn made."""
    return BIBTEX.replace("VERSION", version)
