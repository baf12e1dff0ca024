"""Files on disk: replaced whole, locked, typed, and read with care. Nothing here knows what a run is."""
