"""A run's config in, how its corpus is got out: the command that builds the embedded one, or where another must lie."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.tree import read_complete

_KNOWN_SPEECH: Final = ("debian", "librispeech")


def building(config: Mapping[str, Any]) -> str | None:
    """Return the command that builds the embedded corpus as it lies here; none of any other corpus."""
    root = _root(config)
    try:
        settings = read_complete(Path(root)) if root else None
    except BuildError:
        return None
    if settings is None:
        return None
    speech = settings.speech if settings.speech in _KNOWN_SPEECH else "FOLDER"  # of recordings of one's own
    words = ["--out", str(root), "--speech", speech, "--size", settings.size, "--seed", str(settings.seed)]
    return shlex.join(["spooflab", "corpus", "build", *words])


def place(config: Mapping[str, Any]) -> str:
    """Say where a corpus must lie, as a config has it."""
    root = _root(config)
    return f"in {root}" if root else "where data.corpus of config.yaml says"


def _root(config: Mapping[str, Any]) -> str | None:
    data = config.get("data")
    corpus = data.get("corpus") if isinstance(data, Mapping) else None
    arguments = corpus.get("init_args") if isinstance(corpus, Mapping) else None
    root = arguments.get("root") if isinstance(arguments, Mapping) else None
    return root if isinstance(root, str) else None
