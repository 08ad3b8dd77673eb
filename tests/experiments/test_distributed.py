"""Two processes train one detector: one run, every trial once, and the metrics of all trials pooled."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from experiments import tracking
from experiments.train import SCRATCH
from experiments.training_config import parse
from lightning_modules.detector import Detector

ROOT = Path(__file__).resolve().parents[2]
TWO = ("--trainer.devices=2", "--trainer.strategy=ddp")


def start(words) -> subprocess.Popen:
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "experiments.cli", "train"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return subprocess.Popen(
        [sys.executable, *command, *words, *TWO],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def named(name):
    return tracking.find({"mlflow.runName": name})


@pytest.mark.slow
def test_two_processes_are_one_training(place):
    words = [*place.words(epochs=2, data__batch_size=4), "--name=of two"]
    process = start(words)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert output.count("dev EER") == output.count("threads:") == 1
    (run,) = named("of two")
    assert run.info.status == "FINISHED"
    kept = sorted(path.name for path in (SCRATCH / run.info.run_id).iterdir())
    assert kept == ["best.ckpt", "last.ckpt", "metrics.jsonl"]

    # The same weights, on the whole of dev in this one process.
    cli = parse(words)
    detector = Detector.from_file(SCRATCH / run.info.run_id / "last.ckpt")
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    (alone,) = trainer.validate(detector, cli.datamodule, verbose=False)
    for metric in ("dev/eer", "dev/min_dcf"):
        assert alone[metric] == tracking.history(run.info.run_id, metric)[-1]

    steps = torch.load(SCRATCH / run.info.run_id / "last.ckpt", weights_only=True)["global_step"]
    assert steps == 2 * -(-len(cli.datamodule.trials("train")) // 8)


@pytest.mark.slow
def test_ctrl_c_ends_both_processes_and_is_told_on_the_run(place):
    words = place.words(epochs=10_000, early_stopping__patience=10_000)
    process = start([*words, "--name=interrupted"])
    try:
        while not (named("interrupted") and tracking.history(named("interrupted")[0].info.run_id, "dev/eer")):
            assert process.poll() is None, process.communicate()
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    (run,) = named("interrupted")
    assert (run.info.status, run.data.tags["failure"]) == ("KILLED", "interrupted")
    assert "`--ckpt last` goes on" in output
