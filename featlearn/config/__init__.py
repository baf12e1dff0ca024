"""Configurations: YAML with positions, complaints, the model, and what is built from it."""
