"""A dataset and draws in, batches out, read here or by processes whose errors are told as they were."""

import warnings
from collections.abc import Iterator
from functools import partial
from multiprocessing.util import Finalize
from typing import Any

import torch
from torch.utils.data import DataLoader, get_worker_info

from datamodules.datasets import FeatureDataset, WaveformDataset
from datamodules.feature_cache import RecordStore
from datamodules.sampling import Draws, RankBatches


class BatchLoader(DataLoader[dict[str, Any]]):
    """A loader of which errors are alike with and without processes: torch puts a traceback's text around theirs."""

    def __iter__(self) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        try:
            yield from super().__iter__()
        except (ValueError, OSError, RuntimeError) as error:
            if not self.num_workers:
                raise
            raise type(error)(str(error).rpartition(f"{type(error).__name__}: ")[2].strip()) from error


def batch_loader(
    dataset: FeatureDataset | WaveformDataset,
    batch_size: int,
    sampler: Draws,
    num_workers: int,
    rank: int = 0,
    ranks: int = 1,
) -> BatchLoader:
    """Return a loader of whole batches.

    Args:
        dataset: a partition.
        batch_size: draws in a batch.
        sampler: of the draws.
        num_workers: processes that read; 0 to read in this one.
        rank: number of this process among those that train together.
        ranks: how many of them share the draws.
    """
    loader = partial(
        BatchLoader,
        dataset,
        collate_fn=_as_it_is,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        worker_init_fn=_prepare_worker,
    )
    if ranks == 1:
        return loader(batch_size=batch_size, sampler=sampler)
    return loader(batch_sampler=RankBatches(sampler, batch_size, rank, ranks))


def keep(store: RecordStore) -> None:
    """Write down what was computed on demand. What was read is good without: an error is a warning."""
    try:
        store.flush()
    except OSError as error:
        warnings.warn(f"what was computed on demand is not kept: {error}", stacklevel=2)


def _as_it_is(batch: Any) -> Any:  # noqa: ANN401 - the loader believes that it is given a list
    """Collate nothing: the datasets read whole batches."""
    return batch


def _prepare_worker(_: int) -> None:
    """Let a loader process use one core, as many as there are of them, and keep what it computed when it ends."""
    torch.set_num_threads(1)
    dataset: Any = get_worker_info().dataset  # type: ignore[union-attr]
    Finalize(None, keep, (dataset.store,), exitpriority=0)
