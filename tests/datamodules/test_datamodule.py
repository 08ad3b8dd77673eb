"""Batches of the embedded corpus keep the contract between data and detector."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
import torch

from datamodules.audio import AudioError, decode
from datamodules.augmentation import AdditiveWhiteGaussianNoise, Compose, EnvironmentNoise, RandomGain
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.datamodule import DeepfakeDataModule
from datamodules.datasets import FeatureExtractor
from datamodules.manifest import LeakageError, Manifest, ManifestError, Trial
from datamodules.sampling import Draw

HOP, BINS = 160, 3
NOISE = AdditiveWhiteGaussianNoise(5.0, 10.0, probability=1.0)


def bands(waveform: torch.Tensor) -> torch.Tensor:
    """Log-energies of three thirds of each hop: a frontend without padding, like the real ones."""
    return waveform.unfold(-1, HOP, HOP).unflatten(-1, (-1, 40))[..., :3, :].square().mean(-1).add(1e-6).log().mT


@pytest.fixture
def corpus(tiny_corpus) -> Manifest:
    return asvspoof2019_la(str(tiny_corpus))


@pytest.fixture
def make(corpus, tmp_path):
    def made(extractor=True, **arguments) -> DeepfakeDataModule:
        module = DeepfakeDataModule(corpus, crop_s=1.0, batch_size=8, cache_dir=str(tmp_path), **arguments)
        module.extractor = FeatureExtractor(bands, {"name": "bands"}) if extractor else None
        return module

    return made


def test_feature_batch(make, corpus):
    batch = next(iter(make().val_dataloader()))
    assert batch["features"].shape == (8, BINS, 100)
    assert batch["features"].dtype == torch.float32
    assert batch["label"].dtype == batch["length"].dtype == torch.int64
    trials = corpus.partition("dev")[:8]
    assert batch["utterance"] == [trial.utterance for trial in trials]
    assert batch["attack"] == [trial.attack for trial in trials]
    assert batch["label"].tolist() == [trial.label for trial in trials]
    assert "waveform" not in batch


def test_cached_features_are_the_frontend_of_the_file(make, corpus):
    batch = next(iter(make().val_dataloader()))
    waveform = decode(corpus.partition("dev")[0].path, 16000)[:16000]
    expected = bands(torch.from_numpy(waveform)[None])[0]
    torch.testing.assert_close(batch["features"][0], expected, atol=0.02, rtol=1e-3)  # stored as float16


def test_waveform_batch_without_extractor(make, corpus):
    batch = next(iter(make(extractor=False).val_dataloader()))
    assert batch["waveform"].shape == (8, 16000)
    waveform = decode(corpus.partition("dev")[0].path, 16000)[:16000]
    np.testing.assert_allclose(batch["waveform"][0], waveform, atol=1 / 32767)
    assert "features" not in batch


def test_augmentation_is_drawn_anew_each_epoch_and_alike_for_a_seed(make):
    def epoch(module, number):
        loader = module.train_dataloader()
        loader.sampler.set_epoch(number)
        return torch.cat([batch["waveform"] for batch in loader])

    module = make(augmentation=AdditiveWhiteGaussianNoise(5.0, 10.0), seed=1)
    same = make(augmentation=AdditiveWhiteGaussianNoise(5.0, 10.0), seed=1)
    torch.testing.assert_close(epoch(module, 1), epoch(same, 1), atol=0, rtol=0)
    assert not torch.equal(epoch(module, 0), epoch(module, 1))


@pytest.fixture
def padding(corpus, tmp_path):
    """A module of which crops are longer than most utterances."""

    def made(extractor=True, **arguments) -> DeepfakeDataModule:
        folder = str(tmp_path)
        module = DeepfakeDataModule(corpus, crop_s=4.0, batch_size=8, cache_dir=folder, shorter="pad", **arguments)
        module.extractor = FeatureExtractor(bands, {"name": "bands"}) if extractor else None
        return module

    return made


def test_shorter_utterances_are_padded_with_zeros(padding, corpus):
    waveforms = next(iter(padding(extractor=False).val_dataloader()))
    features = next(iter(padding().val_dataloader()))
    assert waveforms["waveform"].shape == (8, 64_000)
    assert features["features"].shape == (8, BINS, 400)
    assert waveforms["length"].min() < 64_000
    for row, trial in enumerate(corpus.partition("dev")[:8]):
        waveform = torch.from_numpy(decode(trial.path, 16_000)[:64_000])
        length, frames = waveforms["length"][row], features["length"][row]
        assert length == len(waveform)
        torch.testing.assert_close(waveforms["waveform"][row, :length], waveform, atol=1 / 32767, rtol=0)
        assert not waveforms["waveform"][row, length:].any()
        expected = bands(waveform[None])[0]
        assert frames == expected.shape[-1]
        torch.testing.assert_close(features["features"][row, :, :frames], expected, atol=0.02, rtol=1e-3)
        assert not features["features"][row, :, frames:].any()


def test_what_is_augmented_is_the_utterance_not_its_padding(padding):
    rows = [Draw(row, (0, 0, row)) for row in range(8)]
    clean = padding(extractor=False)._dataset("train").__getitems__(rows)
    noisy = padding(augmentation=NOISE)._dataset("train").__getitems__(rows)
    assert clean["length"].min() < 64_000
    for row, length in enumerate(clean["length"]):
        alone = NOISE(clean["waveform"][row, :length].numpy(), np.random.default_rng(rows[row].seed))
        np.testing.assert_allclose(noisy["waveform"][row, :length], alone, atol=1e-6)
        assert not noisy["waveform"][row, length:].any()


def test_only_training_is_augmented(make):
    module = make(augmentation=AdditiveWhiteGaussianNoise(0.0, 0.0))
    assert "waveform" in next(iter(module.train_dataloader()))
    assert "features" in next(iter(module.val_dataloader()))


def test_workers_draw_what_the_main_process_draws(make):
    alone, shared = make(seed=3), make(seed=3, num_workers=2)
    for one, other in zip(alone.train_dataloader(), shared.train_dataloader(), strict=True):
        torch.testing.assert_close(one["features"], other["features"], atol=0, rtol=0)
        assert one["utterance"] == other["utterance"]


def test_a_leaking_corpus_is_refused(corpus, tmp_path):
    first = corpus.partition("train")[0]
    moved = Trial("MOVED", first.path, first.speaker, first.attack, first.key, "eval")
    module = DeepfakeDataModule(Manifest([*corpus.trials, moved]), cache_dir=str(tmp_path))
    with pytest.raises(LeakageError, match=first.speaker):
        module.prepare_data()


def test_cached_views_are_shared_by_all_seeds_and_drawn_anew(make, tmp_path):
    first, second = (make(cached_augmentation=NOISE, cached_views=3, seed=seed) for seed in (1, 2))
    first.fill("train")
    recipes = set(tmp_path.iterdir())
    assert second._dataset("train").store.missing == []
    assert set(tmp_path.iterdir()) == recipes
    chances = np.random.default_rng(0).random((30, 2)).tolist()
    rows = [Draw(0, (0, epoch, 0), crop, view) for epoch, (crop, view) in enumerate(chances)]
    batch = first._dataset("train").__getitems__(rows)
    assert batch["features"].shape == (30, BINS, 100)
    clean = make()._dataset("train").__getitems__(rows)["features"]
    assert not torch.isclose(batch["features"], clean).all(dim=(1, 2)).any()
    assert len({float(view.sum()) for view in batch["features"]}) > 3  # three views, and crops of them
    waves = make(extractor=False, cached_augmentation=NOISE, cached_views=3)._dataset("train")
    assert waves.__getitems__(rows)["waveform"].shape == (30, 16000)


def test_fresh_augmentation_comes_upon_cached_views(make):
    views = {"cached_augmentation": RandomGain(-20.0, -20.0, probability=1.0), "cached_views": 1}
    quiet, noisy = make(extractor=False, **views), make(augmentation=NOISE, **views)
    quiet.fill("train")
    rows = [Draw(0, (0, epoch, 0)) for epoch in range(3)]
    ours = noisy._dataset("train")
    assert ours.store.folder == quiet._dataset("train").store.folder  # no view is made twice
    view = quiet._dataset("train").__getitems__(rows)["waveform"]
    heard = ours.__getitems__(rows)["waveform"]
    assert len({float(waveform.std()) for waveform in heard}) == 3
    for row, waveform in enumerate(heard):
        expected = NOISE(view[row].numpy(), np.random.default_rng(rows[row].seed))
        np.testing.assert_allclose(waveform.numpy(), expected, atol=1e-6)


def test_lazy_caches_are_filled_by_reading(make, corpus):
    module = make(cache="lazy")
    module.prepare_data()
    store = module._dataset("dev").store
    assert len(store.missing) == len(corpus.partition("dev"))
    filled = make()
    filled.prepare_data()
    for one, other in zip(module.val_dataloader(), filled.val_dataloader(), strict=True):
        torch.testing.assert_close(one["features"], other["features"], atol=0, rtol=0)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_lazy_caches_keep_what_was_read(make, num_workers):
    module = make(cache="lazy", num_workers=num_workers)
    loader = module.val_dataloader()
    list(loader)
    del loader  # and with it the workers
    module.teardown("fit")
    assert make(cache="lazy")._dataset("dev").store.missing == []
    assert make(cache="lazy", extractor=False)._dataset("dev").store.missing == []


def test_a_corpus_without_a_side_is_refused(corpus, tmp_path):
    for trials, message in (
        (corpus.partition("eval"), "found no bonafide and no spoof trial of train"),
        ([trial for trial in corpus if trial.label or trial.partition != "dev"], "found no spoof trial of dev"),
    ):
        with pytest.raises(ManifestError, match=message):
            DeepfakeDataModule(Manifest(trials), cache_dir=str(tmp_path)).prepare_data()


def test_augmentations_of_another_rate_are_refused(make):
    with pytest.raises(ValueError, match=r"AdditiveWhiteGaussianNoise has sample_rate_hz=8000, and the data 16000"):
        make(augmentation=Compose([AdditiveWhiteGaussianNoise(sample_rate_hz=8000)]))


def test_damaged_noise_is_named_before_a_training_starts(make, tmp_path):
    (tmp_path / "CAFE").mkdir()
    (tmp_path / "CAFE" / "ch01.wav").write_bytes(b"RIFF but no more")
    module = make(augmentation=Compose([EnvironmentNoise(str(tmp_path))]))
    with pytest.raises(ValueError, match=r"CAFE/ch01\.wav: found what does not decode"):
        module.prepare_data()


def test_a_clip_without_a_frame_is_refused_by_name(corpus, tmp_path):
    blip = tmp_path / "blip.wav"
    sf.write(blip, np.ones(300), 16_000)
    trials = [replace(corpus[0], path=blip), *corpus.trials[1:]]
    with pytest.raises(AudioError, match=r"blip\.wav: found 19 ms of audio, expected at least 100 ms"):
        DeepfakeDataModule(Manifest(trials), cache_dir=str(tmp_path / "cache")).prepare_data()


def test_half_precision_hardly_changes_a_feature(make, corpus):
    half, single = (
        next(iter(make(feature_dtype=name).val_dataloader()))["features"] for name in ("float16", "float32")
    )
    assert 0 < (half - single).abs().max() < 0.004


def test_bad_audio_is_refused_by_name_or_left_out_and_counted(corpus, make, tmp_path):
    victim = corpus.partition("dev")[3]
    broken = tmp_path / "broken.flac"
    broken.write_bytes(b"no audio at all")
    rows = [replace(trial, path=broken) if trial is victim else trial for trial in corpus]
    arguments = {"crop_s": 1.0, "batch_size": 8, "cache_dir": str(tmp_path / "cache")}
    with pytest.raises(AudioError, match=r"broken\.flac"):
        DeepfakeDataModule(Manifest(rows), **arguments).prepare_data()
    module = DeepfakeDataModule(Manifest(rows), on_bad_audio="skip", **arguments)
    with pytest.warns(UserWarning, match=r"1 of \d+ files of dev cannot be used and are left out .*broken\.flac"):
        module.prepare_data()
    seen = [utterance for batch in module.val_dataloader() for utterance in batch["utterance"]]
    assert seen == [trial.utterance for trial in corpus.partition("dev") if trial is not victim]


def with_broken(corpus, tmp_path, victims):
    """The corpus, with files of the same content that is no audio in place of some trials'."""
    broken = {}
    for victim in victims:
        broken[victim.utterance] = tmp_path / f"{victim.utterance}.wav"
        broken[victim.utterance].write_bytes(b"no audio at all")
    return Manifest([replace(trial, path=broken.get(trial.utterance, trial.path)) for trial in corpus])


