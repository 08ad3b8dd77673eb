"""A detector learns, and its checkpoint is enough to get it back."""

import math
import pickle
from types import SimpleNamespace

import pytest
import torch

from lightning_modules.detector import SPECIFICATIONS_KEY, Detector, DivergedError, to_score
from lightning_modules.enhancement import WienerFilter
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.losses import AmSoftmax, OcSoftmax, P2SGrad
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation
from lightning_modules.schedules import Constant

WAVEFORM = torch.randn(3, 16000, generator=torch.Generator().manual_seed(0)) * 0.1


def detectors() -> list[Detector]:
    torch.manual_seed(0)
    return [
        Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), crop_s=1.0),
        Detector(
            Waveform(),
            RawNet2(sinc_filters=4, sinc_taps=9, channels=(4, 4, 8, 8, 8, 8), gru_units=8, gru_layers=1, embedding=8),
            crop_s=1.0,
        ),
        Detector(
            LogMel(n_mels=32),
            SpectrogramCNN(channels=(4, 8)),
            Normalisation("sliding", window_frames=31),
            crop_s=1.0,
            enhancement=WienerFilter(memory=0.5),
        ),
    ]


def write(detector: Detector, path) -> None:
    checkpoint = {"state_dict": detector.state_dict()}
    detector.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_checkpoint_alone_gives_the_same_scores(index, tmp_path):
    detector = detectors()[index].eval()
    write(detector, tmp_path / "a.ckpt")
    again = Detector.from_file(tmp_path / "a.ckpt")
    assert again.specifications == detector.specifications
    with torch.no_grad():
        torch.testing.assert_close(again(WAVEFORM), detector(WAVEFORM), atol=0, rtol=0)


def test_a_checkpoint_from_before_there_was_enhancement_loads(tmp_path):
    detector = detectors()[0].eval()
    specifications = detector.specifications.to_dict()
    del specifications["enhancement"]
    torch.save({"state_dict": detector.state_dict(), SPECIFICATIONS_KEY: specifications}, tmp_path / "old.ckpt")
    with torch.no_grad():
        torch.testing.assert_close(Detector.from_file(tmp_path / "old.ckpt")(WAVEFORM), detector(WAVEFORM))


@pytest.mark.parametrize("loss", [AmSoftmax(scale=15.0), OcSoftmax(), P2SGrad()], ids=lambda loss: type(loss).__name__)
def test_the_classifier_that_a_loss_asks_for_is_in_the_checkpoint(loss, tmp_path):
    torch.manual_seed(0)
    for network in (detector.network for detector in detectors()[:2]):
        frontend = Waveform() if isinstance(network, RawNet2) else LogMel(n_mels=32)
        detector = Detector(frontend, network, crop_s=1.0, loss=loss).eval()
        write(detector, tmp_path / "angles.ckpt")
        again = Detector.from_file(tmp_path / "angles.ckpt")
        assert again.specifications == detector.specifications
        with torch.no_grad():
            torch.testing.assert_close(again(WAVEFORM), detector(WAVEFORM), atol=0, rtol=0)
            assert again(WAVEFORM).abs().max() <= 2 * getattr(loss, "scale", 1.0)


def test_a_checkpoint_from_before_losses_asked_for_classifiers_loads(tmp_path):
    detector = detectors()[0].eval()
    specifications = detector.specifications.to_dict()
    assert specifications.pop("classifier") is None
    torch.save({"state_dict": detector.state_dict(), SPECIFICATIONS_KEY: specifications}, tmp_path / "old.ckpt")
    with torch.no_grad():
        torch.testing.assert_close(Detector.from_file(tmp_path / "old.ckpt")(WAVEFORM), detector(WAVEFORM))


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam)])
def test_the_optimiser_that_was_asked_for(name, kind):
    detector = Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), optimiser=name, schedule=Constant())
    detector.trainer = SimpleNamespace(estimated_stepping_batches=10)
    assert type(detector.configure_optimizers()["optimizer"]) is kind


def test_the_waveform_is_enhanced_before_all_else():
    detector = detectors()[2].eval()
    enhanced = WienerFilter(memory=0.5)(WAVEFORM)
    torch.testing.assert_close(detector.extract(WAVEFORM), detector.frontend(enhanced))
    assert not torch.equal(detector.extract(WAVEFORM), detector.frontend(WAVEFORM))


