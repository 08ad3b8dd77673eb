"""The self-supervised frontend gives the numbers of transformers' own models, from a folder or from a checkpoint."""

import json
import shutil
import sys

import pytest
import torch

pytest.importorskip("transformers")
import transformers
from safetensors.torch import load_file, save_file

from lightning_modules.detector import Detector
from lightning_modules.frontends.self_supervised import SelfSupervised, _make
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.specifications import build, describe
from tests.self_supervised_models import KINDS, LAYERS, write_model

WAVEFORM = 0.1 * torch.randn(2, 8000, generator=torch.Generator().manual_seed(0)) + 0.02
PUBLISHED = {  # of `facebook/wav2vec2-base` and `facebook/wav2vec2-xls-r-300m`
    "base": ({}, 94_371_712),
    "large": (
        {
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
            "feat_extract_norm": "layer",
            "do_stable_layer_norm": True,
            "conv_bias": True,
        },
        315_438_720,
    ),
}


def reference(folder, waveform=WAVEFORM):
    """Hidden states of transformers' own model on its own feature extractor's input, by layer."""
    extractor = transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    inputs = extractor(list(waveform.numpy()), sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        output = model(inputs, output_hidden_states=True)
    return [state.transpose(1, 2) for state in (*output.hidden_states[:-1], output.last_hidden_state)]


@pytest.mark.parametrize("stable", [False, True], ids=["post-norm", "pre-norm"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_that_of_transformers(kind, stable, tmp_path):
    folder = write_model(tmp_path / kind, kind, stable=stable, normalise=stable)
    expected = reference(folder)
    assert len(expected) == LAYERS + 1
    for layer, state in enumerate(expected):
        frontend = SelfSupervised(str(folder), layer=layer)
        features = frontend(WAVEFORM)
        torch.testing.assert_close(features, state, atol=1e-5, rtol=1e-5)
        assert features.shape == (2, frontend.bins, 1 + (8000 - frontend.shortest_input_samples) // 320)
    weighted = SelfSupervised(str(folder))
    torch.testing.assert_close(weighted(WAVEFORM), torch.stack(expected).mean(0), atol=1e-5, rtol=1e-5)
    weighted.weights.data[1] = 50.0
    torch.testing.assert_close(weighted(WAVEFORM), expected[1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", PUBLISHED)
def test_the_published_sizes(size):
    overrides, parameters = PUBLISHED[size]
    with torch.device("meta"):
        model = _make({"model_type": "wav2vec2", **overrides})
    masks = model.config.hidden_size  # an embedding that only masking needs
    assert sum(p.numel() for p in model.parameters()) + masks == parameters


def test_frozen_learns_nothing_and_draws_nothing(tmp_path):
    frontend = SelfSupervised(str(write_model(tmp_path / "m")), layer=2).train()
    assert frontend.cacheable
    assert not any(parameter.requires_grad for parameter in frontend.parameters())
    features = frontend(WAVEFORM)
    assert not features.requires_grad
    torch.testing.assert_close(frontend(WAVEFORM), features, atol=0, rtol=0)


def test_only_the_weights_of_the_layers_are_learnt_with_a_frozen_model(tmp_path):
    frontend = SelfSupervised(str(write_model(tmp_path / "m"))).train()
    assert not frontend.cacheable
    assert [name for name, parameter in frontend.named_parameters() if parameter.requires_grad] == ["weights"]
    frontend(WAVEFORM).square().sum().backward()
    assert frontend.weights.grad.abs().min() > 0


@pytest.mark.parametrize("layer", [0, 2, "weighted"])
@pytest.mark.parametrize("kind", KINDS)
def test_fine_tuning_reaches_every_parameter(kind, layer, tmp_path):
    frontend = SelfSupervised(str(write_model(tmp_path / "m", kind)), frozen=False, layer=layer).train()
    assert not frontend.cacheable
    frontend(WAVEFORM).sin().sum().backward()
    assert [name for name, parameter in frontend.named_parameters() if parameter.grad is None] == []


def test_the_key_of_a_cache_follows_the_weights_and_not_the_folder(tmp_path):
    first = write_model(tmp_path / "first")
    shutil.copytree(first, tmp_path / "copy")
    weights = load_file(first / "model.safetensors")
    shutil.copytree(first, tmp_path / "other")
    weights["encoder.layer_norm.bias"] += 1e-3
    save_file(weights, tmp_path / "other" / "model.safetensors")
    keys = [json.dumps(describe(SelfSupervised(str(tmp_path / name)))) for name in ("first", "copy", "other")]
    assert keys[0] == keys[1] != keys[2]
    assert str(tmp_path) not in keys[0]


def test_a_description_builds_the_same_architecture(tmp_path):
    folder = write_model(tmp_path / "m", "wavlm", stable=True)
    frontend = SelfSupervised(str(folder), layer=2)
    shutil.rmtree(folder)
    again = build(describe(frontend), SelfSupervised)
    again.load_state_dict(frontend.state_dict())
    torch.testing.assert_close(again(WAVEFORM), frontend(WAVEFORM), atol=0, rtol=0)
    assert describe(again) == describe(frontend)


def test_weights_with_old_names_a_prefix_and_heads(tmp_path):
    folder = write_model(tmp_path / "m")
    expected = SelfSupervised(str(folder), layer=2)(WAVEFORM)
    (file,) = folder.glob("*.safetensors")
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = {}
    for name, weight in load_file(file).items():
        for new, former in old.items():
            name = name.replace(new, former)  # noqa: PLW2901
        weights[f"wav2vec2.{name}"] = weight.clone()
    save_file({**weights, "lm_head.weight": torch.zeros(3, 3)}, file)
    torch.testing.assert_close(SelfSupervised(str(folder), layer=2)(WAVEFORM), expected, atol=0, rtol=0)


def test_a_checkpoint_cannot_ask_for_anything_but_an_architecture(tmp_path):
    description = describe(SelfSupervised(str(write_model(tmp_path / "m"))))
    config = description["init_args"]["pretrained"]["config"]
    config |= {"attn_implementation": "someone/kernel", "auto_map": {"AutoModel": "someone/code--x.Y"}}
    assert build(description, SelfSupervised).model.config._attn_implementation in {"eager", "sdpa"}
    config["model_type"] = "bert"
    with pytest.raises(ValueError, match="found model_type='bert'"):
        build(description, SelfSupervised)


@pytest.mark.parametrize(
    ("damage", "error", "complaint"),
    [
        (lambda folder: (folder / "preprocessor_config.json").unlink(), FileNotFoundError, "nothing is downloaded"),
        (lambda folder: (folder / "config.json").write_text("{"), ValueError, "not readable as JSON"),
        (lambda folder: (folder / "model.safetensors").unlink(), FileNotFoundError, "found no weights"),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            ValueError,
            r"found pytorch_model\.bin, expected \*\.safetensors: a pickle may hold code",
        ),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 100), ValueError, "damaged"),
        (lambda folder: save_file({"a": torch.zeros(1)}, folder / "model.safetensors"), ValueError, "are missing"),
        (
            lambda folder: (folder / "preprocessor_config.json").write_text('{"sampling_rate": 8000}'),
            ValueError,
            "sampling_rate=8000, expected 16000",
        ),
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "wav2vec2"}'),
            ValueError,
            "do not fit",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_by_name(damage, error, complaint, tmp_path):
    folder = write_model(tmp_path / "m")
    damage(folder)
    with pytest.raises(error, match=complaint):
        SelfSupervised(str(folder))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"layer": LAYERS + 1}, f"expected 0 to {LAYERS}"),
        ({"layer": -1}, "found layer=-1"),
        ({"sample_rate_hz": 8000}, "expected 16000"),
        ({"folder": None}, "expected one of both"),
    ],
)
def test_arguments_that_cannot_be(arguments, complaint, tmp_path):
    with pytest.raises(ValueError, match=complaint):
        SelfSupervised(**{"folder": str(write_model(tmp_path / "m")), **arguments})