def test_bad_files_of_the_same_content_are_all_left_out(corpus, tmp_path):
    victims = [corpus.partition("dev")[row] for row in (1, 3, 4)]
    manifest = with_broken(corpus, tmp_path, victims)
    module = DeepfakeDataModule(manifest, crop_s=1.0, cache_dir=str(tmp_path / "cache"), on_bad_audio="skip")
    with pytest.warns(UserWarning, match=r"3 of \d+ files of dev cannot be used") as told:
        module.prepare_data()
    assert str(told[0].message).count("found 15 bytes") == 1
    seen = [utterance for batch in module.val_dataloader() for utterance in batch["utterance"]]
    assert seen == [trial.utterance for trial in corpus.partition("dev") if trial not in victims]


def test_a_side_that_is_bad_as_a_whole_is_told(corpus, tmp_path):
    manifest = with_broken(corpus, tmp_path, [trial for trial in corpus.partition("train") if trial.label])
    module = DeepfakeDataModule(manifest, cache_dir=str(tmp_path / "cache"), on_bad_audio="skip")
    with (
        pytest.warns(UserWarning, match="are left out"),
        pytest.raises(ManifestError, match="found no bonafide trial of train"),
    ):
        module.prepare_data()


@pytest.mark.parametrize("num_workers", [0, 2])
def test_bad_audio_that_is_met_when_it_is_read_is_told_in_one_line(corpus, tmp_path, num_workers):
    manifest = with_broken(corpus, tmp_path, corpus.partition("dev")[3:4])
    module = DeepfakeDataModule(manifest, cache_dir=str(tmp_path / "cache"), cache="lazy", num_workers=num_workers)
    module.prepare_data()
    loader = module.val_dataloader()
    with pytest.raises(AudioError) as told:
        list(loader)
    assert str(told.value).startswith(str(manifest.partition("dev")[3].path))
    assert "\n" not in str(told.value)
    if num_workers:
        loader._iterator._shutdown_workers()  # as Lightning does


