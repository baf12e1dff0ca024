"""Many steps of one shape on a CUDA device: recorded once as a graph, then replayed without Python between them.

A step of the torch backend is some forty small operations, each of which Python starts; a graph starts all at once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

Tensors = dict[str, torch.Tensor]
# (tensors, λ and η (B, 2) of the step for each of ``LAYERS``, its number from 1) → the tensors after it, none of them
# changed in place
Step = Callable[[Tensors, torch.Tensor, torch.Tensor, "int | torch.Tensor"], Tensors]

PAYS_FROM = 32  # Recording takes as long as some steps.
_WARM_UP = 3  # steps that PyTorch wants before a recording


def steps_taken(
    step: Step, tensors: Tensors, decay: torch.Tensor, size: torch.Tensor, done: int, *, one_by_one: bool = False
) -> Tensors:
    """The tensors after a step for each column of ``decay`` and ``size``, (B, steps, 2); ``done`` steps were before.

    On the CPU, where they are few, and where what they do depends on what is computed, they are taken ``one_by_one``.
    """
    count = decay.shape[1]
    if decay.is_cuda and count >= PAYS_FROM and not one_by_one:
        return _replayed(step, tensors, decay, size, done)
    for i in range(count):
        tensors = step(tensors, decay[:, i], size[:, i], done + i + 1)
    return tensors


def _replayed(step: Step, tensors: Tensors, decay: torch.Tensor, size: torch.Tensor, done: int) -> Tensors:
    first = step(tensors, decay[:, 0], size[:, 0], done + 1)  # after it there is all that a method remembers
    kept = {name: values.clone() for name, values in first.items()}
    column = torch.ones(1, dtype=torch.long, device=decay.device)
    number = torch.full((), float(done + 2), dtype=decay.dtype, device=decay.device)

    def once() -> Tensors:
        return step(kept, decay.index_select(1, column)[:, 0], size.index_select(1, column)[:, 0], number)

    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(_WARM_UP):
            once()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for name, values in once().items():
            kept[name].copy_(values)
        column += 1
        number += 1
    for _ in range(1, decay.shape[1]):
        graph.replay()
    torch.cuda.synchronize()
    return kept
