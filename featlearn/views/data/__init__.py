"""What views show, read from directories as tables."""
