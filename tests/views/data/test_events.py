"""Events are found where the data of a run have them."""

from pathlib import Path

from featlearn.views.data.events import events_of
from featlearn.views.data.run import read_run
from tests.views.examples import new_run


def test_stages_end_where_the_next_one_begins(tmp_path: Path) -> None:
    events = [event for event in events_of(read_run(new_run(tmp_path))) if event.kind == "stage"]
    assert [event.step for event in events] == [1, 2]
    assert events[0].text == "first_step ends after 1 step, and second_layer begins."
