"""The first words of the page of a run, for those who have not read the paper."""

from __future__ import annotations

from collections.abc import Iterable

from featlearn.views.data.run import RunData
from featlearn.views.words.numbers import number, steps_in_words

_DECAYED = (
    "Weight decay of strength λ makes large weights costly. It shrinks what does not help, and one neuron in the right "
    "direction is cheaper than several beside it, so that dots gather on few directions. While λ is large, it may even "
    "pay to do without one of the teacher’s; as λ falls, the cheapest network becomes the teacher itself."
)
_NOT_DECAYED = (
    "There is no weight decay here (λ = 0): nothing makes large weights costly, and nothing makes dots gather on the "
    "right directions once their sum gives the right outputs."
)
_OWN_DATA = (
    "A neural network with one hidden layer is trained on data that somebody measured or drew. The curves below show "
    "how its error goes down, on the data that it is trained on and, where there are some, on others that it never "
    "sees."
)


def opening(data: RunData) -> list[str]:
    """What is trained on what, what is drawn, and what weight decay does: a paragraph each."""
    if not data.teachers:
        return [_OWN_DATA]
    decays = bool((data.metrics["weight_decay"] > 0).any())
    told = " ".join([_DECAYED, *_lowered(data), *_without(data)]) if decays else _NOT_DECAYED
    return [_trained(data), *_drawn(data), told]


def _lowered(data: RunData) -> Iterable[str]:
    """By which plan λ falls in stages, where it does so in epochs."""
    for stage in data.stages:
        start, factor, every = (
            data.settings.get(f"stages.{stage.name}.weight_decay.{key}") for key in ("start", "factor", "every")
        )
        if isinstance(start, int | float) and isinstance(factor, int | float) and isinstance(every, int):
            how = "halved" if factor == 0.5 else f"multiplied by {number(factor, 3)}"
            yield f"In stage {stage.name} λ is {how} every {steps_in_words(every)} by plan, from {number(start, 3)} on."


def _without(data: RunData) -> Iterable[str]:
    """What the last stage would be without weight decay, and how to see it."""
    if data.polynomial is not None or data.sampled or not data.metrics["weight_decay"][-1] > 0:
        return
    config, stage = data.run.config_file.name, data.stages[-1].name
    yield (
        "Without it in the last stage, such a network typically fits as well, but some tenth of its mass stays off the "
        f"teacher lines. To see that: featlearn train --config {config} --set stages.{stage}.weight_decay=0, with the "
        f"configuration below as {config}, and featlearn report with both runs."
    )


def _trained(data: RunData) -> str:
    width, dimension = ("", "") if data.snapshots is None else map(str, data.snapshots.first_layer.shape[1:])
    network = f"A network of {width} neurons" if width else "A network"
    inputs = f"vectors of {dimension} numbers" if dimension else "vectors"
    if data.polynomial is not None:
        target = f"a polynomial of {data.teachers} directions"
    else:
        target = f"a small network, the teacher, of {data.teachers} neuron{'' if data.teachers == 1 else 's'}"
    what = (
        "on samples of what {} gives for random inputs" if data.sampled else "to give for random inputs what {} gives"
    )
    return (
        f"{network} with one hidden layer is trained {what.format(target)}. The inputs are {inputs}, and which few "
        "directions among them matter is not told: to learn them is what is called feature learning."
    )


def _drawn(data: RunData) -> Iterable[str]:
    if data.neurons is None:
        return
    lines = "polynomial" if data.polynomial is not None else "teacher’s neurons"
    if data.neurons.rank in (2, 3):
        yield (
            f"The coloured rays w*1, w*2 … are the directions of the {lines}, called teacher lines. Each dot is one "
            "neuron of the trained network: where it lies is where its weights point, its size how much it "
            "contributes, its colour which line is nearest. A dot on the rim has left all directions that do not "
            "matter; the run has learned the features when every dot is on a line."
        )
    else:
        yield (
            "Each dot is one neuron of the trained network: further down it points closer to the nearest of the "
            f"directions w*1, w*2 … of the {lines}, called teacher lines, which its colour says, and further right it "
            "contributes more. The run has learned the features when all dots that contribute are below the dotted "
            "line."
        )