def test_a_training_that_gives_no_numbers_has_diverged():
    detector = detectors()[0]
    with torch.no_grad():
        next(detector.network.parameters()).fill_(math.nan)
    batch = {"waveform": WAVEFORM, "label": torch.tensor([0, 1, 1])}
    with pytest.raises(DivergedError, match=r"NaN in epoch 0; lower model.learning_rate \(it is 0.001\)"):
        detector.validation_step(batch, 0)


def test_score_is_bona_fide_minus_spoof():
    assert to_score(torch.tensor([[1.0, 3.0], [2.0, -1.0]])).tolist() == [2.0, -3.0]


def test_waveform_and_cached_features_give_the_same_loss():
    detector = detectors()[0].eval()
    label = torch.tensor([0, 1, 0])
    features = detector.frontend(WAVEFORM)
    with torch.no_grad():
        from_waveform = detector.loss(detector.logits({"waveform": WAVEFORM}), label)
        from_features = detector.loss(detector.logits({"features": features}), label)
    torch.testing.assert_close(from_waveform, from_features)


@pytest.mark.parametrize("index", [0, 1, 2], ids=["log-mel", "waveform", "enhanced"])
@torch.no_grad()
def test_padded_examples_score_as_they_do_alone(index):
    detector = detectors()[index].eval()
    detector.shorter = "pad"
    lengths = torch.tensor([9001, 16_000, 5000])
    padded = WAVEFORM.clone()
    for waveform, length in zip(padded, lengths, strict=True):
        waveform[length:] = 0
    alone = torch.cat([detector(WAVEFORM[row : row + 1, :length]) for row, length in enumerate(lengths)])
    batch = {"waveform": padded, "length": lengths}
    torch.testing.assert_close(to_score(detector.logits(batch)), alone, atol=1e-5, rtol=1e-5)

    features, frames = detector.features(batch)
    cached = {"features": torch.nn.functional.pad(features, (0, 10), value=9.0), "length": frames}
    torch.testing.assert_close(to_score(detector.logits(cached)), alone, atol=1e-5, rtol=1e-5)

    detector.shorter = "repeat"  # then they are no padding, whatever `length` says
    assert torch.equal(detector.logits(batch), detector.logits({"waveform": padded}))
    assert not torch.allclose(to_score(detector.logits(batch))[[0, 2]], alone[[0, 2]], atol=1e-5)


def test_a_batch_without_a_shorter_example_is_as_it_was():
    detector = detectors()[0].eval()
    detector.shorter = "pad"
    batch = {"waveform": WAVEFORM, "length": torch.full((3,), 16_000)}
    features, frames = detector.features(batch)
    assert frames is None
    assert torch.equal(features, detector.extract(WAVEFORM))


def test_what_shorter_examples_are_travels_in_the_checkpoint(tmp_path):
    detector = Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), shorter="pad")
    write(detector, tmp_path / "padded.ckpt")
    assert Detector.from_file(tmp_path / "padded.ckpt").shorter == "pad"


def test_hostile_pickle_is_refused(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (print, ("run!",))

    torch.save({SPECIFICATIONS_KEY: Hostile()}, tmp_path / "bad.ckpt")
    with pytest.raises(ValueError, match=r"bad\.ckpt: damaged, or holds more") as refusal:
        Detector.from_file(tmp_path / "bad.ckpt")
    assert isinstance(refusal.value.__cause__, pickle.UnpicklingError)


def test_a_damaged_file_is_named(tmp_path):
    write(detectors()[0], tmp_path / "half.ckpt")
    content = (tmp_path / "half.ckpt").read_bytes()
    (tmp_path / "half.ckpt").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"half\.ckpt"):
        Detector.from_file(tmp_path / "half.ckpt")


def test_a_checkpoint_of_something_else_is_named(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(ValueError, match=r"other\.ckpt.*no spooflab checkpoint"):
        Detector.from_file(tmp_path / "other.ckpt")
    write(detectors()[0], tmp_path / "short.ckpt")
    values = torch.load(tmp_path / "short.ckpt")
    del values["state_dict"]["network.classifier.weight"]
    torch.save(values, tmp_path / "short.ckpt")
    with pytest.raises(ValueError, match=r"classifier\.weight"):
        Detector.from_file(tmp_path / "short.ckpt")