def test_too_short_or_no_batch(tmp_path):
    frontend = SelfSupervised(str(write_model(tmp_path / "m")))
    assert frontend.shortest_input_samples == 400
    assert frontend(torch.ones(1, 400)).shape[2] == 1
    for shape in ((1, 399), (8000,)):
        with pytest.raises(ValueError, match="expected"):
            frontend(torch.ones(shape))


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch):
    folder = write_model(tmp_path / "m")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(RuntimeError, match=r"spooflab\[ssl\]"):
        SelfSupervised(str(folder))


@pytest.mark.parametrize("frozen", [True, False])
def test_a_detector_needs_its_checkpoint_alone(frozen, tmp_path):
    folder = write_model(tmp_path / "m")
    detector = Detector(SelfSupervised(str(folder), frozen), SpectrogramCNN(channels=(4, 8)), crop_s=0.5)
    before = {name: weight.clone() for name, weight in detector.frontend.model.state_dict().items()}
    optimiser = torch.optim.AdamW([p for p in detector.parameters() if p.requires_grad], lr=1e-3)
    detector.loss(detector.train().logits({"waveform": WAVEFORM}), torch.tensor([0, 1])).backward()
    optimiser.step()
    same = [torch.equal(weight, before[name]) for name, weight in detector.frontend.model.state_dict().items()]
    assert all(same) if frozen else not any(same)
    checkpoint = {"state_dict": detector.state_dict()}
    detector.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "a.ckpt")
    shutil.rmtree(folder)
    with torch.no_grad():
        expected = detector.eval()(WAVEFORM)
        torch.testing.assert_close(Detector.from_file(tmp_path / "a.ckpt")(WAVEFORM), expected, atol=0, rtol=0)
