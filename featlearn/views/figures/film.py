"""The film of a run: its neurons at every snapshot, in a plane with the certificate, through matplotlib's writers."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.ticker import FuncFormatter, MultipleLocator

from featlearn.storage.errors import RunError, reason
from featlearn.storage.replacement import replace_file
from featlearn.views.data.certificate import Certificates
from featlearn.views.data.directions import angle_of, circle, on_circle
from featlearn.views.data.neurons import LEAP, Neurons
from featlearn.views.data.run import RunData
from featlearn.views.figures.certificate_circle import eta_axis
from featlearn.views.figures.neurons import by_mass, in_plane, place_dots, places_by_mass, places_in_plane
from featlearn.views.figures.style import Size, blank, style
from featlearn.views.words.labels import LOSSES, heading_of, plain
from featlearn.views.words.numbers import grouped, number
from featlearn.views.words.palette import GREY, INK, PURPLE, SHADE, colour_of

SECONDS = 10.0  # A film is no longer than this,
_FASTEST, _SLOWEST = 20, 2  # has so many pictures a second, the last of which
_STAYS = 1.0  # stays for so many seconds.
_PIXELS = {"mp4": 1080, "gif": 640}  # across
ENDINGS = tuple(_PIXELS)

_TRAIL = 4  # So many snapshots back a neuron's path is drawn.
_HIGHEST = 1e6  # |η| beyond is not on the axis.

Watch = Callable[[int, int], None]


def ending_for(asked: str | None) -> str:
    """The ending of a film: the one asked for, else mp4 where ffmpeg is on the path, else gif.

    Raises:
        RunError: when what writes it is not there.
    """
    there = {"mp4": FFMpegWriter.isAvailable(), "gif": find_spec("PIL") is not None}
    if asked is None:
        asked = next((ending for ending in ENDINGS if there[ending]), None)
    if asked is None:
        raise RunError(
            "no film can be written: neither ffmpeg is on the PATH nor Pillow installed; install one of them"
        )
    if not there[asked]:
        need, other = ("ffmpeg on the PATH", "gif") if asked == "mp4" else ("Pillow", "mp4")
        instead = f", or ask for --format {other}" if there[other] else ""
        raise RunError(f"no {asked} can be written: that needs {need}; install it{instead}")
    return asked


def shown_snapshots(count: int) -> tuple[np.ndarray, float]:
    """Which of so many snapshots a film shows, the last always, and how many of them in a second."""
    most = int((SECONDS - _STAYS) * _FASTEST)
    shown = np.unique(np.round(np.linspace(0, count - 1, min(count, most))).astype(int))
    return shown, float(np.clip(np.ceil(len(shown) / (SECONDS - _STAYS)), _SLOWEST, _FASTEST))


def save_film(data: RunData, certificates: Certificates | None, file: Path, size: Size, watch: Watch) -> None:
    """Write the film of a run; what is there already is replaced whole, or left as it is.

    Args:
        certificates: drawn below the neurons, of teachers in a plane.
        file: its ending, one of ``ENDINGS``, is the kind of film.
        watch: told how many of how many pictures are drawn.
    Raises:
        RunError: when there are no neurons at two times, or the file cannot be written.
    """
    neurons, kind = data.neurons, file.suffix[1:]
    if neurons is None:
        raise RunError(f"{data.run.path}: no film of the neurons: {data.missing}")
    if len(neurons.steps) < 2:
        raise RunError(f"{data.run.path}: no film: it has a single snapshot; train with more log.snapshots")
    shown, rate = shown_snapshots(len(neurons.steps))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="featlearn-film-") as folder, style(size):
            whole = Path(folder) / f"film.{kind}"
            _write(_Pictures(data, neurons, certificates, size), shown, rate, whole, watch)
            replace_file(file, lambda out: out.write(whole.read_bytes()))
    except (OSError, subprocess.CalledProcessError) as error:
        why = reason(error) if isinstance(error, OSError) else "ffmpeg failed; is the disk full?"
        raise RunError(f"{file} cannot be written: {why}; choose another place with --out") from None


def _write(pictures: _Pictures, shown: np.ndarray, rate: float, file: Path, watch: Watch) -> None:
    kind = file.suffix[1:]
    writer: AbstractMovieWriter = FFMpegWriter(fps=rate, codec="h264") if kind == "mp4" else PillowWriter(fps=rate)  # type: ignore[arg-type]
    dpi = _PIXELS[kind] / pictures.figure.get_figwidth()
    pictures.figure.dpi = dpi
    with writer.saving(pictures.figure, str(file), dpi):
        for done, snapshot in enumerate(shown.tolist(), start=1):
            pictures.show(snapshot)
            for _ in range(1 if done < len(shown) else max(1, round(_STAYS * rate))):
                writer.grab_frame()
            watch(done, len(shown))


class _Pictures:
    """A figure that shows one snapshot after another."""

    def __init__(self, data: RunData, neurons: Neurons, certificates: Certificates | None, size: Size) -> None:
        self._data, self._neurons, self._size = data, neurons, size
        self._certificates = certificates if certificates is not None and certificates.rank == 2 else None
        flat = neurons.rank == 2
        above = 0.56 if neurons.half_plane else 1.0
        self.figure = blank(size, above + 0.2 + (0.5 if self._certificates else 0.0))
        axes = self.figure.subplots(2, 1, height_ratios=(above, 0.5)) if self._certificates else None
        ax = self.figure.subplots() if axes is None else axes[0]
        artists = (in_plane if flat else by_mass)(ax, neurons, largest=size.dot)
        trails = artists["trails"]
        assert isinstance(trails, LineCollection)
        self._trails = trails
        self._place = places_in_plane(neurons) if flat else places_by_mass(neurons)
        dots = artists["neurons"]
        assert isinstance(dots, PathCollection)
        self._dots = dots
        self._heaviest = float(np.max(np.where(np.isfinite(neurons.mass), neurons.mass, 0.0)))
        if self._certificates is not None and axes is not None:
            self._certificate = _CertificateAt(axes[1], self._certificates)
        self._title = self.figure.suptitle(self._told(0), fontsize=size.font, family="monospace")
        for _ in range(2):  # axes of a fixed aspect take two rounds to be laid out
            self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # nothing moves but what the run moves

    def show(self, snapshot: int) -> None:
        """Draw a snapshot."""
        place = self._place[snapshot]
        place_dots(self._dots, place, self._neurons, snapshot, self._size.dot, self._heaviest)
        begin = max(0, snapshot - _TRAIL)
        paths = self._place[begin : snapshot + 1].copy()
        leaps = np.linalg.norm(np.diff(paths, axis=0), axis=-1) > LEAP
        paths[:-1][leaps & (self._neurons.rank == 2)] = np.nan
        self._trails.set_segments(list(paths.swapaxes(0, 1)))
        self._trails.set_color([to_rgba(colour_of(k), 0.4) for k in self._neurons.teacher[snapshot]])
        self._title.set_text(self._told(snapshot))
        if self._certificates is not None:
            self._certificate.show(snapshot)

    def _told(self, snapshot: int) -> str:
        """Stage, step, losses and λ."""
        step = int(self._neurons.steps[snapshot])
        stage = [span.name for span in self._data.stages if step > span.first or span.first == 0][-1]
        parts = [f"step {grouped(step)}"]
        [rows] = np.nonzero(self._data.metrics["step"] == step)
        if len(rows):
            at = {name: self._data.metrics[name][rows[-1]] for name in ("weight_decay", *LOSSES)}
            parts += [f"{heading_of(name)} {number(at[name], 3)}" for name in LOSSES[:1] if np.isfinite(at[name])]
            parts += [f"λ {number(at['weight_decay'], 3)}"] if np.isfinite(at["weight_decay"]) else []
        return f"{plain(stage, 40)}\n{'  '.join(parts)}"


class _CertificateAt:
    """η of the network against the direction, with that of the optimum at its λ, one snapshot after another."""

    def __init__(self, ax: Axes, certificates: Certificates) -> None:
        self._of, width = certificates, rcParams["lines.linewidth"]
        angle = circle(certificates.lines, 361)
        self._points = on_circle(angle)
        self._eta = np.array([certificates.of_network(s, self._points) for s in range(len(certificates.decays))])
        ax.axhspan(-1, 1, color=SHADE, lw=0, zorder=0)
        for k, at in enumerate(angle_of(certificates.teacher_place).tolist()):
            ax.axvline(at, color=colour_of(k), lw=0.6 * width, ls=":", zorder=1)
        blank_line = np.full(len(angle), np.nan)
        looks: list[dict[str, Any]] = [
            {"color": INK, "lw": width, "label": "optimum"},
            {"color": PURPLE, "lw": width, "ls": "--", "label": "network"},
        ]
        self._lines = [ax.plot(angle, blank_line, **look)[0] for look in looks]
        finite = self._eta[np.isfinite(self._eta)]
        eta_axis(ax, np.clip(finite, -_HIGHEST, _HIGHEST) if len(finite) else np.zeros(1))
        ax.axhline(1, color=GREY, lw=0.5 * width)
        ax.axhline(-1, color=GREY, lw=0.5 * width)
        ax.set_xlim((180, 0) if certificates.lines else (0, 360))
        ax.xaxis.set_major_locator(MultipleLocator(45 if certificates.lines else 90))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}°"))
        ax.set_xlabel("direction w in the teacher's plane")
        ax.set_ylabel("certificate η(w)")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)

    def show(self, snapshot: int) -> None:
        decay = float(self._of.decays[snapshot])
        best = self._of.of_optimum(decay, self._points) if decay in self._of.optima else np.nan * self._eta[snapshot]
        for line, eta in zip(self._lines, (best, self._eta[snapshot]), strict=True):
            line.set_ydata(eta)
