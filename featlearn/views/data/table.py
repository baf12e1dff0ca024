"""A table: columns of equal length, as a figure shows them and its CSV file holds them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

Table: TypeAlias = "dict[str, np.ndarray]"
