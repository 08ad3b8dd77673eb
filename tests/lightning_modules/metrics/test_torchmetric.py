"""The metrics pool raw scores over batches and ranks before they compute one number."""

import math
import os

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from lightning_modules.metrics.dcf import min_dcf
from lightning_modules.metrics.eer import sorted_equal_error_rate
from lightning_modules.metrics.torchmetric import PooledEqualErrorRate, PooledLoss, PooledMinDcf
from lightning_modules.metrics.trials import SortedTrials

METRICS = [PooledEqualErrorRate, PooledMinDcf]


def trials():
    """Scores and labels ``(101,)``."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (101,), generator=generator)
    return torch.randn(101, generator=generator) + labels, labels


def expected(metric):
    scores, labels = trials()
    together = SortedTrials.of(scores[labels == 1].numpy(), scores[labels == 0].numpy())
    return sorted_equal_error_rate(together).eer if metric is PooledEqualErrorRate else min_dcf(together)


@pytest.mark.parametrize("kind", METRICS)
def test_batches_are_pooled(kind):
    metric = kind()
    for scores, labels in zip(*(part.split(7) for part in trials()), strict=True):
        metric.update(scores, labels)
    assert metric.compute() == expected(kind)
    metric.reset()
    metric.update(torch.tensor([1.0, 0.0]), torch.tensor([1, 0]))
    assert metric.compute() == 0


@pytest.mark.parametrize("kind", METRICS)
def test_one_class_is_not_yet_a_number(kind):
    metric = kind()
    metric.update(torch.tensor([1.0]), torch.tensor([0]))
    assert math.isnan(metric.compute())


def test_a_loss_is_of_all_trials_although_batches_are_of_one_class():
    scores, labels = trials()
    logits = torch.stack((-scores, scores), dim=1)

    def weighted(logits, labels):
        return torch.nn.functional.cross_entropy(logits, labels, weight=torch.tensor([0.1, 0.9]))

    metric, of_batches = PooledLoss(weighted), []
    for label in (0, 1):
        of_class = labels == label
        metric.update(logits[of_class], labels[of_class])
        of_batches.append(float(weighted(logits[of_class], labels[of_class])))
    assert float(metric.compute()) == pytest.approx(float(weighted(logits, labels)), rel=1e-5)
    assert float(metric.compute()) != pytest.approx(sum(of_batches) / 2, rel=1e-2)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="expected as many"):
        PooledEqualErrorRate().update(torch.zeros(3), torch.zeros(2))


def _rank(rank, store, results):
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    scores, labels = trials()
    part = slice(0, 30) if rank == 0 else slice(30, None)
    values = []
    for kind in METRICS:
        metric = kind()
        metric.update(scores[part], labels[part])
        values.append(float(metric.compute()))
    np.save(f"{results}.{rank}.npy", values)
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_ranks_are_pooled(tmp_path):
    mp.spawn(_rank, args=(tmp_path / "store", tmp_path / "values"), nprocs=2)
    assert [np.load(tmp_path / f"values.{rank}.npy").tolist() for rank in range(2)] == [
        [expected(kind) for kind in METRICS]
    ] * 2
