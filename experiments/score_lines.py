"""A recording and what was found of it in, a line of a score file or a JSON object out, and back to its name."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from experiments.score_item import Format, Item
from experiments.score_judge import Judged

JSONL_SUFFIX: Final = ".jsonl"


def format_of(out: Path, asked: Format | None) -> Format:
    """The form that was asked for, or that a file's name says."""
    return asked or ("jsonl" if out.suffix.lower() == JSONL_SUFFIX else "scores")


def line_of(form: Format, item: Item, judged: Judged) -> str:
    """Return a line without its end: JSON, or the ASVspoof form ``UTTERANCE ATTACK|- KEY|- SCORE``."""
    if form == "jsonl":
        return json.dumps(object_of(item, judged))
    return f"{item.utterance} {item.attack} {item.key} {judged.verdict.score!r}"  # every digit: no ties are made


def object_of(item: Item, judged: Judged) -> dict[str, Any]:
    """Return everything that is known of a recording."""
    known = {"file": str(item.path), "utterance": item.utterance, "key": item.key, "attack": item.attack}
    return {**known, **asdict(judged.verdict), "facts": judged.facts}


def utterance_of(form: Format, line: str) -> str:
    """Return whom a line is about.

    Raises:
        ValueError: it is no such line.
    """
    if form == "jsonl":
        values = json.loads(line)
        if not isinstance(values, dict) or not isinstance(values.get("utterance"), str):
            raise ValueError("no object with an utterance")
        return str(values["utterance"])
    utterance, _, _, score = line.split(" ")
    float(score)
    return utterance
