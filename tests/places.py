"""Where the repository's own files lie."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"
TRUTH = ROOT / "tests" / "truth"
PAPER = ROOT / "featlearn" / "claims" / "papers" / "zhou_ge_2024"
