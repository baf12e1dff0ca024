"""What is installed is whole: the wheel holds every file of the package, and the examples."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.places import CONFIGS, ROOT


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package_and_the_gallery(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    files = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("featlearn-")}
    package = {p for p in (ROOT / "featlearn").rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    gallery = {p.relative_to(CONFIGS) for p in CONFIGS.rglob("*") if p.is_file()}
    assert Path("quickstart.yaml") in gallery
    expected = {p.relative_to(ROOT).as_posix() for p in package}
    assert files == expected | {f"featlearn/gallery/{p.as_posix()}" for p in gallery}
