"""A space of choices and steps in, all its points out, in an order that the seed draws."""

import random
from itertools import product

from optuna.trial import FixedTrial

from sweeps.constraints import BaseConfigs, violated
from sweeps.space import Params, Space


def points(space: Space, bases: BaseConfigs) -> list[Params]:
    """Return every point of a grid that its constraints allow.

    Args:
        space: whose ranges all have choices or steps.
        bases: where constraints find what is not drawn.
    """
    found: list[Params] = []
    for options in space.root.routes():
        domains = space.root.parameters_of(options)
        axes = [[domain.stored(value) for value in domain.points or ()] for domain in domains.values()]
        for values in product(*axes):
            params = {**options, **dict(zip(domains, values, strict=True))}
            if violated(space.draw(FixedTrial(params)), bases) is None:
                found.append(params)
    random.Random(space.sampler.seed).shuffle(found)  # noqa: S311 - an order, no secret
    return found
