"""A trained model in, a run of one that was trained on under the rounding of its static int8 forms out."""

import yaml

from experiments import tracking
from experiments.known_model import run_behind
from experiments.outcome import Outcome
from experiments.train import train

EPOCHS = 4
_RATE = 0.1  # of the one that it was trained by
_CALLBACK = "lightning_modules.quantization_aware.QuantizationAware"


def train_for_int8(model: str, epochs: int = EPOCHS) -> Outcome:
    """Go on with the training of a model, its weights and inputs rounded as static quantization will round them.

    Args:
        model: id of a run, or ``models:/NAME@ALIAS``.
        epochs: of the training, at a tenth of the model's own learning rate.

    Raises:
        ValueError: the model is a checkpoint alone.
        LookupError: there is no such model.
        FileNotFoundError: its run has no checkpoint.
    """
    run = run_behind(model)
    if run is None:
        raise ValueError(f"{model} is a checkpoint alone, which tells no config: give the run that it is of")
    config = tracking.fetch(run, tracking.CONFIG_ARTIFACT)
    rate = _RATE * float(yaml.safe_load(config.read_text())["model"]["learning_rate"])
    words = [
        f"--config={config}",
        f"--start.model={model}",
        f"--model.learning_rate={rate:g}",
        f"--trainer.max_epochs={epochs}",
        f"--trainer.callbacks+={_CALLBACK}",
    ]
    return train(words, name=f"{tracking.name_of(run)}, for int8")
