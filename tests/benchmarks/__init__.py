"""Benchmarks: ratios of speeds measured side by side, never timed unit tests. ``python -m tests.benchmarks``."""
