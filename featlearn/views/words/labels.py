"""How the columns of the metrics are called in figures: words and symbols, those of docs/theory.md."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from featlearn.sweeps.columns import known_columns
from featlearn.views.words.passing import passing_of
from featlearn.views.words.values import told_apart


@dataclass(frozen=True)
class Label:
    """A quantity's name, its symbol, its unit, and how an axis shows it."""

    words: str
    symbol: str = ""  # mathtext, without dollars
    unit: str = ""
    log: bool = False  # spans orders of magnitude

    @property
    def mathtext(self) -> str:
        """For matplotlib."""
        symbol = f" ${self.symbol}$" if self.symbol else ""
        return f"{plain(self.words)}{symbol}{self._unit}"

    @property
    def short(self) -> str:
        """The symbol for matplotlib, or the words where there is none."""
        return f"${self.symbol}$" if self.symbol else plain(self.words)

    @property
    def markup(self) -> str:
        """For Plotly and HTML."""
        symbol = self.symbol
        for text, shown in _IN_HTML.items():
            symbol = symbol.replace(text, shown)
        return f"{html.escape(self.words)}{f' {symbol}' if symbol else ''}{self._unit}"

    @property
    def _unit(self) -> str:
        return f" ({self.unit})" if self.unit else ""


LOSSES = ("loss", "train_loss", "test_loss")  # of the population, of what is trained on, of what is held out
_IN_HTML = {"L_\\lambda": "L<sub>λ</sub>", "J^*_\\lambda": "J*<sub>λ</sub>", "S^*": "S*", "m^*": "m*"}
_IN_HTML |= {
    "_1": "<sub>1</sub>",
    "_2": "<sub>2</sub>",
    "\\lambda": "λ",
    "\\eta": "η",
    "\\delta": "δ",
    "\\|\\nabla": "‖∇",
    "\\|": "‖",
}

# of keys of a configuration
_KEYS = {
    "output_scale": Label("output scale α", log=True),
    "student.width": Label("student width", "m"),
    "teacher.width": Label("teacher width", "m^*"),
    "input_dim": Label("input dimension", "d"),
    "rank": Label("teacher rank", "r"),
    "weight_decay.start": Label("weight decay at the start", r"\lambda"),
    "step_size.start": Label("step size at the start", r"\eta"),
    "weight_decay.first_layer": Label("weight decay of the first layer", r"\lambda_1"),
    "weight_decay.second_layer": Label("weight decay of the second layer", r"\lambda_2"),
    "step_size.first_layer": Label("step size of the first layer", r"\eta_1"),
    "step_size.second_layer": Label("step size of the second layer", r"\eta_2"),
    "activation.name": Label("activation"),
    "min_angle": Label("least angle between teacher lines Δ", unit="degrees"),
}


def labels() -> dict[str, Label]:
    """The labels of all columns, and of the keys that have one of their own."""
    columns = known_columns().values()
    return {c.name: Label(c.words or c.name, c.symbol, c.unit, c.log) for c in columns} | _KEYS


def label_of(column: str) -> Label:
    """The label of a column, or of a configuration key: its last parts, as people say them; or of a condition."""
    if passing := passing_of(column):
        return Label(f"steps until {label_of(passing.column).words} {passing.words}", log=True)
    known, short = labels(), short_key(column)
    return known.get(column) or known.get(short) or Label(short)


def losses_in_brief(names: Sequence[str]) -> str:
    """What stands beside an axis of losses and the objective: their words where there is room for these."""
    if len(names) < 3:
        return ", ".join(label_of(name).words for name in names)
    return "losses, objective" if "objective" in names else "losses"


def heading_of(column: str) -> str:
    """What stands above a column in a table."""
    return known_columns()[column].heading or column.replace("_", " ")


def plain(text: str, limit: int = 60) -> str:
    """A user's text as matplotlib shows it letter by letter, without mathematics, on one line."""
    text = " ".join(str(text).split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.replace("$", r"\$")


_SAY_NOTHING_ALONE = (
    "start",
    "factor",
    "every",
    "name",
    "kind",
    "width",
    "first_layer",
    "second_layer",
    "biases",
    "std",
)


def short_key(key: str) -> str:
    """The last part of a dotted key, with the one before where it says nothing alone."""
    parts = key.split(".")
    return ".".join(parts[-2:]) if parts[-1] in _SAY_NOTHING_ALONE else parts[-1]


def short_keys(keys: Sequence[str]) -> list[str]:
    """The last parts of dotted keys, as ``short_key``; more of them where that takes two keys for one."""
    most = max((key.count(".") for key in keys), default=0) + 1
    return told_apart(keys, [short_key, *(partial(_last, parts=parts) for parts in range(2, most + 1))])


def _last(key: str, parts: int) -> str:
    return ".".join(key.split(".")[-parts:])
