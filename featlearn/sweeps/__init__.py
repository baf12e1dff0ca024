"""A sweep: many runs, each of which ends on its own."""
