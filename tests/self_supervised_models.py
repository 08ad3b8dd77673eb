"""Tiny wav2vec 2.0, HuBERT and WavLM models of random weights, in the layout of Hugging Face's hub."""

import json
from pathlib import Path

import torch

KINDS = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM"}
LAYERS = 3


def write_model(folder: Path, kind: str = "wav2vec2", *, stable: bool = False, normalise: bool = True) -> Path:
    """Write a folder of configuration and weights, always alike, and return it."""
    import transformers

    config = getattr(transformers, f"{KINDS[kind]}Config")(
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        intermediate_size=48,
        conv_dim=7 * (16,),
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        do_stable_layer_norm=stable,
        feat_extract_norm="layer" if stable else "group",
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, f"{KINDS[kind]}Model")(config)
        for parameter in model.parameters():  # biases, which start at zero, shall count too
            parameter.data += 0.05 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    facts = {"do_normalize": normalise, "sampling_rate": 16_000, "feature_extractor_type": "Wav2Vec2FeatureExtractor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(facts))
    return folder
