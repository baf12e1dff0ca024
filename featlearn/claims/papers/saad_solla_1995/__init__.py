"""Claims of Saad & Solla 1995, on the plateau of the soft committee machine and its order parameters."""
