"""Whether the text of a page, and of a figure, can be read: its contrast, and whether it runs into other text."""

from itertools import combinations, product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from featlearn.views.words.palette import LEAST_CONTRAST, PAPER, contrast
from tests.views.browser import Browser

# Text in a chart stands on the paper of the chart, but for the numbers in the cells of a map: these are tested apart.
_TEXTS = r"""
const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
const blend = ([r, g, b, a = 1], [R, G, B]) => [r, g, b].map((v, i) => a * v + (1 - a) * [R, G, B][i]);
function behind(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    layers.push(colour);
    if ((colour[3] ?? 1) === 1 && colour.length) break;
  }
  return layers.reverse().reduce((below, colour) => blend(colour, below), [255, 255, 255]);
}
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
  if (!text || element.closest("script, style, noscript, option")) continue;
  if (!element.checkVisibility() || !element.getClientRects().length) continue;
  const style = getComputedStyle(element), svg = element.closest("svg");
  const over = behind(svg ? svg.closest(".chart") : element);
  let opacity = 1;
  for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  const own = parse(svg ? style.fill : style.color);
  const shown = blend([own[0], own[1], own[2], (own[3] ?? 1) * opacity], over);
  const inMap = svg?.closest("#map") && element.closest(".annotation");
  if (!inMap) found.push([text.slice(0, 60), shown, over]);
}
return found;
"""
_TICKS = """
return [...document.querySelectorAll(".chart")].filter((chart) => chart.checkVisibility()).flatMap((chart) => {
  const shown = [...chart.querySelectorAll(
    ".xtick text, .x2tick text, .ytick text, .y2tick text, .y3tick text, .infolayer .legendtext, " +
    ".infolayer .g-xtitle text, .infolayer [class^='g-y'] text, .infolayer .annotation text, .cbaxis text"
  )].filter((text) => text.textContent.trim());
  return [shown.map((text) => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    return [`${chart.id}: ${text.textContent}`, left, right, top, bottom];
  })];
});
"""


def faint_texts(browser: Browser) -> list[str]:
    """The texts of the page whose contrast is less than WCAG 2.1 asks for at level AA."""
    found: list[tuple[str, list[float], list[float]]] = browser.execute_script(_TEXTS)
    assert len(found) > 20, "there is text on the page"
    ratios = {(text, contrast(_hex(own), _hex(paper))) for text, own, paper in found}
    return [f"{text}: {ratio:.2f}" for text, ratio in sorted(ratios) if ratio < LEAST_CONTRAST]


def texts_that_overlap(browser: Browser) -> list[tuple[str, str]]:
    """The texts of the charts that run into each other: ticks, titles, legends and notes."""
    charts: list[list[Any]] = browser.execute_script(_TICKS)
    assert sum(map(len, charts)) > 10, "there are ticks on the page"
    return [
        (a[0], b[0])
        for texts in charts
        for a, b in combinations(texts, 2)
        if min(a[2], b[2]) - max(a[1], b[1]) > 1 and min(a[4], b[4]) - max(a[3], b[3]) > 1
    ]


def _hex(colour: list[float]) -> str:
    return "#" + "".join(f"{round(part):02X}" for part in colour)


def faint_texts_of(figure: Figure) -> list[str]:
    """The texts of a figure, on white, whose contrast is too little."""
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and _is_shown(text)]
    faint = [text for text in texts if contrast(to_hex(text.get_color()), PAPER) < LEAST_CONTRAST]
    return [text.get_text() for text in faint]


def ticks_that_overlap(figure: Figure) -> list[tuple[str, str]]:
    """The numbers beside axes of a figure, and the names of the axes, that run into each other or out of the figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    names = [name for ax in figure.axes for name in (ax.xaxis.label, ax.yaxis.label, ax.title) if _is_shown(name)]
    ticks = [_ticks(ax) for ax in figure.axes]
    pairs = [pair for own in ticks for pair in (*combinations(own, 2), *product(own, names))]
    pairs += combinations(names, 2)
    found = [(a.get_text(), b.get_text()) for a, b in pairs if _overlap(a.get_window_extent(), b.get_window_extent())]
    whole = figure.bbox.padded(1)
    outside = [name for name in names if not _within(name.get_window_extent(), whole)]
    return found + [(name.get_text(), "the edge of the figure") for name in outside]


def _ticks(ax: Axes) -> list[Text]:
    inside = ax.get_window_extent().padded(2)
    texts = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    boxes = [(text, text.get_window_extent()) for text in texts if _is_shown(text) and ax.axison]
    return [
        text
        for text, box in boxes
        if inside.x0 <= (box.x0 + box.x1) / 2 <= inside.x1 or inside.y0 <= (box.y0 + box.y1) / 2 <= inside.y1
    ]


def _is_shown(text: Text) -> bool:
    return bool(text.get_text().strip()) and text.get_visible()


def _within(one: Bbox, whole: Bbox) -> bool:
    return bool(one.x0 >= whole.x0 and one.x1 <= whole.x1 and one.y0 >= whole.y0 and one.y1 <= whole.y1)


def _overlap(one: Bbox, other: Bbox) -> bool:
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return wide > 0.5 and high > 0.5
