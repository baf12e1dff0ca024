"""What a caption says of a run's training: what is not the usual, in LaTeX."""

from typing import Any

import pytest

from featlearn.views.figures.training_caption import training_in_parts


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"data.kind": "population", "stages.a.method": "gd", "inputs.covariance": "identity"}, []),
        (
            {"data.kind": "online", "data.batch_size": 256, "data.noise_std": 0.05},
            ["a fresh batch of 256 samples at each step", r"label noise $\sigma$ = 0.05"],
        ),
        (
            {"data.kind": "online", "data.batch_size": 1, "data.noise_std": 0.0, "data.reuse": 1},
            ["a fresh batch of 1 sample at each step"],
        ),
        (
            {"data.kind": "online", "data.batch_size": 9, "data.noise_std": 0.0, "data.reuse": 4},
            ["a fresh batch of 9 samples every 4 steps"],
        ),
        (
            {"data.kind": "empirical", "data.samples": 500, "data.noise_std": 0.0, "data.batch_size": 50},
            ["one sample of $n$ = 500 inputs", "batches of 50"],
        ),
        (
            {"data.kind": "empirical", "data.path": "/some/own_data.csv", "data.test_fraction": 0.25},
            [r"data from own\_data.csv", "the share 0.25 of them kept for the test loss"],
        ),
        (
            {"data.kind": "empirical", "data.path": "a.csv", "data.test_path": "b%.csv"},
            ["data from a.csv", r"test data from b\%.csv"],
        ),
        (
            {
                "student.output_scale": 1000.0,
                "stages.a.method": "momentum",
                "stages.a.momentum": 0.5,
                "stages.b.method": "adam",
                "stages.c.method": "momentum",
                "stages.c.momentum": 0.5,
            },
            [
                r"output scale $\alpha$ = 1000",
                r"method momentum ($\mu$ = 0.5)",
                r"method adam ($\beta$$_1$, $\beta$$_2$ = 0.9, 0.999)",
            ],
        ),
        (
            {"student.scaling": "ntk", "inputs.covariance.power_law": 1.0},
            ["inputs with a covariance", r"factor $1/\surd m$ before the network"],
        ),
        ({"stages.a_b.loss": "correlation"}, [r"in a\_b $-2\,\mathrm{E}[f f^*]$ stands for $L$ in $L_\lambda$"]),
        (
            {"stages.a.weight_decay.first_layer": 0.1, "stages.a.weight_decay.second_layer": 0.2},
            ["in a each layer has a weight decay of its own"],
        ),
        ({"student.output_scale": "much", "data.kind": "online"}, None),  # a damaged file
    ],
)
def test_a_caption_says_what_is_not_the_usual(settings: dict[str, Any], told: list[str] | None) -> None:
    found = list(training_in_parts(settings))
    assert told is None or found == told
