"""What each kind of error prints and returns."""

import warnings

import pytest
import typer

from featlearn.cli.errors import errors_told
from featlearn.config.yaml_source import Complaint, ConfigError, Mark
from featlearn.storage.errors import Caution, RunError, RunNotFound, WrongChoice


def status_of(error: Exception) -> int:
    """The exit status of a command in which an error is raised."""
    with pytest.raises(typer.Exit) as caught, errors_told():
        raise error
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__, "no traceback is printed"
    return caught.value.exit_code


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RunError("the run is broken"), 1),
        (RunNotFound("there is no run"), 2),
        (WrongChoice("there is no such metric"), 2),
    ],
)
def test_an_error_about_a_directory_is_one_line(
    error: RunError, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(error) == status
    assert capsys.readouterr() == ("", f"{error}\n")


def test_every_kind_of_error_about_a_directory_has_a_status() -> None:
    """Whoever adds a kind decides whether something was asked for wrongly, and adds it to the test above."""

    def kinds(kind: type[RunError]) -> set[type[RunError]]:
        return {kind}.union(*map(kinds, kind.__subclasses__()))

    ours = {kind for kind in kinds(RunError) if kind.__module__.startswith("featlearn.")}
    assert ours == {RunError, RunNotFound, WrongChoice}


def test_complaints_about_a_configuration_are_a_line_each_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    complaints = [Complaint(Mark("a.yaml", line, 3), f"key{line}", "is wrong") for line in (2, 1)]
    assert status_of(ConfigError(complaints)) == 2
    assert capsys.readouterr() == ("", "a.yaml:1:3: key1: is wrong\na.yaml:2:3: key2: is wrong\n")


def test_of_very_many_complaints_the_first_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(ConfigError([Complaint(Mark("a.yaml", line), "key", "is wrong") for line in range(150)])) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 101
    assert lines[-1] == "… and 50 more"


def test_what_a_terminal_would_obey_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(RunError("\x1b[31mred")) == 1
    assert capsys.readouterr().err == "\\x1b[31mred\n"


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("a bug"), KeyboardInterrupt()])
def test_other_errors_are_not_hidden(error: BaseException) -> None:
    with pytest.raises(type(error)), errors_told():
        raise error


def test_nothing_is_printed_where_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with errors_told():
        pass
    assert capsys.readouterr() == ("", "")


def test_a_caution_is_one_line_and_other_warnings_stay_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with errors_told():
        warnings.warn("the inputs look odd", Caution, stacklevel=1)
        with pytest.warns(UserWarning, match="of another kind"):
            warnings.warn("of another kind", UserWarning, stacklevel=1)
    assert capsys.readouterr() == ("", "warning: the inputs look odd\n")
