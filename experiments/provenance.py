"""A checkout and a config in, what a run was made by out: commit, digest, dotted values."""

import functools
import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


@functools.cache
def code_state() -> dict[str, str]:
    """Return the commit of this process's code as tags, and whether it had been changed; nothing outside a checkout."""
    here = Path(__file__).parent
    try:
        commit, status = (
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"mlflow.source.git.commit": commit, "git.dirty": str(bool(status)).lower()}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into one with dotted keys."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def config_digest(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a resolved config: two runs with the same digest are the same experiment."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
