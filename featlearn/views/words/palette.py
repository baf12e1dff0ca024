"""The colours of figures and pages: Okabe & Ito 2008, told apart with every common colour blindness."""

from __future__ import annotations

BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER, "#7F7F7F")
GREY, SHADE = "#7F7F7F", "#EFEFEF"
INK, PAPER = "#000000", "#FFFFFF"
# a certificate from −1 to 1 goes from blue to orange; these two show what is below and above
BELOW, ABOVE = "#00324E", "#5C2800"


def colour_of(number: int) -> str:
    """The colour of a teacher neuron and of the students nearest to it, or of the n-th line."""
    return COLOURS[number % len(COLOURS)]


def faded(colour: str, opacity: float) -> str:
    """A colour through which one sees, as CSS writes it."""
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{opacity:g})"
