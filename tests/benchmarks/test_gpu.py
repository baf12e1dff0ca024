"""The script for a GPU runs its checks without one, and says so."""

import json
import sys
from pathlib import Path

import pytest
import torch

from tests.benchmarks import gpu


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gpu.json"
    monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(out), "--repeats", "2"])
    gpu.main()
    assert "not run on a GPU" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert found["device"] == "not run on a GPU"
    assert found["largest difference"] <= gpu.AGREES_WITHIN
    monkeypatch.setattr(gpu, "AGREES_WITHIN", 0.0)
    with pytest.raises(SystemExit):
        gpu.main()
