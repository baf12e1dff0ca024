"""How long certified optima take: ``python -m tests.benchmarks.optima``.

Processor seconds of one thread, for the twenty teachers of the tests (ranks 2, 3 and 5) at five weight decays each.
"""

import time

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from featlearn.theory.activations import activation
from featlearn.theory.optimum import Optimum, certified_optimum
from tests.theory.test_optimum import DECAYS, TWENTY


def _timed(number: int, decay: float) -> tuple[float, Optimum]:
    teacher = TWENTY[number]
    began = time.process_time()
    found = certified_optimum(activation("relu", 2), teacher.second_layer, teacher.first_layer, decay)
    return time.process_time() - began, found


def main() -> None:
    table = Table("λ", "median s", "longest s", "widest bounds / J*", "largest |η| − 1", "most atoms")
    with threadpool_limits(1):
        for decay in DECAYS:
            seconds, found = zip(*(_timed(number, decay) for number in range(len(TWENTY))), strict=True)
            widest = max((o.upper - o.lower) / o.upper for o in found)
            highest, atoms = max(o.largest_certificate for o in found) - 1, max(len(o.masses) for o in found)
            numbers = f"{np.median(seconds):.3f}", f"{max(seconds):.2f}", f"{widest:.1e}", f"{highest:.0e}", str(atoms)
            table.add_row(f"{decay:g}", *numbers)
    Console().print(table)


if __name__ == "__main__":
    main()
