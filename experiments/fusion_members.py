"""Names of models in, the detectors that are to be fused out, or an error that says why they do not go together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamodules.digests import file_sha256
from datamodules.manifest import Manifest
from experiments import tracking
from experiments.data_config import read_corpus, read_sections
from experiments.evaluate import evaluated_tag, run_of
from lightning_modules.detector import Detector

_TOLD_DIGITS = 12  # of a digest


@dataclass(frozen=True)
class Member:
    """A detector and where it is from.

    Attributes:
        name: what tables and errors call it.
        run_id: of its run; None for a checkpoint alone.
        sha256: of its checkpoint.
        detector: in evaluation mode.
    """

    name: str
    run_id: str | None
    sha256: str
    detector: Detector

    @property
    def origin(self) -> str:
        """The run, or the checkpoint's digest."""
        return self.run_id or f"sha256:{self.sha256}"


def open_member(model: str) -> Member:
    """Open the best checkpoint of a run or of a registered version's run, or a checkpoint by its path.

    Raises:
        LookupError: there is no such run or version.
        FileNotFoundError: the run has no checkpoint.
        ValueError: the checkpoint is none.
    """
    if Path(model).is_file():
        return Member(Path(model).name, None, file_sha256(Path(model)), Detector.from_file(model))
    run_id = run_of(model, None)
    name = model.removeprefix("models:/") if model.startswith("models:/") else tracking.name_of(run_id)
    checkpoint = tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT)
    return Member(name, run_id, file_sha256(checkpoint), Detector.from_file(checkpoint))


def refuse_what_cannot_be_fused(members: Sequence[Member]) -> None:
    """Refuse fewer than two members, the same one twice, and other sampling rates or ways with short utterances.

    Raises:
        ValueError: naming them.
    """
    if len(members) < 2:  # noqa: PLR2004
        raise ValueError(f"found {len(members)} model, expected two or more to fuse: name another")
    first: dict[str, Member] = {}
    for member in members:
        other = first.setdefault(member.sha256, member)
        if other is not member:
            raise ValueError(
                f"{other.name} and {member.name} have the same checkpoint: a model fused with itself is that model, "
                "so name each once"
            )
    _require_one(members, "sampling rate in Hz", lambda detector: detector.frontend.sample_rate_hz)
    _require_one(members, "way with utterances shorter than a crop (`shorter`)", lambda detector: detector.shorter)


def window_of(members: Sequence[Member], stated_s: float | None) -> float:
    """Return the length of the windows that all members are to score, in seconds.

    Raises:
        ValueError: it is not stated, and their training crops differ; or it is not positive.
    """
    if stated_s is None:
        hint = ": state the windows of the fusion with --window-s"
        return float(_require_one(members, "training crop in seconds", lambda detector: detector.crop_s, hint))
    if stated_s <= 0:
        raise ValueError(f"--window-s: found {stated_s:g}, expected seconds above 0")
    return stated_s


def data_of(members: Sequence[Member], config: Path | None) -> tuple[Mapping[str, Any], Manifest]:
    """Return the section ``data`` that the fusion is fitted on, and its corpus.

    Args:
        members: whose own data they are, where no config is named; those without, such as imported weights, go along.
        config: that names them for all.

    Raises:
        ValueError: no member has data, their data differ, or one was evaluated on others.
    """
    if config is not None:
        return read_sections(config)["data"], read_corpus(config)
    configs = [(member, tracking.fetch(member.run_id, tracking.CONFIG_ARTIFACT)) for member in members if member.run_id]
    own = [(member, path, read_corpus(path)) for member, path in configs if "data" in read_sections(path)]
    if not own:
        raise ValueError("none of the models has data of its own: name a config whose dev the fusion is fitted on")
    first, path, corpus = own[0]
    for member, _, other in own:
        tags = tracking.get(str(member.run_id)).data.tags
        for digest, what in ((other.digest, "trained"), (tags.get(evaluated_tag("eval"), corpus.digest), "evaluated")):
            if digest != corpus.digest:
                raise ValueError(
                    f"{member.name} was {what} on other data ({digest[:_TOLD_DIGITS]}) than {first.name} was trained "
                    f"on ({corpus.digest[:_TOLD_DIGITS]}): name the data to fit the fusion on with --config"
                )
    return read_sections(path)["data"], corpus


def _require_one(members: Sequence[Member], what: str, read: Callable[[Detector], object], hint: str = "") -> Any:  # noqa: ANN401 - what is read
    values = {member.name: read(member.detector) for member in members}
    if len(set(values.values())) > 1:
        found = ", ".join(f"{value} of {name}" for name, value in values.items())
        raise ValueError(f"{what}: found {found}; expected one for all members{hint}")
    return next(iter(values.values()))
