"""How the columns of the metrics are called in figures: words and symbols, those of docs/theory.md."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
    def markup(self) -> str:
        """For Plotly and HTML."""
        symbol = self.symbol
        for text, shown in _IN_HTML.items():
            symbol = symbol.replace(text, shown)
        return f"{html.escape(self.words)}{f' {symbol}' if symbol else ''}{self._unit}"

    @property
    def _unit(self) -> str:
        return f" ({self.unit})" if self.unit else ""


_IN_HTML = {"L_\\lambda": "L<sub>λ</sub>", "J^*_\\lambda": "J*<sub>λ</sub>", "S^*": "S*"}
_IN_HTML |= {"\\lambda": "λ", "\\eta": "η", "\\delta": "δ", "\\|\\nabla": "‖∇", "\\|": "‖"}

LABELS = {
    "step": Label("step", log=True),
    "weight_decay": Label("weight decay", r"\lambda", log=True),
    "step_size": Label("step size", r"\eta", log=True),
    "loss": Label("loss", "L", log=True),
    "train_loss": Label("training loss", log=True),
    "objective": Label("objective", r"L_\lambda", log=True),
    "gap": Label("gap", r"L_\lambda - J^*_\lambda", log=True),
    "grad_norm": Label("gradient norm", r"\|\nabla L_\lambda\|", log=True),
    "max_angle": Label("largest angle", unit="degrees", log=True),
    "mean_angle": Label("mean angle", unit="degrees", log=True),
    "misalignment": Label("misalignment", unit="rad²", log=True),
    "aligned_mass": Label("aligned mass"),
    "alive": Label("living neurons"),
    "recovered": Label("recovered teacher lines"),
    "mass_error": Label("mass error", log=True),
    "balance": Label("imbalance", log=True),
    "subspace": Label("first layer in", "S^*"),
    "feature_motion": Label("feature motion", log=True),
    "kernel_motion": Label("kernel motion", log=True),
    "output_scale": Label("output scale α", log=True),
    "seconds": Label("time", unit="s", log=True),
    "min_angle": Label("least angle between teacher lines Δ", unit="degrees"),
    "loss_floor": Label("loss floor", log=True),
}


def label_of(column: str) -> Label:
    """The label of a metrics column, or of a configuration key: its last parts, as people say them."""
    return LABELS.get(column) or LABELS.get(short_key(column)) or Label(short_key(column))


def plain(text: str, limit: int = 60) -> str:
    """A user's text as matplotlib shows it letter by letter, without mathematics, on one line."""
    text = " ".join(str(text).split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.replace("$", r"\$")


def short_key(key: str) -> str:
    """The last part of a dotted key, with the one before where it says nothing alone."""
    parts = key.split(".")
    return ".".join(parts[-2:]) if parts[-1] in ("start", "factor", "every", "name", "kind", "width") else parts[-1]


def short_keys(keys: Sequence[str]) -> list[str]:
    """The last parts of dotted keys, as ``short_key``; more of them where that takes two keys for one."""
    most = max((key.count(".") for key in keys), default=0) + 1
    return told_apart(keys, [short_key, *(partial(_last, parts=parts) for parts in range(2, most + 1))])


def _last(key: str, parts: int) -> str:
    return ".".join(key.split(".")[-parts:])
