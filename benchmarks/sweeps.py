"""What a sweep costs beside its training, and what it saves against a loop that calls a training script per trial.

A trial's overhead is the time from its start to the start of the worker's next trial, less what `_measured.py` counts
as training: reading the config, the trainer, metrics, checkpoints, MLflow and Optuna, on SQLite. Its epochs are ten,
with 30 metrics each. The first trial of each worker, which imports and fills caches, is left out. The sweeps are
launched as `spooflab sweep` does it, in worker processes.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # before this file, which has a package's name
    from _claims import main
    from _sweep_claims import claims

    main(claims, __doc__ or "")
