"""What is made from the ``claims.json`` of a reproduction: a figure for each claim, and the page for people."""

from __future__ import annotations

from matplotlib.figure import Figure

from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.records import ClaimRecord
from featlearn.claims.reproduce import resume_command
from featlearn.views.figures import claim as claim_plots
from featlearn.views.figures.captions import claim_caption, claim_heading
from featlearn.views.figures.drawing import Drawing
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES, Size, style
from featlearn.views.report import claims as claims_text

FORMATS = ("pdf", "png")


def write(directory: ReproductionDirectory) -> None:
    """Draw the figures that are not there yet, and write the page anew.

    Raises:
        RunError: when ``claims.json`` is broken, or something cannot be written.
    """
    info, advice = directory.read_info(), f"; go on with: {resume_command(directory)}"
    for record in info.claims:
        if all((directory.figures / f"{record.id}.{kind}").is_file() for kind in FORMATS):
            continue
        if (drawing := drawing_of(record, SIZES["column"])) is not None:
            save(drawing, directory.inside(directory.figures.name), FORMATS, SIZES["column"], advice=advice)
    directory.write_page(claims_text.page(info, directory.figures.name, directory.sweeps.name))


def drawing_of(record: ClaimRecord, size: Size) -> Drawing | None:
    """The figure of a claim; None where it has none."""
    panel = record.panel
    if panel is None:
        return None
    with style(size):
        lines = 1 + claim_plots.legend_lines(panel, int(size.width * 72 / (0.6 * size.font)) - 8)
        height = 0.7 * size.width + lines * 1.25 * size.font / 72
        figure = Figure(figsize=(size.width, height), layout="constrained")
        artists = claim_plots.draw(figure.subplots(), panel, claim_heading(record))
    table, caption = claim_plots.panel_table(panel), claim_caption(record)
    return Drawing(record.id, figure, table, artists, caption=caption, title=f"{record.id}: {record.sentence}")
