"""A form of a run's detector in, a run of its own out, which is evaluated, registered and promoted as any other."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from experiments import tracking

FORM_TAG = "form"
PARENT_TAG = f"{FORM_TAG}.of"
VERSION_TAG = f"{FORM_TAG}.of_version"
_FOLDER, _FILE = "form", "form.onnx"


def form_of(run_id: str) -> Path | None:
    """Return the file of the form that a run is of; none of a run whose detector scores itself."""
    if FORM_TAG not in tracking.get(run_id).data.tags:
        return None
    return tracking.fetch(run_id, f"{_FOLDER}/{_FILE}")


def make_run(parent: str, name: str, form: Path, facts: Mapping[str, str]) -> str:
    """Make a run of a form, nested under the run whose detector it is, and return its id.

    Args:
        parent: id of the detector's run.
        name: of the form.
        form: its file.
        facts: tags of the run beside those that say what it is.
    """
    checkpoint = tracking.fetch(parent, tracking.CHECKPOINT_ARTIFACT)
    config = tracking.fetch(parent, tracking.CONFIG_ARTIFACT)
    tags = {FORM_TAG: name, PARENT_TAG: parent, **facts}
    with (
        tracking.run(f"{tracking.get(parent).info.run_name} as {name}", parent=parent, tags=tags) as run_id,
        tempfile.TemporaryDirectory() as folder,
    ):
        copy = Path(folder) / _FILE
        shutil.copyfile(form, copy)
        tracking.log_files(run_id, copy, _FOLDER)
        tracking.log_files(run_id, checkpoint, str(Path(tracking.CHECKPOINT_ARTIFACT).parent))
        tracking.log_files(run_id, config)
    return run_id
