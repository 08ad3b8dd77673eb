"""Statistics of padded examples are those of the examples, whatever the padding holds."""

import pytest
import torch

from lightning_modules.lengths import by_length, cleared, divided, divided_up, fewest, mean, trimmed, var_mean

LENGTHS = torch.tensor([7, 1, 12, 4])
VALUES = torch.randn(4, 3, 2, 12, generator=torch.Generator().manual_seed(0)) * 5 + 100


@pytest.fixture(params=[0.0, 1e30, float("nan"), float("inf")], ids=str)
def padded(request):
    """The values, with something else beyond each length."""
    values = VALUES.clone()
    for example, length in zip(values, LENGTHS, strict=True):
        example[..., length:] = request.param
    return values


def test_what_lies_beyond_becomes_zero(padded):
    for found, value, length in zip(cleared(padded, LENGTHS), VALUES, LENGTHS, strict=True):
        assert torch.equal(found[..., :length], value[..., :length])
        assert not found[..., length:].any()


def test_mean_and_variance_are_of_the_valid_frames(padded):
    variances, means = var_mean(padded, LENGTHS)
    assert torch.equal(means, mean(padded, LENGTHS))
    for row, length in enumerate(LENGTHS):
        alone = VALUES[row, ..., :length].double()
        torch.testing.assert_close(means[row].double(), alone.mean(dim=-1), atol=1e-5, rtol=1e-6)
        torch.testing.assert_close(variances[row].double(), alone.var(dim=-1, correction=0), atol=1e-3, rtol=1e-5)


def test_without_lengths_they_are_the_plain_operations():
    variance, average = torch.var_mean(VALUES, dim=-1, correction=0)
    assert cleared(VALUES, None) is VALUES
    assert torch.equal(mean(VALUES, None), VALUES.mean(dim=-1))
    torch.testing.assert_close(var_mean(VALUES, None), (variance, average))
    assert divided(None, 2) is divided_up(None, 2) is None
    assert trimmed(VALUES, None) == [VALUES]


def test_lengths_shrink_as_the_maps_do():
    for length in range(3, 20):
        frames, lengths = torch.zeros(1, 1, length), torch.tensor([length])
        assert divided(lengths, 3).item() == torch.nn.functional.max_pool1d(frames, 3).shape[-1]
        strided = torch.nn.functional.conv1d(frames, torch.ones(1, 1, 3), stride=2, padding=1)
        assert divided_up(lengths, 2).item() == strided.shape[-1]


def test_a_function_is_applied_to_examples_of_a_length_together():
    lengths, seen = torch.tensor([7, 4, 12, 4]), []

    def total(values):
        seen.append(tuple(values.shape))
        return values.sum(dim=-1)

    outcomes = by_length(total, VALUES, lengths)
    assert seen == [(2, 3, 2, 4), (1, 3, 2, 7), (1, 3, 2, 12)]
    for outcome, alone in zip(outcomes, trimmed(VALUES, lengths), strict=True):
        torch.testing.assert_close(outcome, alone[0].sum(dim=-1))


@pytest.mark.parametrize("lengths", [[0, 1, 2, 3], [1, 2, 3, 13], [5, 5, 5], [-1, 5, 5, 5]])
def test_lengths_that_cannot_be_are_refused(lengths):
    with pytest.raises(ValueError, match="expected 4 numbers from 1 to 12"):
        fewest(VALUES, torch.tensor(lengths))
    assert fewest(VALUES, LENGTHS) == 1
    assert fewest(VALUES, None) == 12
