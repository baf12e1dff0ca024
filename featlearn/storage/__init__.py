"""Files on disk: archives of arrays, digests. Nothing here knows what a run is."""
