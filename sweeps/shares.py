"""The cores and GPUs of a machine and a number of workers in, the part of each worker out."""

import os
from collections.abc import Sequence

import torch

VISIBLE = "CUDA_VISIBLE_DEVICES"


def cores_of(index: int, workers: int, cores: Sequence[int]) -> list[int]:
    """Deal cores out evenly: to each worker its own, or, where there are more workers, to each core as many."""
    if workers >= len(cores):
        return [cores[index % len(cores)]]
    return list(cores[index * len(cores) // workers : (index + 1) * len(cores) // workers])


def gpus_of(index: int, each: int, gpus: Sequence[str]) -> list[str]:
    """Deal GPUs out round robin, so many to each worker; where there are fewer, workers share them."""
    return [gpus[(index * each + turn) % len(gpus)] for turn in range(min(each, len(gpus)))]


def visible_gpus() -> list[str]:
    """Return the names of the GPUs that this process may use, as the variable has them."""
    told = os.environ.get(VISIBLE)
    if told is not None:
        return [name.strip() for name in told.split(",") if name.strip()]
    return [str(number) for number in range(torch.cuda.device_count())]


def take(index: int, workers: int, gpus_each: int) -> None:
    """Keep this process to its part; before it computes anything, or it holds another's already."""
    os.sched_setaffinity(0, cores_of(index, workers, sorted(os.sched_getaffinity(0))))
    gpus = visible_gpus()
    if gpus:
        os.environ[VISIBLE] = ",".join(gpus_of(index, gpus_each, gpus))
