"""The floors of a run in one line."""

from featlearn.runs.records import FloorsRecord
from featlearn.views.words.floors import floors_in_brief


def test_floors_are_told_with_their_shares() -> None:
    floors = FloorsRecord(random_features=0.0653, ntk=None, target=0.0734)
    assert floors_in_brief(floors) == "floors: random features 0.0653 (89% of ‖f*‖²)"
    assert floors_in_brief(floors.changed(target=0.0)) is None
    assert floors_in_brief(None) is None
