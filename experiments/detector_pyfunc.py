"""Raw audio in, scores and decisions out: the registered model, logged as code (MLflow "models from code")."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from experiments.answers import FIELDS, Options, Recording, answers
from experiments.inference import Countermeasure


class DetectorModel(PythonModel):
    """Scores a table of recordings, one a row.

    Column ``audio`` holds the bytes of a file of any common format, rate and length. Column ``path`` holds a path
    instead; it is read only where the model was loaded with ``model_config={"allow_paths": True}``, because an endpoint
    must not read files that its clients merely name. The parameters are those of ``Options``.
    """

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow's own class is not public
        """Load the detector once, when the model is loaded, and make it fast, so that no request waits for that."""
        self._countermeasure = Countermeasure.load(Path(context.artifacts["countermeasure"]))
        _ = self._countermeasure.scorer
        self._allow_paths = bool((context.model_config or {}).get("allow_paths", False))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ANN401, ARG002
        """Return a row for each recording; one that cannot be judged has its reason in ``error``, the others go on."""
        if not {"audio", "path"} & set(model_input.columns):
            raise MlflowException.invalid_parameter_value(
                f"found the columns {list(model_input.columns)}, expected 'audio' with the bytes of a file in each row"
            )
        try:
            options = Options.of(params or {}, self._countermeasure.detector.crop_s)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        recordings = [self._recording(row) for _, row in model_input.iterrows()]
        found = pd.DataFrame(answers(self._countermeasure, recordings, options), columns=list(FIELDS), dtype=object)
        return found.where(found.notna(), None)  # NaN is no JSON: an endpoint must answer null

    def _recording(self, row: pd.Series) -> Recording:
        name, audio, path = f"row {row.name}", row.get("audio"), row.get("path")
        if isinstance(audio, bytes):
            return Recording(name, audio)
        if isinstance(path, str) and self._allow_paths:
            return Recording(name, Path(path))
        refused = "; paths are not read here, send the bytes" if isinstance(path, str) else ""
        return Recording(name, None, f"no audio bytes in column 'audio'{refused}")


set_model(DetectorModel())
