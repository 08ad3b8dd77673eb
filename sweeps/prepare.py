"""A space and trials drawn from it in, caches filled out: once, before workers start and would wait for each other."""

from collections.abc import Sequence

from experiments.train import hand_over_frontend
from experiments.training_config import parse
from sweeps.space import Space

_DECIDE_FEATURES = ("model.frontend", "model.enhancement")


def fill_caches(space: Space, samples: Sequence[list[str]]) -> None:
    """Decode the corpus, and compute the features that all trials of a branch share; those that are searched are not.

    Args:
        space: that is searched.
        samples: words of a training for every option of the space.
    """
    searched = (key for part in space.root.parts() for key in part.parameters)
    shared = not any(key.startswith(_DECIDE_FEATURES) for key in searched)
    for words in samples:
        cli = parse(words)
        if shared:
            hand_over_frontend(cli.model, cli.datamodule)
        cli.datamodule.prepare_data()
