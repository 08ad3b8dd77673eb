"""Raw audio in, scores and decisions out: the registered model, logged as code (MLflow "models from code")."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from datamodules.audio import AudioError
from experiments.inference import Countermeasure

_COLUMNS = ["score", "probability", "decision", "threshold", "duration_s", "error"]


class DetectorModel(PythonModel):
    """Scores a table of recordings, one a row.

    Column ``audio`` holds the bytes of a file of any common format, rate and length. Column ``path`` holds a path
    instead; it is read only where the model was loaded with ``model_config={"allow_paths": True}``, because an endpoint
    must not read files that its clients merely name.
    """

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow's own class is not public
        """Load the detector once, when the model is loaded."""
        self._countermeasure = Countermeasure.load(Path(context.artifacts["countermeasure"]))
        self._allow_paths = bool((context.model_config or {}).get("allow_paths", False))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ANN401, ARG002
        """Return a row for each recording; one that cannot be judged has its reason in ``error``, the others go on."""
        if not {"audio", "path"} & set(model_input.columns):
            raise MlflowException.invalid_parameter_value(
                f"found the columns {list(model_input.columns)}, expected 'audio' with the bytes of a file in each row"
            )
        answers = pd.DataFrame([self._judge(row) for _, row in model_input.iterrows()], columns=_COLUMNS, dtype=object)
        return answers.where(answers.notna(), None)  # NaN is no JSON: an endpoint must answer null

    def _judge(self, row: pd.Series) -> dict[str, Any]:
        try:
            verdict = self._countermeasure.judge(self._audio(row), name=f"row {row.name}")
        except AudioError as error:
            return {"error": str(error)}
        return {name: getattr(verdict, name) for name in _COLUMNS if name != "error"}

    def _audio(self, row: pd.Series) -> bytes | Path:
        audio, path = row.get("audio"), row.get("path")
        if isinstance(audio, bytes):
            return audio
        if isinstance(path, str) and self._allow_paths:
            return Path(path)
        raise AudioError(
            f"row {row.name}: no audio bytes in column 'audio'"
            + ("; paths are not read here, send the bytes" if isinstance(path, str) else "")
        )


set_model(DetectorModel())
