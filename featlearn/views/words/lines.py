"""What tables of runs, sweeps and reproductions say of each."""

from __future__ import annotations

from featlearn.claims.listing import Line

# of each, where a run has it
RESULTS = ("loss", "train_loss", "test_loss", "mean_angle", "max_angle", "recovered", "step", "seconds")


def status_in_words(line: Line) -> str:
    """The status, with how far a sweep or a reproduction is."""
    about = line.about or {}
    if line.kind == "sweep" and about:
        if line.status in ("failed", "diverged"):  # all points have ended, some of them so
            return f"{line.status}, {about['done']} of {about['points']} done"
        return f"{line.status}, {about['done']} of {about['points']}"
    if line.kind == "reproduction" and about:
        return f"{line.status}, {about['held']} of {about['claims']} hold"
    return line.status
