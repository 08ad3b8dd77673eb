"""A teacher and a student's config in, a run of the student out: a training whose config names the teacher."""

from collections.abc import Sequence

from experiments.known_model import run_behind
from experiments.outcome import Outcome
from experiments.tracking import name_of
from experiments.train import train


def distil(teacher: str, arguments: Sequence[str], name: str | None = None) -> Outcome:
    """Train a student on what a teacher says; its run and checkpoint are those of any training.

    Args:
        teacher: id of a run, ``models:/NAME@ALIAS``, or path of a checkpoint.
        arguments: as for ``spooflab train``: configs of the data, the student, and how it learns, such as distil.yaml.
        name: of the run; the teacher's, and that it was distilled, when not given.

    Raises:
        ValueError: the config is not usable, or student and teacher do not go together.
        LookupError: there is no such teacher.
        FileNotFoundError: its run has no checkpoint.
    """
    run = run_behind(teacher)
    called = teacher if run is None else name_of(run)
    return train([*arguments, f"--distillation.teacher={teacher}"], name=name or f"{called}, distilled")
