"""Groups stay whole, stay put, and every partition with a share gets both classes."""

from collections import Counter
from pathlib import Path

import pytest

from datamodules.corpora.splitting import partition_of, split
from datamodules.manifest import ManifestError, Trial

SHARES = {"train": 0.7, "dev": 0.1, "eval": 0.2}


def trials(speakers: int) -> list[Trial]:
    return [
        Trial(f"{speaker}{key}", Path("x"), f"s{speaker}", "-" if key == "bonafide" else "A", key, "eval")
        for speaker in range(speakers)
        for key in ("bonafide", "spoof")
    ]


def dealt(speakers: int, shares: dict[str, float] | None = SHARES) -> list[Trial]:
    rows = trials(speakers)
    return split(rows, [row.speaker for row in rows], shares)


def test_shares_hold_for_many_groups_which_stay_whole():
    rows = dealt(3000)
    counts = Counter(row.partition for row in rows)
    assert {name: counts[name] / len(rows) for name in SHARES} == pytest.approx(SHARES, abs=0.03)
    assert len({(row.speaker, row.partition) for row in rows}) == 3000


def test_more_data_moves_nobody():
    before = {row.utterance: row.partition for row in dealt(100)}
    after = {row.utterance: row.partition for row in dealt(300)}
    assert before.items() <= after.items()


def test_where_a_group_goes_is_settled_for_good():
    assert [partition_of(name, SHARES) for name in ("mary_ann", "obruchov", "eva_k")] == ["eval", "eval", "train"]


def test_without_shares_nothing_moves():
    assert dealt(5, None) == trials(5)


def test_a_partition_without_a_share_stays_empty():
    assert {row.partition for row in dealt(50, {"train": 0.5, "dev": 0.5, "eval": 0.0})} == {"train", "dev"}
    assert {row.partition for row in dealt(50, {"eval": 1.0})} == {"eval"}


@pytest.mark.parametrize(
    "shares", [{}, {"train": 0.5, "dev": 0.4}, {"train": 1.5, "dev": -0.5}, {"train": 0.9, "test": 0.1}]
)
def test_shares_that_cannot_be(shares):
    with pytest.raises(ManifestError, match=r"found the shares .*that sum to 1, such as \{train: 0\.8"):
        dealt(100, shares)


def test_a_missing_class_is_told():
    rows = trials(40)
    lonely = [row for row in rows if row.key == "spoof" or partition_of(row.speaker, SHARES) != "dev"]
    with pytest.raises(ManifestError, match=r"found no bonafide trial in dev, which \d+ of 40 groups went to"):
        split(lonely, [row.speaker for row in lonely], SHARES)


def test_a_corpus_of_spoofs_alone_may_be_split():
    spoofs = [row for row in trials(100) if row.key == "spoof"]
    assert len(split(spoofs, [row.speaker for row in spoofs], SHARES)) == 100
