"""A model's folder and recordings in, its answers and how long they take out: a script that knows no repository.

It is run by ``deployed_trial`` with ``python -I FILE REQUEST ANSWER``, so that the model finds nothing but the code
that lies in its own folder, as it will be where it is deployed.
"""

import json
import sys
import time
from pathlib import Path


def main(request_file: Path, answer_file: Path) -> None:
    """Load the model, let it judge the recordings, and time it on one of them.

    Raises:
        RuntimeError: the code that it ran is not its own.
    """
    # An editable install would offer this repository's code to a model that lacks a part of its own.
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
    import mlflow  # noqa: PLC0415 - only now is it certain where its modules come from
    import pandas as pd  # noqa: PLC0415
    import torch  # noqa: PLC0415

    request = json.loads(request_file.read_text())
    torch.set_num_threads(1)
    model = mlflow.pyfunc.load_model(request["model"])
    rows = pd.DataFrame({"audio": [Path(clip).read_bytes() for clip in request["clips"]]})
    answers = model.predict(rows)
    _require_own_code(Path(request["model"]))
    timed = pd.DataFrame({"audio": [Path(request["timed"]).read_bytes()]})
    latencies_ms = []
    for _ in range(request["turns"]):
        start = time.perf_counter()
        model.predict(timed)
        latencies_ms.append(1000 * (time.perf_counter() - start))
    values = {
        "scores": [None if error else score for score, error in zip(answers["score"], answers["error"], strict=True)],
        "columns": list(answers.columns),
        "latencies_ms": latencies_ms,
    }
    answer_file.write_text(json.dumps(values))


def _require_own_code(folder: Path) -> None:
    for name in ("datamodules", "lightning_modules", "experiments"):
        source = Path(str(sys.modules[name].__file__)).resolve()
        if folder.resolve() not in source.parents:
            raise RuntimeError(f"the model ran {source}, expected code in {folder}: it does not stand by itself")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
