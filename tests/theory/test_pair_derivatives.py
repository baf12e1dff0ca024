"""What second derivatives of pair kernels are made of; their values are held to fifty digits in test_hessian.py."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.pair_derivatives import is_known, vectors_of


def test_what_is_not_known_is_refused() -> None:
    unknown = replace(activation("erf", 0), second_derivatives=None)
    assert not is_known(unknown)
    with pytest.raises(ValueError, match="the second derivatives of the kernel of erf are not known"):
        vectors_of(unknown, np.eye(2), np.eye(2))
