"""Trials and the group of each in, the same trials dealt out to partitions out: a group stays whole, and stays put.

For corpora that come without official partitions. The hash of a group's name decides where it goes, so that more data
moves nobody, and a speaker of two corpora goes to the same partition in both when they have the same shares.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from datamodules.manifest import KEYS, PARTITIONS, ManifestError, Trial

HASH_BYTES: Final = 8


def split(trials: Sequence[Trial], groups: Sequence[str], shares: Mapping[str, float] | None) -> list[Trial]:
    """Deal trials out to partitions, whole groups at a time.

    Args:
        trials: of one corpus.
        groups: what must stay together, for each trial: its speaker, or the recording that it was made from.
        shares: partition -> its share of the groups, such as ``{train: 0.8, dev: 0.1, eval: 0.1}``; None leaves the
            trials where they are.

    Raises:
        ManifestError: shares that are none, or a partition with a share that a class is missing from.
    """
    if shares is None:
        return list(trials)
    _check_shares(shares)
    homes = {group: partition_of(group, shares) for group in set(groups)}
    dealt = [replace(trial, partition=homes[group]) for trial, group in zip(trials, groups, strict=True)]
    _check_classes(dealt, homes, shares)
    return dealt


def partition_of(group: str, shares: Mapping[str, float]) -> str:
    """Where a group goes, whatever other groups there are."""
    named = [partition for partition in PARTITIONS if shares.get(partition)]
    edges = accumulate(shares[partition] for partition in named)
    digest = hashlib.sha256(group.encode()).digest()
    position = int.from_bytes(digest[:HASH_BYTES]) / 256**HASH_BYTES
    return next((partition for partition, edge in zip(named, edges, strict=True) if position < edge), named[-1])


def _check_shares(shares: Mapping[str, float]) -> None:
    unknown = sorted(shares.keys() - set(PARTITIONS))
    if unknown or min(shares.values(), default=0.0) < 0 or not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-6):
        told = ", ".join(f"{partition}: {share:g}" for partition, share in shares.items())
        raise ManifestError(
            f"found the shares {{{told}}}, expected some of {', '.join(PARTITIONS)}, none negative, that sum to 1, "
            f"such as {{train: 0.8, dev: 0.1, eval: 0.1}}"
        )


def _check_classes(trials: Sequence[Trial], homes: Mapping[str, str], shares: Mapping[str, float]) -> None:
    there = {(trial.partition, trial.key) for trial in trials}
    for partition in (partition for partition in PARTITIONS if shares.get(partition)):
        for key in KEYS:
            if (partition, key) not in there and any(trial.key == key for trial in trials):
                dealt = sum(home == partition for home in homes.values())
                raise ManifestError(
                    f"found no {key} trial in {partition}, which {dealt} of {len(homes)} groups went to, expected both "
                    f"classes in every partition with a share; speakers and recordings are not divided: give "
                    f"{partition} a larger share, or none"
                )
