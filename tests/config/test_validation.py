"""Files that a configuration names: each is read once, and what is wrong with one is told at its key."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.config import validation
from featlearn.config.load import load_config
from featlearn.config.student import FileInit
from featlearn.config.validation import with_pinned_files
from featlearn.config.weight_file import InvalidWeights
from featlearn.storage.errors import Caution
from tests.config.broken import MINIMAL, write


def test_a_file_that_many_configurations_share_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "w.npz", first_layer=np.ones((4, 3)), second_layer=np.ones(4))
    config = load_config(write(tmp_path, MINIMAL))
    init = FileInit(kind="file", path="w.npz")
    config = config.model_copy(update={"student": config.student.model_copy(update={"init": init})})
    read = []
    pinned_file = validation.pinned_file

    def counted(path: str, sha256: str | None, directory: Path) -> dict[str, str]:
        read.append(path)
        return pinned_file(path, sha256, directory)

    monkeypatch.setattr(validation, "pinned_file", counted)
    known: dict[str, dict[str, str]] = {}
    first, second = (with_pinned_files(config, tmp_path, known) for _ in range(2))
    assert read == ["w.npz"]
    assert first == second
    assert isinstance(first.student.init, FileInit)
    assert first.student.init.sha256 is not None


def test_a_file_that_cannot_be_read_is_the_fault_of_its_key(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL))
    init = FileInit(kind="file", path="nowhere.npz")
    config = config.model_copy(update={"student": config.student.model_copy(update={"init": init})})
    with pytest.raises(InvalidWeights, match=r"nowhere\.npz: cannot be read: No such file") as caught:
        with_pinned_files(config, tmp_path)
    assert caught.value.key == ("student", "init", "path")


def test_stages_whose_weight_decay_is_too_large_beside_alpha_are_warned_of(tmp_path: Path) -> None:
    with pytest.warns(Caution, match="steps are divided by"), pytest.warns(Caution, match="is 10 in go, above 2: from"):
        load_config(write(tmp_path, MINIMAL), ["student.output_scale=0.01"])
    with pytest.warns(Caution, match="steps are divided by") as told:
        load_config(write(tmp_path, MINIMAL), ["student.output_scale=0.1"])
    assert len(told) == 1
