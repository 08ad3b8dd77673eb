"""A folder with a store of its own and configs small enough to train in seconds on the tiny embedded corpus."""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

LOSS = {
    "class_path": "lightning_modules.losses.WeightedCrossEntropy",
    "init_args": {"weight_spoof": 0.25, "weight_bonafide": 0.75},
}
NETWORKS = {
    "cnn": {
        "frontend": {"class_path": "lightning_modules.frontends.LogMel", "init_args": {"n_mels": 40}},
        "network": {
            "class_path": "lightning_modules.networks.cnn.SpectrogramCNN",
            "init_args": {"channels": [8, 16], "bands": 5, "embedding": 16},
        },
        "learning_rate": 0.005,
        "loss": LOSS,
    },
    "debug": {
        "frontend": {"class_path": "lightning_modules.frontends.LogMel", "init_args": {"n_mels": 40}},
        "network": {"class_path": "lightning_modules.networks.debug.DebugNetwork"},
        "learning_rate": 0.005,
        "loss": LOSS,
    },
    "rawnet2": {
        "frontend": {"class_path": "lightning_modules.frontends.Waveform"},
        "network": {
            "class_path": "lightning_modules.networks.rawnet2.RawNet2",
            "init_args": {
                "sinc_filters": 8,
                "sinc_taps": 65,
                "sinc_stride": 3,
                "channels": [8, 8, 16, 16],
                "gru_units": 16,
                "gru_layers": 1,
                "embedding": 16,
            },
        },
        "learning_rate": 0.005,
        "loss": LOSS,
    },
}


@dataclass(frozen=True)
class Workplace:
    """Where commands run: its store, caches and checkpoints lie in `folder`."""

    folder: Path
    corpus: Path

    def words(self, network: str = "cnn", epochs: int = 2, **overrides: object) -> list[str]:
        """Return the words of `spooflab train`; `__` in a name stands for a dot."""
        configs = ["--config", str(self.folder / "data.yaml"), "--config", str(self.folder / f"{network}.yaml")]
        return [*configs, f"--trainer.max_epochs={epochs}"] + [
            f"--{name.replace('__', '.')}={value}" for name, value in overrides.items()
        ]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Work in the folder, with its own MLflow store."""
        before = os.environ.get("MLFLOW_TRACKING_URI")
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{self.folder / 'mlflow.db'}"
        try:
            with chdir(self.folder):
                yield
        finally:
            os.environ.pop("MLFLOW_TRACKING_URI")
            if before is not None:
                os.environ["MLFLOW_TRACKING_URI"] = before


def make_workplace(folder: Path, corpus: Path) -> Workplace:
    """Write the configs."""
    source = {"class_path": "datamodules.corpora.asvspoof2019.asvspoof2019_la", "init_args": {"root": str(corpus)}}
    data = {"corpus": source, "crop_s": 1.0, "batch_size": 8}
    trainer = {"accelerator": "cpu", "deterministic": True, "enable_progress_bar": False, "log_every_n_steps": 1}
    (folder / "data.yaml").write_text(yaml.safe_dump({"data": data, "trainer": trainer}))
    for name, model in NETWORKS.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"model": model}))
    return Workplace(folder, corpus)
