"""Normalised features have zero mean and unit variance, over what the mode says."""

import pytest
import torch

from lightning_modules.normalisation import Normalisation


@pytest.fixture
def features():
    """``(4, 6, 50)`` with another level in every bin."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 6, 50, generator=generator) * torch.arange(1, 7)[:, None] - 11


def test_each_utterance_is_normalised_by_itself(features):
    normalised = Normalisation("utterance")(features)
    torch.testing.assert_close(normalised.mean(dim=-1), torch.zeros(4, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(normalised.std(dim=-1, correction=0), torch.ones(4, 6))


def test_a_constant_bin_stays_finite():
    assert torch.equal(Normalisation("utterance")(torch.full((1, 2, 9), 3.0)), torch.zeros(1, 2, 9))


@pytest.mark.parametrize("frames", [3, 10, 50])
def test_a_sliding_window_is_the_frames_around_each_frame(features, frames):
    drifting = features[..., :frames] + 1e3 + 10 * torch.arange(frames)
    found = Normalisation("sliding", window_frames=21)(drifting)
    for frame in range(frames):
        around = drifting[..., max(0, frame - 10) : frame + 11].double()
        expected = (drifting[..., frame] - around.mean(dim=-1)) / around.std(dim=-1, correction=0)
        torch.testing.assert_close(found[..., frame].double(), expected, atol=2e-4, rtol=0)
    with pytest.raises(ValueError, match="odd number"):
        Normalisation("sliding", window_frames=300)


@pytest.mark.parametrize("mode", ["utterance", "sliding"])
def test_constant_features_have_a_finite_gradient(mode):
    constant = torch.full((1, 2, 9), 3.0, requires_grad=True)
    Normalisation(mode)(constant).sum().backward()
    assert constant.grad.isfinite().all()


@pytest.mark.parametrize("mode", ["utterance", "sliding", "corpus", "none"])
@pytest.mark.parametrize("padding", [0.0, 1e4, float("nan")])
def test_padding_counts_for_nothing_and_becomes_zero(features, mode, padding):
    normalisation = Normalisation(mode, bins=6, window_frames=21)
    if mode == "corpus":
        normalisation.fit([features])
    lengths = torch.tensor([50, 7, 31, 1])
    padded = features.clone()
    for example, length in zip(padded, lengths, strict=True):
        example[:, length:] = padding
    found = normalisation(padded, lengths)
    for row, length in enumerate(lengths):
        alone = normalisation(features[row : row + 1, :, :length])[0]
        torch.testing.assert_close(found[row, :, :length], alone, atol=1e-5, rtol=1e-5)
        assert not found[row, :, length:].any()


def test_none_changes_nothing(features):
    assert Normalisation("none")(features) is features


def test_corpus_statistics_are_exact_whatever_the_batches(features):
    far = features.double() + 1e4  # sums of squares would lose the variance of the first bin
    whole = Normalisation("corpus", bins=6).fit([far])
    pieces = Normalisation("corpus", bins=6).fit([far[:1, :, :7], far[:1, :, 7:], far[1:], far[:0]])
    torch.testing.assert_close(whole.std, far.std(dim=(0, 2), correction=0).float())
    torch.testing.assert_close(pieces.mean, whole.mean)
    torch.testing.assert_close(pieces.std, whole.std)
    assert pieces.frames_seen == 200


def test_corpus_statistics_travel_in_the_state_dict(features, tmp_path):
    fitted = Normalisation("corpus", bins=6).fit([features])
    torch.save(fitted.state_dict(), tmp_path / "state.pt")
    loaded = Normalisation("corpus", bins=6)
    loaded.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(loaded(features), fitted(features))


def test_unfitted_is_an_error_not_a_no_op(features):
    with pytest.raises(RuntimeError, match="no statistics yet"):
        Normalisation("corpus", bins=6)(features)


def test_what_cannot_be_fitted_is_refused(features):
    module = Normalisation("corpus", bins=6)
    with pytest.raises(ValueError, match="no frame"):
        module.fit([])
    with pytest.raises(ValueError, match=r"expected \(batch, 6, frames\)"):
        module.fit([features[:, :5]])
    with pytest.raises(ValueError, match="NaN"):
        module.fit([features * torch.nan])
    with pytest.raises(ValueError, match="nothing to fit"):
        Normalisation("utterance").fit([features])
    with pytest.raises(ValueError, match="expected one of utterance, sliding"):
        Normalisation("speaker")
