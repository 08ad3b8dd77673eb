"""Waveforms ``(batch, samples)`` in, hidden states of a self-supervised speech model ``(batch, bins, frames)`` out."""

import hashlib
import importlib
import json
import math
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.frontends.frontend import Frontend

SAMPLE_RATE_HZ = 16_000  # of all published models of these kinds
_VARIANCE_FLOOR = 1e-7  # of the models' own feature extractor
_CLASSES = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM"}
# Left out of their training: masks, which `SpecAugment` draws by the seeds of a draw, and dropping whole layers, which
# lets processes that train together wait for gradients for ever. Left out of the model: what follows the last layer.
_FIXED = {
    "apply_spec_augment": False,
    "mask_time_prob": 0.0,
    "mask_feature_prob": 0.0,
    "layerdrop": 0.0,
    "add_adapter": False,
}
_NO_ARCHITECTURE = {
    *("transformers_version", "architectures", "dtype", "problem_type", "id2label", "label2id", "model_type"),
    *("return_dict", "output_hidden_states", "output_attentions", "is_encoder_decoder", "num_feat_extract_layers"),
}
_CONFIG, _PREPROCESSOR, _WEIGHTS = "config.json", "preprocessor_config.json", "*.safetensors"


class SelfSupervised(Frontend):
    """Hidden states of wav2vec 2.0, HuBERT or WavLM, from weights in a local folder; nothing is ever downloaded.

    wav2vec 2.0: Baevski et al. 2020, NeurIPS; HuBERT: Hsu et al. 2021, IEEE/ACM TASLP; WavLM: Chen et al. 2022, IEEE
    JSTSP. A frame lasts 25 ms, frames are 20 ms apart. The folder is read once: from then on ``pretrained`` stands for
    it, and a checkpoint, which holds the weights too, needs it no more.

    A frozen model draws no dropout and learns nothing; its features at one layer are cached like any other's, of whole
    utterances. A weighted sum of the layers is learnt with the network, so it cannot be cached, and neither can a model
    that is fine-tuned. Layers above the one that is read are left out.

    Args:
        folder: Weights in Hugging Face's layout: ``config.json``, ``preprocessor_config.json`` and ``*.safetensors``.
        frozen: Keep the weights as they are; otherwise they are fine-tuned.
        layer: Which hidden state to give: 0 for what enters the first transformer layer, up to the number of layers;
            or ``weighted``: a sum of all with learnt weights that add up to 1 (SUPERB, Yang et al. 2021, Interspeech).
        sample_rate_hz: Sampling rate of the waveforms, 16,000.
        pretrained: What was read from a folder; given by checkpoints.

    Raises:
        RuntimeError: ``transformers`` is not installed.
        FileNotFoundError: The folder lacks a file.
        ValueError: It holds a model of another kind or rate, damaged or incomplete weights, or has no such layer.
    """

    def __init__(
        self,
        folder: str | None = None,
        frozen: bool = True,
        layer: int | Literal["weighted"] = "weighted",
        sample_rate_hz: int = SAMPLE_RATE_HZ,
        pretrained: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if (folder is None) == (pretrained is None):
            raise ValueError(
                f"found folder={folder!r} and {'no ' if pretrained is None else ''}pretrained, expected one of both: "
                "name the folder that holds the weights"
            )
        if sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(
                f"found sample_rate_hz={sample_rate_hz}, expected {SAMPLE_RATE_HZ}, which these models were trained "
                "at: set data.sample_rate_hz to it"
            )
        self.folder: str | None = None  # `pretrained` tells more, and holds elsewhere
        self.pretrained = _read_facts(Path(folder)) if folder is not None else dict(pretrained or {})
        self.frozen, self.layer, self.sample_rate_hz = frozen, layer, sample_rate_hz
        self.cacheable = frozen and layer != "weighted"

        self.model = _make(self.pretrained["config"])
        if folder is not None:
            _load(self.model, Path(folder), self.pretrained["config"]["model_type"])
        config: Any = self.model.config
        self.bins = int(config.hidden_size)
        self.hop_samples = math.prod(config.conv_stride)
        self.shortest_input_samples = _receptive_field(config.conv_kernel, config.conv_stride)
        layers = int(config.num_hidden_layers)
        if layer != "weighted":
            if not 0 <= layer <= layers:
                raise ValueError(f"found layer={layer}, expected 0 to {layers}, or 'weighted'")
            _cut(self.model, layer)
        self.weights = nn.Parameter(torch.zeros(layers + 1)) if layer == "weighted" else None
        self.model.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> "SelfSupervised":
        """Set the mode; a frozen model stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.model.eval()
        return self

    def forward(self, waveform: Tensor) -> Tensor:
        """Return hidden states.

        Args:
            waveform: ``(batch, samples)``.

        Returns:
            ``(batch, hidden size, frames)``.

        Raises:
            ValueError: If the waveform is shorter than one frame, or not a batch.
        """
        self._require_batch(waveform)
        if self.pretrained["normalise"]:
            variance, mean = torch.var_mean(waveform, dim=-1, correction=0, keepdim=True)
            waveform = (waveform - mean) / (variance + _VARIANCE_FLOOR).sqrt()
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            output = self.model(waveform, output_hidden_states=self.weights is not None)
        state: Tensor = output.last_hidden_state
        if self.weights is not None:
            states = (*output.hidden_states[:-1], state)  # some versions give the last before its normalisation
            shares = functional.softmax(self.weights, dim=0)
            state = torch.stack([share * other for share, other in zip(shares, states, strict=True)]).sum(dim=0)
        return state.transpose(1, 2)


def _read_facts(folder: Path) -> dict[str, Any]:
    """What fixes a model's numbers, in plain values."""
    config, preprocessor = (_read_json(folder / name) for name in (_CONFIG, _PREPROCESSOR))
    rate_hz = preprocessor.get("sampling_rate")
    if rate_hz != SAMPLE_RATE_HZ:
        raise ValueError(f"{folder / _PREPROCESSOR}: found sampling_rate={rate_hz}, expected {SAMPLE_RATE_HZ}")
    digest = hashlib.sha256()
    for file in _weight_files(folder):
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return {
        "config": _plain(_config(config)),
        "normalise": bool(preprocessor.get("do_normalize", True)),
        "weights_sha256": digest.hexdigest(),
    }


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path} is missing: expected a folder with {_CONFIG}, {_PREPROCESSOR} and {_WEIGHTS}, as Hugging Face's "
            "hub keeps a model; copy it here, nothing is downloaded"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path}: not readable as JSON ({error})") from error
    return dict(values)


