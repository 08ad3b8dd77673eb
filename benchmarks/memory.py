"""What a training process holds in memory for a corpus of a thousand and of a hundred thousand trials."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _claims import Claim, main

from datamodules.datasets import WaveformDataset
from datamodules.feature_cache import RecordStore
from datamodules.manifest import Manifest, Trial
from datamodules.sampling import Draw

SAMPLES = 4000  # a quarter of a second, so that a hundred thousand fit on a small disk
FEW, MANY, BATCH = 1_000, 100_000, 64


def private_bytes() -> int:
    """Memory of this process that no file backs: the page cache may take back all else."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def hold(trials: int, epochs: int) -> dict[str, int]:
    """Fill a cache, read it for some epochs in random batches, and say what that takes."""
    before = private_bytes()
    rows = [
        Trial(f"utterance_{row:06d}", Path(f"audio/{row:06d}.flac"), "-", "A01", "spoof", "train")
        for row in range(trials)
    ]
    manifest = Manifest(rows)
    of_rows = private_bytes()
    audio = np.random.default_rng(0).integers(-3000, 3000, (1, SAMPLES)).astype(np.int16)
    with tempfile.TemporaryDirectory() as root:
        store = RecordStore(Path(root), {}, [trial.utterance for trial in manifest], lambda _: audio)
        store.fill(1)
        dataset = WaveformDataset(manifest.partition("train"), store, SAMPLES)
        rng = np.random.default_rng(1)
        after_one = 0
        for epoch in range(epochs):
            for batch in np.array_split(rng.permutation(trials), trials // BATCH):
                dataset.__getitems__([Draw(int(row), (0, epoch, int(row))) for row in batch])
            after_one = after_one or private_bytes()
        return {"rows": of_rows - before, "first": after_one - of_rows, "last": private_bytes() - of_rows}


def measured(trials: int, epochs: int) -> dict[str, int]:
    """The same in a process of its own."""
    words = [sys.executable, __file__, "--hold", str(trials), str(epochs)]
    values: dict[str, int] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return values


def claims(quick: bool) -> list[Claim]:
    """Compare the two."""
    few, many = measured(FEW, 3), measured(MANY if not quick else MANY // 5, 3)
    trials = MANY if not quick else MANY // 5
    audio = trials * SAMPLES * 2
    a_trial = (many["rows"] + many["last"] - few["rows"] - few["last"]) / (trials - FEW)
    print(
        f"{a_trial:.0f} bytes a trial, {many['rows'] / trials:.0f} of them its row; its audio is {SAMPLES * 2}",
        file=sys.stderr,
    )
    return [
        Claim(
            f"bytes of audio of {trials:,} trials, in units of the memory they take", audio / max(1, many["last"]), 10
        ),
        Claim(
            "memory after the first epoch, in units of that after the third", many["first"] / max(1, many["last"]), 0.9
        ),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hold"]:
        print(json.dumps(hold(int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main(claims, __doc__ or "")
