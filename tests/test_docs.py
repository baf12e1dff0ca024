"""The documentation says what the program does: generated tables are fresh, links lead somewhere, examples are read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.testing.compare import compare_images

from docs import papers
from featlearn.claims.directory import ReproductionDirectory
from featlearn.claims.load import load_paper, paper_names
from featlearn.config.load import load_config
from featlearn.config.yaml_source import parse_document
from featlearn.sweeps.load import load_sweep
from featlearn.views.figures.saving import save
from featlearn.views.figures.style import SIZES
from featlearn.views.report.claims_files import FORMATS, drawing_of
from tests.places import ROOT

GENERATED = ["docs/reference.md", "docs/glossary.md", "docs/reproduction.md"]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(papers.GALLERY.rglob("*.md"))]
RECORDED = [name for name in paper_names() if (papers.folder_of(name) / "claims.json").is_file()]


@pytest.mark.slow
@pytest.mark.parametrize("page", GENERATED)
def test_the_generated_parts_of_the_documentation_are_fresh(page: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", page], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"run: cog -r {page}\n" + done.stdout


@pytest.mark.parametrize("paper", RECORDED)
def test_the_figures_of_the_claims_are_those_of_their_record(paper: str, tmp_path: Path) -> None:
    stored = papers.folder_of(paper)
    drawn = set()
    for record in ReproductionDirectory(stored).read_info().claims:
        if (drawing := drawing_of(record, SIZES["column"])) is not None:
            _, file, *_ = save(drawing, tmp_path, FORMATS, SIZES["column"])
            assert compare_images(str(stored / file.name), str(file), tol=8) is None, "copy the figures again"
            drawn.add(file.name)
    assert {file.name for file in stored.glob("*.png")} == drawn


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


def test_the_sections_that_docstrings_cite_exist() -> None:
    sections = set(re.findall(r"^## (\d+)\.", (ROOT / "docs" / "theory.md").read_text(), re.MULTILINE))
    cited = {n for p in (ROOT / "featlearn").rglob("*.py") for n in re.findall(r"theory\.md §(\d+)", p.read_text())}
    assert cited
    assert cited <= sections


def test_the_overrides_in_the_reference_are_accepted() -> None:
    lines = re.findall(
        r"^featlearn train --config (configs/\S+) (--set .*)$",
        (ROOT / "docs" / "reference.md").read_text(),
        re.MULTILINE,
    )
    assert len(lines) >= 2
    for config, options in lines:
        load_config(ROOT / config, [o.strip('" ') for o in re.split(r"--set ", options) if o.strip()])


@pytest.mark.parametrize("page", [ROOT / "docs" / "sweeps.md"], ids=lambda p: p.name)
def test_the_sweep_files_in_the_documentation_are_read(page: Path, tmp_path: Path) -> None:
    blocks = [b for b in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL) if "\nbase:" in f"\n{b}"]
    assert blocks
    for block in blocks:
        (tmp_path / "sweep.yaml").write_text(block.replace("../quickstart.yaml", str(ROOT / "configs/quickstart.yaml")))
        assert len(load_sweep(tmp_path / "sweep.yaml")) >= 75


@pytest.mark.slow
def test_the_figure_in_the_readme_is_what_its_commands_make(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    commands = re.search(r"`featlearn (train [^`]*)` \*and\* `featlearn (plot [^`]*) --out docs/figures`", text)
    assert commands is not None
    for command in (commands[1], f"{commands[2]} --out {tmp_path}"):
        done = [sys.executable, "-m", "featlearn", *command.split(), "--runs-dir", str(tmp_path / "runs")]
        subprocess.run(done, cwd=ROOT, check=True, capture_output=True, timeout=120)
    stored = ROOT / "docs" / "figures" / "neurons.png"
    assert compare_images(str(stored), str(tmp_path / "neurons.png"), tol=8) is None


def test_the_pages_of_the_gallery_are_fresh() -> None:
    written = papers.pages()
    for path, text in written.items():
        assert path.read_text() == text, "run: python -m docs.papers"
    assert {path.parent.name for path in written} == {
        "gallery",
        *(p.name for p in papers.GALLERY.iterdir() if p.is_dir()),
    }


@pytest.mark.parametrize("paper", RECORDED)
def test_the_record_of_a_reproduction_is_whole(paper: str) -> None:
    record = ReproductionDirectory(papers.folder_of(paper)).read_info()
    assert record.paper == paper
    assert [claim.id for claim in record.claims] == list(load_paper(paper).claims)
    assert record.status == "done"
    assert not record.quick
    assert not record.git.dirty


def test_the_changelog_and_the_citation_name_the_version() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
    assert parse_document((ROOT / "CITATION.cff").read_text(), "CITATION.cff").data["version"] == version[1]
