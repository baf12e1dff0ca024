"""The search for the edge of a condition along an axis of a sweep."""
