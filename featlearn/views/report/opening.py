"""The first words of the page of a run, for those who have not read the paper."""

from __future__ import annotations

from collections.abc import Iterable

from featlearn.views.data.run import RunData


def opening(data: RunData) -> list[str]:
    """What is trained on what, what is drawn, and what weight decay does: a paragraph each."""
    decays = data.metrics["weight_decay"]
    return [_trained(data), *_drawn(data), *(_DECAYED if (decays > 0).any() else _NOT_DECAYED)]


def _trained(data: RunData) -> str:
    if not data.teachers:
        return (
            "A neural network with one hidden layer is trained on data that somebody measured or drew. The curves below "
            "show how its error goes down, on the data that it is trained on and on others that it never sees."
        )
    width, dimension = ("", "") if data.snapshots is None else map(str, data.snapshots.first_layer.shape[1:])
    many = f"of {width} neurons " if width else ""
    inputs = f" of {dimension} numbers" if dimension else ""
    target = (
        f"a polynomial of {data.teachers} directions"
        if data.polynomial is not None
        else f"a small network, the teacher, of {data.teachers} neuron{'' if data.teachers == 1 else 's'}"
    )
    seen = "on samples of what" if data.sampled else "to give for random inputs what"
    return (
        f"A network {many}with one hidden layer is trained {seen} {target} gives{'' if not data.sampled else ' for random inputs'}. "
        f"The inputs are vectors{inputs}, and which few directions among them matter is not told: to learn them is what is called "
        "feature learning."
    )


def _drawn(data: RunData) -> Iterable[str]:
    if data.neurons is None:
        return
    neurons = data.neurons
    lines = "directions of the polynomial" if data.polynomial is not None else "teacher’s neurons"
    if neurons.rank in (2, 3):
        yield (
            f"The coloured rays w*1, w*2 … are the {lines}. Each dot is one neuron of the trained network: where it lies is "
            "where its weights point, its size how much it contributes, its colour which ray is nearest. A dot on the rim has "
            "left all directions that do not matter; the run has learned the features when every dot is on a ray."
        )
    else:
        yield (
            "Each dot is one neuron of the trained network: further down it points closer to the nearest of the "
            f"{lines} w*1, w*2 …, which its colour says, and further right it contributes more. The run has learned the "
            "features when all dots that contribute are below the dotted line."
        )


_DECAYED = [
    "Weight decay of strength λ makes large weights costly. It shrinks what does not help, and one neuron in the right "
    "direction is cheaper than several beside it, so that dots gather on few directions; as long as λ is large it may "
    "even pay to do without one of the teacher’s, and as λ falls the cheapest network becomes the teacher itself."
]
_NOT_DECAYED = [
    "There is no weight decay here (λ = 0): nothing makes large weights costly, and nothing makes dots gather on the "
    "right directions once their sum gives the right outputs."
]
