"""The loss weighs the classes as it says."""

import pytest
import torch
from torch.nn import functional

from lightning_modules.losses import WeightedCrossEntropy

LOGITS = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.5, 0.0]])
LABELS = torch.tensor([0, 1, 1])


def test_mean_by_the_weights():
    each = functional.cross_entropy(LOGITS, LABELS, reduction="none")
    expected = (0.1 * each[0] + 0.9 * each[1] + 0.9 * each[2]) / 1.9
    torch.testing.assert_close(WeightedCrossEntropy()(LOGITS, LABELS), expected)


def test_only_the_ratio_of_the_weights_counts():
    torch.testing.assert_close(WeightedCrossEntropy(1, 9)(LOGITS, LABELS), WeightedCrossEntropy()(LOGITS, LABELS))


def test_weights_stay_out_of_the_checkpoint_and_must_be_positive():
    assert not WeightedCrossEntropy().state_dict()
    with pytest.raises(ValueError, match="expected both positive"):
        WeightedCrossEntropy(weight_spoof=0)
