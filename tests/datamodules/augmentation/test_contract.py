"""Every augmentation repeats with its generator, keeps length, type and input, and minds no global state."""

import json
import random

import audiomentations
import numpy as np
import pytest
import soundfile

from datamodules.augmentation import (
    AdditiveWhiteGaussianNoise,
    Audiomentation,
    CodecPass,
    Compose,
    ConvolutiveNoise,
    EnvironmentNoise,
    FolderNoise,
    ImpulsiveNoise,
    OneOf,
    Parallel,
    RandomGain,
    RandomSpeed,
    SimulatedReverberation,
    TelephoneBand,
    rawboost,
)
from datamodules.corpora.asvspoof2019 import asvspoof2019_la

MAKERS = {
    "white": lambda noise: AdditiveWhiteGaussianNoise(probability=1.0),
    "environment": lambda noise: EnvironmentNoise(noise, probability=1.0),
    "folder": lambda noise: FolderNoise(noise, probability=1.0, min_recordings=1, max_recordings=3),
    "gain": lambda noise: RandomGain(probability=1.0),
    "speed": lambda noise: RandomSpeed(probability=1.0),
    **{f"rawboost {number}": lambda noise, number=number: rawboost(number, probability=1.0) for number in range(1, 9)},
    "codec": lambda noise: CodecPass(probability=1.0),
    "telephone": lambda noise: TelephoneBand(probability=1.0),
    "reverberation": lambda noise: SimulatedReverberation(probability=1.0),
    "compose": lambda noise: Compose([RandomGain(), rawboost(3, 1.0), EnvironmentNoise(noise, probability=0.9)]),
    "one of": lambda noise: OneOf([RandomGain(probability=1.0), rawboost(2, 1.0)]),
    "parallel": lambda noise: Parallel([RandomGain(probability=1.0), rawboost(3, 1.0)]),
    "audiomentations": lambda noise: Audiomentation(audiomentations.PitchShift(p=1.0)),
    "audiomentations clipping": lambda noise: Audiomentation(audiomentations.ClippingDistortion(20, 40, p=1.0)),
}


@pytest.fixture(scope="module")
def speech(tiny_corpus):
    waveform, _ = soundfile.read(asvspoof2019_la(str(tiny_corpus))[0].path, dtype="float32")
    return waveform[:32_000]


@pytest.fixture(scope="module")
def noise_root(tmp_path_factory):
    """Two environments of three seconds."""
    root = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(0)
    for name in ("STREET", "KITCHEN"):
        (root / name).mkdir()
        soundfile.write(root / name / "ch01.wav", rng.normal(0, 0.1, 48_000), 16_000, subtype="FLOAT")
    return str(root)


@pytest.fixture(params=MAKERS)
def augmentation(request, noise_root):
    return MAKERS[request.param](noise_root)


def test_the_generator_alone_decides(augmentation, speech):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global state that must not matter
    first = augmentation(speech, np.random.default_rng(5))
    np.random.seed(2)  # noqa: NPY002
    again = augmentation(speech, np.random.default_rng(5))
    other = augmentation(speech, np.random.default_rng(6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_global_generators_are_left_as_they_were(augmentation, speech):
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    augmentation(speech, np.random.default_rng(5))
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_the_same_parameters_give_the_same(augmentation, speech):
    parameters = augmentation.draw(np.random.default_rng(5), len(speech))
    np.testing.assert_array_equal(augmentation.apply(speech, parameters), augmentation.apply(speech, parameters))


def test_shape_type_and_the_input_are_kept(augmentation, speech):
    before = speech.copy()
    altered = augmentation(speech, np.random.default_rng(0))
    assert (altered.shape, altered.dtype) == (speech.shape, np.float32)
    assert np.isfinite(altered).all()
    assert np.abs(altered).max() <= 1.0
    np.testing.assert_array_equal(speech, before)
    assert not np.array_equal(altered, speech)


@pytest.mark.parametrize("samples", [1600, 24_001])
def test_silence_and_odd_lengths_give_finite_samples(augmentation, samples):
    altered = augmentation(np.zeros(samples, np.float32), np.random.default_rng(0))
    assert altered.shape == (samples,)
    assert np.isfinite(altered).all()


def test_its_recipe_is_plain(augmentation):
    assert json.loads(json.dumps(augmentation.recipe)) == augmentation.recipe
    assert augmentation.recipe["class_path"].startswith("datamodules.augmentation")


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: OneOf([]), "found no augmentations in OneOf"),
        (lambda: RandomGain(0.0, float("inf")), "expected numbers"),
        (lambda: AdditiveWhiteGaussianNoise(float("nan"), 3.0), "expected numbers"),
        (lambda: ImpulsiveNoise(max_share_percent=300), "expected 0 to 100"),
        (lambda: ConvolutiveNoise(harmonics=0), "expected 1 or more"),
    ],
)
def test_values_that_cannot_be_are_refused_at_once(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
