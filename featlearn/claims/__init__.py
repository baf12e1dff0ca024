"""A claim: sweeps measured and judged."""