def test_what_cannot_be_kept_at_the_end_is_a_warning(make, monkeypatch):
    module = make(cache="lazy")
    list(module.val_dataloader())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(UserWarning, match="is not kept: .*No space left on device"):
        module.teardown("fit")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"sample_rate_hz": 0}, "sample_rate_hz: found 0, expected 1000 to 768000"),
        ({"crop_s": -1.0}, r"crop_s: found -1\.0, expected 0\.1 to 3600\.0"),
        ({"crop_s": 0.0}, "crop_s"),
        ({"crop_s": 1e9}, "crop_s"),
        ({"crop_s": float("nan")}, "crop_s"),
        ({"seed": -1}, "seed: found -1"),
        ({"seed": 2**63}, "seed"),
        ({"batch_size": 0}, "batch_size: found 0, expected 1 or more"),
        ({"cached_augmentation": NOISE, "cached_views": 0}, "cached_views: found 0, expected 1 or more"),
        ({"num_workers": -1}, "num_workers: found -1, expected 0 or more"),
        ({"cache_jobs": 0}, "cache_jobs: found 0, expected 1 or more"),
        ({"cache_dir": ""}, "cache_dir: found '', expected a folder"),
        ({"cache": "lazy", "on_bad_audio": "skip"}, "too late to skip: set data.cache to `fill`"),
    ],
    ids=str,
)
def test_values_that_cannot_be_are_refused_at_once(corpus, arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        DeepfakeDataModule(corpus, **arguments)


def test_a_recipe_knows_the_augmentations_and_the_noise_by_its_content(tmp_path):
    for folder, seed in (("one", 0), ("same", 0), ("other", 1)):
        place = tmp_path / folder / "DKITCHEN"
        place.mkdir(parents=True)
        sf.write(place / "ch01.wav", np.random.default_rng(seed).uniform(-0.1, 0.1, 16000), 16000)
    one, same, other = (
        Compose([AdditiveWhiteGaussianNoise(), EnvironmentNoise(str(tmp_path / folder))]).recipe
        for folder in ("one", "same", "other")
    )
    assert json.dumps(one) == json.dumps(same) != json.dumps(other)
    assert Compose([AdditiveWhiteGaussianNoise(snr_min_db=11)]).recipe != Compose([AdditiveWhiteGaussianNoise()]).recipe
