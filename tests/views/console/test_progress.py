"""The line of progress shows each loss that a row has."""

from featlearn.training.columns import COLUMNS
from featlearn.views.console.progress import row_in_brief


def test_the_training_loss_is_shown_where_there_is_one() -> None:
    row = dict.fromkeys(COLUMNS) | {"loss": 0.25, "weight_decay": 0.1, "max_angle": 30.0}
    assert row_in_brief(row) == "loss 0.25  λ 0.1  max angle 30.00°"
    assert row_in_brief(row | {"train_loss": 0.5}) == "loss 0.25  train loss 0.5  λ 0.1  max angle 30.00°"
