"""``python -m featlearn``."""

from featlearn.cli.app import main

main()
