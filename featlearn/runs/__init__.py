"""A run: a configuration is carried out, and its directory says how it went."""