def _weight_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob(_WEIGHTS))
    if not files:
        pickles = ", ".join(sorted(path.name for path in folder.glob("*.bin")))
        if not pickles:
            raise FileNotFoundError(f"{folder}: found no weights, expected {_WEIGHTS}")
        raise ValueError(
            f"{folder}: found {pickles}, expected {_WEIGHTS}: a pickle may hold code. If you trust where it is from, "
            f"convert it once in Python: `from transformers import AutoModel; "
            f"AutoModel.from_pretrained({str(folder)!r}).save_pretrained({str(folder)!r})`"
        )
    return files


def _config(values: dict[str, Any]) -> Any:  # noqa: ANN401 - a class of an optional dependency
    """Make a configuration of plain values: of a kind that is known, and of nothing but what that kind has.

    What else Hugging Face reads from a configuration, such as code and kernels to download, is left out.
    """
    kind = values.get("model_type")
    if kind not in _CLASSES:
        raise ValueError(f"found model_type={kind!r}, expected one of {', '.join(_CLASSES)}")
    config_class = getattr(_transformers(), f"{_CLASSES[kind]}Config")
    known = _plain(config_class()).keys() - {"model_type"}
    return config_class(**{name: value for name, value in values.items() if name in known} | _FIXED)


def _plain(config: Any) -> dict[str, Any]:  # noqa: ANN401 - a class of an optional dependency
    """What of a configuration is the architecture, in plain values."""
    values = {name: value for name, value in config.to_dict().items() if name not in _NO_ARCHITECTURE}
    return {"model_type": config.model_type} | {n: value for n, value in values.items() if not n.startswith("_")}


def _make(values: dict[str, Any]) -> nn.Module:
    config = _config(values)
    model: nn.Module = getattr(_transformers(), f"{_CLASSES[values['model_type']]}Model")(config)
    return model


def _load(model: nn.Module, folder: Path, kind: str) -> None:
    """Load published weights; the heads of pre-training and of recognisers are left over, nothing may be missing."""
    load_file = importlib.import_module("safetensors.torch").load_file
    found: dict[str, Tensor] = {}
    for file in _weight_files(folder):
        try:
            found |= load_file(file)
        except Exception as error:
            raise ValueError(f"{file}: damaged ({error})") from error
    state = {_renamed(name.removeprefix(f"{kind}.")): weight for name, weight in found.items()}
    try:
        missing = model.load_state_dict(state, strict=False).missing_keys
    except RuntimeError as error:
        raise ValueError(f"{folder}: the weights do not fit {_CONFIG} ({error})") from error
    if missing:
        raise ValueError(f"{folder}: weights of {len(missing)} tensors are missing, such as {min(missing)}")


def _renamed(name: str) -> str:
    """Tensors of weight normalisation have had other names before PyTorch 2."""
    old_names = {"conv.weight_g": "original0", "conv.weight_v": "original1"}
    for old, new in old_names.items():
        if name.endswith(old):
            return f"{name.removesuffix(old)}conv.parametrizations.weight.{new}"
    return name


def _cut(model: nn.Module, layer: int) -> None:
    """Leave out the transformer layers above one, whose hidden state stays what it was."""
    encoder: Any = model.encoder
    config: Any = model.config
    if layer < len(encoder.layers) and config.do_stable_layer_norm:
        encoder.layer_norm = nn.Identity()  # there it follows the last layer
    encoder.layers = encoder.layers[:layer]


def _receptive_field(kernels: list[int], strides: list[int]) -> int:
    """Samples that one frame of the convolutional encoder hears: 400 as published."""
    samples = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


def _transformers() -> Any:  # noqa: ANN401 - an optional dependency
    try:
        return importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "SelfSupervised needs the package transformers, which is not installed: "
            'pip install "spooflab[ssl]", or `pip install -e ".[ssl]"` in a checkout'
        ) from error
