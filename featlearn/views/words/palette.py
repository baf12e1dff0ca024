"""The colours of figures and pages: Okabe & Ito 2008, told apart with every common colour blindness.

Lines differ by their markers and dashes, too, so that a print in grey can be read.
"""

from __future__ import annotations

from functools import cache

BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER, "#7F7F7F")
GREY, SHADE = "#7F7F7F", "#EFEFEF"
INK, PAPER, DARK_PAPER = "#000000", "#FFFFFF", "#14171a"
# a certificate from −1 to 1 goes from blue to orange; these two show what is below and above
BELOW, ABOVE = "#00324E", "#5C2800"
ON_LIGHT = (BELOW, BLUE, PAPER, ORANGE, ABOVE)
ON_DARK = ("#B5E2FF", "#2F94CC", "#4A525A", "#E0792F", "#FFD9AE")  # the same on a dark page
# of a map, from low to high: matplotlib's viridis
SCALE = (
    *("#440154", "#482475", "#414487", "#355F8D", "#2A788E", "#21918C"),
    *("#22A884", "#44BF70", "#7AD151", "#BDDF26", "#FDE725"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# lengths of strokes and gaps, in widths of the line
DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 1.5),
    (1, 1.2),
    (6, 1.5, 1, 1.5),
    (3, 1),
    (8, 1.5, 1, 1.5, 1, 1.5),
    (2, 2),
)
LEAST_CONTRAST = 4.5  # of text, WCAG 2.1 level AA


def colour_of(number: int) -> str:
    """The colour of a teacher neuron and of the students nearest to it, or of the n-th line."""
    return COLOURS[number % len(COLOURS)]


def marker_of(number: int) -> str:
    """The marker of the n-th line; where colours repeat, another one than before."""
    return MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]


def dashes_of(number: int) -> tuple[float, ...]:
    """The dashes of the n-th line, empty for a solid one; where colours repeat, others than before."""
    return DASHES[(number + number // len(COLOURS)) % len(DASHES)]


def faded(colour: str, opacity: float) -> str:
    """A colour through which one sees, as CSS writes it."""
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{opacity:g})"


@cache
def text_colour(colour: str, paper: str = PAPER) -> str:
    """The colour for text: darker, or on dark paper lighter, until it is legible (WCAG 2.1, level AA)."""
    end = INK if _luminance(paper) > 0.5 else PAPER
    steps = (_mixed(colour, end, share / 50) for share in range(51))
    return next(mixed for mixed in steps if contrast(mixed, paper) >= LEAST_CONTRAST + 0.1)


def ink_on(colour: str) -> str:
    """Black or white, whichever is the more legible on a colour."""
    return max((INK, PAPER), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.1)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    """The relative luminance of a colour of sRGB, 0 to 1 (WCAG 2.1)."""
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(one: str, other: str, share: float) -> str:
    parts = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in parts)


FAINT = text_colour(GREY)  # of text beside what is important
