"""``python -m featlearn``."""

from __future__ import annotations

from featlearn.cli.app import main

main()
