"""Scores, labels and the attack of each trial in, one EER per attack out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lightning_modules.metrics.eer import Variant, equal_error_rate
from lightning_modules.metrics.trials import split_by_label


def per_attack_eer(
    scores: ArrayLike, labels: ArrayLike, attacks: Sequence[str], variant: Variant = "legacy"
) -> dict[str, float]:
    """EER of each attack's spoofed trials against *all* bona fide trials, as the ASVspoof challenges define it.

    Args:
        scores: ``(trials,)``, higher for more bona fide.
        labels: ``(trials,)``, 1 for bona fide and 0 for spoof.
        attacks: The attack of each trial; what stands at bona fide trials does not matter.
        variant: Which EER; see :mod:`lightning_modules.metrics.eer`.

    Returns:
        EERs as fractions, in the order of the attacks' names.

    Raises:
        ValueError: If the three differ in length, a score is NaN, or there is no bona fide trial.
    """
    bonafide, spoof = split_by_label(scores, labels)
    if len(attacks) != bonafide.size + spoof.size:
        raise ValueError(f"found {len(attacks)} attacks for {bonafide.size + spoof.size} scores, expected as many")
    spoof_attacks = np.asarray(attacks, dtype=str)[np.asarray(labels) == 0]
    names = np.unique(spoof_attacks)
    return {str(name): equal_error_rate(bonafide, spoof[spoof_attacks == name], variant).eer for name in names}
