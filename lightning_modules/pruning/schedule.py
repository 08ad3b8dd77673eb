"""A share to prune and a number of steps in, the share that is gone after each step out."""


def shares(amount: float, steps: int) -> list[float]:
    """Return the schedule in which each step takes the same share of what is left (Han et al. 2015; Renda et al. 2020).

    Args:
        amount: gone in the end, above 0 and less than 1.
        steps: at least 1.

    Raises:
        ValueError: others.
    """
    if not 0 < amount < 1:
        raise ValueError(f"found an amount of {amount}, expected a share above 0 and less than 1, such as 0.5")
    if steps < 1:
        raise ValueError(f"found {steps} steps, expected 1 or more")
    return [1 - (1 - amount) ** (step / steps) for step in range(1, steps)] + [amount]
