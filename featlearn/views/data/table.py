"""A table: columns of equal length, as a figure shows them and its CSV file holds them."""

from __future__ import annotations

import numpy as np

Table = dict[str, np.ndarray]
