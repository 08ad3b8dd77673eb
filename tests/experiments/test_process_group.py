"""A training that asks for two processes gets a group of its own: whole, stopped by its asker, failed, or orphaned."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from experiments import tracking
from experiments.process_group import ProcessGroupError
from experiments.train import train

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
TWO = ("--trainer.devices=2", "--trainer.strategy=ddp")
DEBUG = f"--config={ROOT / 'experiments' / 'configs' / 'debug.yaml'}"


def words(place, epochs=2):
    return [*place.words(epochs=epochs, data__batch_size=4), DEBUG, *TWO]


def members():
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if "experiments.group_member" in line]


def test_it_is_one_tracked_training(place):
    told, started = [], []
    outcome = train(
        words(place),
        name="of two",
        keep_going=lambda epoch, measures: told.append((epoch, measures)) or True,
        on_start=started.append,
    )
    run = tracking.get(outcome.run_id)
    assert (run.info.status, run.info.run_name, started) == ("FINISHED", "of two", [outcome.run_id])
    assert [epoch for epoch, _ in told] == [0, 1]
    assert outcome.measures in [measures for _, measures in told]
    assert run.data.metrics["best/dev_eer"] == outcome.dev_eer
    assert members() == []


def test_its_asker_stops_both_processes(place):
    outcome = train(words(place, epochs=1000), keep_going=lambda epoch, measures: epoch < 1)
    run = tracking.get(outcome.run_id)
    assert outcome.stopped
    assert (run.info.status, run.data.tags["stopped_by"]) == ("KILLED", "pruner")
    assert len(tracking.history(outcome.run_id, "dev/eer")) == 2


def test_the_end_of_the_first_traceback_is_the_reason(place, tmp_path):
    (tmp_path / "breaking.py").write_text(
        "from pytorch_lightning.callbacks import Callback\n"
        "class Breaking(Callback):\n"
        "    def on_train_epoch_end(self, trainer, module):\n"
        "        if trainer.global_rank == 1:\n"
        "            raise ArithmeticError('the second cannot count')\n"
    )
    started = []
    sys.path.append(str(tmp_path))
    try:
        with pytest.raises(
            ProcessGroupError, match=r"^ArithmeticError: the second cannot count \(failure of process 1\)\n"
        ):
            train([*words(place), "--trainer.callbacks+=breaking.Breaking"], on_start=started.append)
    finally:
        sys.path.remove(str(tmp_path))
    run = tracking.get(started[0])
    assert run.info.status == "FAILED"
    assert "the second cannot count" in run.data.tags["failure"]


def test_an_interrupted_asker_interrupts_it(place):
    seen, started = [], []
    with pytest.raises(KeyboardInterrupt):
        train(
            words(place, epochs=1000),
            keep_going=lambda epoch, measures: seen.append(epoch) or True,
            on_start=started.append,
            interrupted=lambda: bool(seen),
        )
    run = tracking.get(started[0])
    assert (run.info.status, run.data.tags["failure"]) == ("KILLED", "interrupted")
    assert members() == []


def test_it_dies_with_its_asker(place):
    command = "import sys; from experiments.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = [sys.executable, "-c", command, "train", *words(place, epochs=1000), "--name=orphaned"]
    process = subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        _until(lambda: _epochs("orphaned"))
        assert members() != []
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    _until(lambda: members() == [])


def _epochs(name):
    found = tracking.find({"mlflow.runName": name})
    return found and tracking.history(found[0].info.run_id, "dev/eer")


def _until(true, patience_s=180):
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)
