"""``python -m featlearn``."""

from featlearn.cli import main

main()
