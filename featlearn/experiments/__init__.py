"""Experiments: a configuration goes in, a run directory comes out."""
