"""Logits are cosines, whatever the length of embedding and prototype."""

import numpy as np
import pytest
import torch

from lightning_modules.classifiers import Classifier, CosineClassifier, OneClassClassifier
from lightning_modules.specifications import build, describe

EMBEDDED = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))


def cosines(embedded, prototypes):
    lengths = np.linalg.norm(embedded, axis=1)[:, None] * np.linalg.norm(prototypes, axis=1)
    return embedded @ prototypes.T / lengths


def test_two_prototypes():
    classifier = CosineClassifier(6, scale=20.0)
    expected = 20 * cosines(EMBEDDED.numpy(), classifier.prototypes.detach().numpy())
    np.testing.assert_allclose(classifier(EMBEDDED).detach(), expected, rtol=1e-5, atol=1e-5)


def test_one_prototype():
    classifier = OneClassClassifier(6, scale=20.0)
    logits = classifier(EMBEDDED).detach()
    expected = 20 * cosines(EMBEDDED.numpy(), classifier.prototype.detach().numpy())[:, 0]
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [CosineClassifier, OneClassClassifier])
def test_only_angles_count(kind):
    classifier = kind(6)
    torch.testing.assert_close(classifier(1000 * EMBEDDED), classifier(EMBEDDED))
    assert torch.isfinite(classifier(torch.zeros(2, 6))).all()  # an embedding behind a ReLU may be nothing


@pytest.mark.parametrize("kind", [CosineClassifier, OneClassClassifier])
def test_a_classifier_is_described_and_built_again(kind):
    again = build(describe(kind(6, scale=3.0)), Classifier)
    assert (type(again), again.embedding, again.scale) == (kind, 6, 3.0)
