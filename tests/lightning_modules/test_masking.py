"""Bands are struck out where the draw says, by the mean, and follow from an example's seed alone."""

import numpy as np
import pytest
import torch

from lightning_modules.masking import Masks, SpecAugment, strike_out

FEATURES = torch.from_numpy(np.random.default_rng(0).normal(3, 1, (4, 80, 400)).astype(np.float32))
DRAWS = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 1, 0], [7, 0, 0]])


def test_what_is_struck_out_becomes_the_mean_of_its_bin():
    masked = strike_out(FEATURES[:1], [Masks(times=((10, 5),), bands=((70, 10),))])[0]
    mean = FEATURES[0].mean(dim=1, keepdim=True)
    torch.testing.assert_close(masked[:, 10:15], mean.expand(-1, 5))
    torch.testing.assert_close(masked[70:], mean[70:].expand(-1, 400))
    assert torch.equal(masked[:70, :10], FEATURES[0, :70, :10])
    assert torch.equal(masked[:70, 15:], FEATURES[0, :70, 15:])


def test_an_example_is_masked_by_its_seed_alone():
    augment = SpecAugment()
    whole = augment(FEATURES, DRAWS)
    for row in range(4):
        assert torch.equal(augment(FEATURES[row : row + 1], DRAWS[row : row + 1])[0], whole[row])
    drawn = {augment.draw(np.random.default_rng(draw), 80, 400) for draw in DRAWS.tolist()}
    assert len(drawn) == 4


def test_a_padded_example_is_masked_as_if_alone():
    augment, lengths = SpecAugment(), torch.tensor([400, 300, 57, 123])
    padded = FEATURES.clone()
    for example, length in zip(padded, lengths, strict=True):
        example[:, length:] = 0
    masked = augment(padded, DRAWS, lengths)
    for row, length in enumerate(lengths):
        alone = augment(FEATURES[row : row + 1, :, :length], DRAWS[row : row + 1])[0]
        torch.testing.assert_close(masked[row, :, :length], alone)


def test_masks_stay_within_their_shares():
    augment = SpecAugment(3, 0.05, 1, 0.2, probability=0.5)
    rng = np.random.default_rng(0)
    draws = [augment.draw(rng, 80, 400) for _ in range(2000)]
    assert sum(bool(draw.times) for draw in draws) / 2000 == pytest.approx(0.5, abs=0.04)
    drawn = [draw for draw in draws if draw.times]
    assert all(len(draw.times) == 3 and len(draw.bands) == 1 for draw in drawn)
    assert {width for draw in drawn for _, width in draw.times} == set(range(21))
    assert {width for draw in drawn for _, width in draw.bands} == set(range(17))
    assert max(start + width for draw in drawn for start, width in draw.times) == 400


def test_gradients_pass_what_is_left():
    features = FEATURES.clone().requires_grad_()
    strike_out(features, [Masks(((0, 400),), ())] * 4).sum().backward()
    torch.testing.assert_close(features.grad, torch.ones_like(FEATURES))


@pytest.mark.parametrize(
    "arguments",
    [{"time_masks": -1}, {"probability": 2}, {"time_mask_max_share": 1.5}, {"frequency_mask_max_share": -1}],
)
def test_nonsense_is_refused(arguments):
    with pytest.raises(ValueError, match="expected 0"):
        SpecAugment(**arguments)
