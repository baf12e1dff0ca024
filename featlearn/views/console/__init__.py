"""The console: live progress and tables."""
