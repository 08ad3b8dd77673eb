"""Cross-entropy weighs the classes as it says, and focal loss the hard trials as it was published."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck
from torch.nn import functional

from lightning_modules.losses import FocalLoss, WeightedCrossEntropy

LOGITS = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.5, 0.0]])
LABELS = torch.tensor([0, 1, 1])


def test_mean_by_the_weights():
    each = functional.cross_entropy(LOGITS, LABELS, reduction="none")
    expected = (0.1 * each[0] + 0.9 * each[1] + 0.9 * each[2]) / 1.9
    torch.testing.assert_close(WeightedCrossEntropy()(LOGITS, LABELS), expected)


def test_only_the_ratio_of_the_weights_counts():
    torch.testing.assert_close(WeightedCrossEntropy(1, 9)(LOGITS, LABELS), WeightedCrossEntropy()(LOGITS, LABELS))


def test_label_smoothing_by_the_definition():
    chances = np.exp(LOGITS.numpy()) / np.exp(LOGITS.numpy()).sum(axis=1, keepdims=True)
    targets = np.array([[0.95, 0.05], [0.05, 0.95], [0.05, 0.95]])
    loss = WeightedCrossEntropy(0.5, 0.5, label_smoothing=0.1)(LOGITS, LABELS)
    assert loss.item() == pytest.approx(-(targets * np.log(chances)).sum() / 3, rel=1e-6)
    assert loss.item() == pytest.approx(0.5130888942, rel=1e-6)


@pytest.mark.parametrize("kind", [WeightedCrossEntropy, FocalLoss])
def test_weights_stay_out_of_the_checkpoint_and_must_be_positive(kind):
    assert not kind().state_dict()
    with pytest.raises(ValueError, match="expected both positive"):
        kind(weight_spoof=0)


@pytest.mark.parametrize("kind", [WeightedCrossEntropy, FocalLoss])
def test_a_loss_says_whether_it_weighs_the_classes(kind):
    assert kind().weighs_classes
    assert not kind(weight_spoof=2.0, weight_bonafide=2.0).weighs_classes
    assert kind().classifier(16) is None


def test_focal_loss_is_golden():
    chances = np.exp(LOGITS.numpy()) / np.exp(LOGITS.numpy()).sum(axis=1, keepdims=True)
    right = chances[range(3), LABELS]
    expected = (-np.array([0.75, 0.25, 0.25]) * (1 - right) ** 2 * np.log(right)).mean()
    assert FocalLoss()(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-5)
    assert FocalLoss()(LOGITS, LABELS).item() == pytest.approx(0.0337900289, rel=1e-5)


def test_focal_loss_without_focus_is_cross_entropy():
    loss = FocalLoss(focus=0, weight_spoof=1, weight_bonafide=1)(LOGITS, LABELS)
    torch.testing.assert_close(loss, functional.cross_entropy(LOGITS, LABELS))


@pytest.mark.parametrize("loss", [WeightedCrossEntropy(label_smoothing=0.1), FocalLoss(), FocalLoss(focus=0.5)])
def test_gradients(loss):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda logits: loss.double()(logits, torch.tensor([0, 1, 1, 0, 0, 1])), logits)


def test_gradient_of_focal_loss_is_finite_where_the_network_is_certain():
    logits = torch.tensor([[200.0, -200.0], [200.0, -200.0]], requires_grad=True)
    FocalLoss(focus=0.5)(logits, torch.tensor([0, 1])).backward()
    assert logits.grad[0].abs().max() < 1e-6  # right
    assert logits.grad[1, 0] == pytest.approx(0.25 / 2, rel=1e-5)  # wrong: cross-entropy's, by weight and mean


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: FocalLoss(focus=-1), "found focus -1, expected 0 or more"),
        (lambda: WeightedCrossEntropy(label_smoothing=1.5), r"found label_smoothing 1\.5, expected 0 to 1"),
    ],
)
def test_values_that_cannot_be_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
