"""Texts for LaTeX documents."""

from __future__ import annotations

import re

_LETTERS = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta"}
_LETTERS |= {"λ": "lambda", "μ": "mu", "φ": "varphi", "Δ": "Delta"}
_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "°": r"$^\circ$",
    "−": "$-$",
    "–": "--",
    "…": r"\dots{}",
    "‖": r"$\Vert$",
    "∇": r"$\nabla$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "∝": r"$\propto$",
    "√": r"$\surd$",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "²": "$^2$",
    "₁": "$_1$",
    "₂": "$_2$",
    "|": "$|$",
    "<": "$<$",
    ">": "$>$",
    "\N{THIN SPACE}": r"\,",
}
_SIGNS |= {letter: rf"$\{name}$" for letter, name in _LETTERS.items()}
_SIGNS |= {sign: rf"\{sign}" for sign in "&%$#_{}"}
_SUBSCRIPT = re.compile(r"([A-Z]\*?)_λ")


def in_latex(text: str) -> str:
    """A text letter by letter, on one line, with the signs of mathematics that ours hold."""
    text = " ".join(text.split())
    parts = _SUBSCRIPT.split(text)  # what is between, a letter, what is between, …
    shown = ["".join(_SIGNS.get(sign, sign) for sign in part) for part in parts]
    shown[1::2] = [rf"${part.replace('*', '^*')}_\lambda$" for part in parts[1::2]]
    return "".join(shown)


def with_subscripts(text: str) -> str:
    """A text letter by letter for matplotlib, but L_λ and J*_λ as mathematics has them."""
    parts = _SUBSCRIPT.split(text)
    shown = [part.replace("$", r"\$") for part in parts]
    shown[1::2] = [rf"${part.replace('*', '^*')}_\lambda$" for part in parts[1::2]]
    return "".join(shown)


def in_signs(text: str) -> str:
    """A text in which teacher lines are written as mathematics has them, for matplotlib and LaTeX."""
    return re.sub(r"w\*(\d+)", r"$w^*_{\1}$", text)
