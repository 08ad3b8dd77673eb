"""Losses on angles are those of their papers, pull embeddings the right way, and score without their margins."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from lightning_modules.losses import AmSoftmax, OcSoftmax, P2SGrad

LOSSES = [AmSoftmax(), OcSoftmax(), P2SGrad()]
LABELS = torch.tensor([0, 1, 1])
COSINES = np.array([[0.9, -0.2], [-0.3, 0.8], [0.4, 0.1]])  # with the prototypes of spoof and bona fide
ONE_CLASS = np.array([0.5, 0.95, 0.1])  # with the prototype of bona fide alone


def test_am_softmax_is_golden():
    terms = 20 * (COSINES - 0.9 * np.eye(2)[LABELS])
    right = np.exp(terms)[range(3), LABELS] / np.exp(terms).sum(axis=1)
    value = AmSoftmax()(20 * torch.from_numpy(COSINES), LABELS).item()
    assert value == pytest.approx(-np.log(right).mean(), rel=1e-9)
    assert value == pytest.approx(8.01209995195779, rel=1e-12)


def test_oc_softmax_is_golden():
    signs = np.array([-1, 1, 1])
    margins = np.array([0.2, 0.9, 0.9])
    scores = torch.from_numpy(20 * ONE_CLASS)
    value = OcSoftmax()(torch.stack((-scores / 2, scores / 2), dim=1), LABELS).item()
    assert value == pytest.approx(np.log1p(np.exp(20 * (margins - ONE_CLASS) * signs)).mean(), rel=1e-9)
    assert value == pytest.approx(7.438579161730374, rel=1e-12)


def test_p2sgrad_is_golden_and_so_is_its_gradient():
    cosines = torch.from_numpy(COSINES).requires_grad_()
    value = P2SGrad()(cosines, LABELS)
    assert value.item() == pytest.approx((0.05 + 0.13 + 0.97) / 3, rel=1e-12)
    value.backward()
    # What the method is named after: the gradient of a cosine is its distance from the target, nothing else.
    torch.testing.assert_close(cosines.grad, torch.from_numpy(2 / 3 * (COSINES - np.eye(2)[LABELS])))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_gradients_through_the_classifier(loss):
    torch.manual_seed(0)
    classifier = loss.classifier(5).double()
    embedded = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 1, 0, 0, 1])
    (prototypes,) = classifier.parameters()

    def of(embedded, prototypes):
        logits = torch.func.functional_call(
            classifier, {next(iter(dict(classifier.named_parameters()))): prototypes}, embedded
        )
        return loss(logits, labels)

    assert gradcheck(of, (embedded, prototypes))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_descent_tells_the_classes_apart(loss):
    torch.manual_seed(1)
    classifier = loss.classifier(8)
    labels = torch.tensor([0, 1] * 8)
    embedded = torch.nn.Parameter(torch.randn(16, 8))
    optimiser = torch.optim.Adam([embedded, *classifier.parameters()], lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        loss(classifier(embedded), labels).backward()
        optimiser.step()
    logits = classifier(embedded)
    scores = logits[:, 1] - logits[:, 0]
    assert scores[labels == 1].min() > scores[labels == 0].max()
    assert not loss.weighs_classes


def test_a_margin_raises_the_loss_and_no_score():
    logits = 20 * torch.from_numpy(COSINES)
    losses = [AmSoftmax(margin=margin)(logits, LABELS) for margin in (0.0, 0.35, 0.9)]
    assert losses[0] < losses[1] < losses[2]
    torch.testing.assert_close(losses[0], torch.nn.functional.cross_entropy(logits, LABELS))


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: AmSoftmax(margin=-0.1), r"found margin -0\.1, expected 0 or more"),
        (lambda: OcSoftmax(margin_bonafide=0.1, margin_spoof=0.5), "that of bona fide the greater"),
        (lambda: OcSoftmax(scale=0).classifier(4), "found scale 0, expected a positive one"),
    ],
)
def test_values_that_cannot_be_are_refused(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
