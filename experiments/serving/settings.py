"""What a person asked of the endpoint in, the same in each of its processes out: by an environment variable."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Final

VARIABLE: Final = "SPOOFLAB_SERVE"
BYTES_PER_MB: Final = 1_000_000


@dataclass(frozen=True)
class Settings:
    """How the endpoint behaves; the limits are of each request.

    Attributes:
        model: ``models:/NAME@ALIAS``, whose alias is watched, ``models:/NAME/VERSION``, or a countermeasure's folder.
        max_body_mb: larger requests are refused, in millions of bytes.
        max_duration_s: longer recordings are refused.
        max_recordings: requests with more of them are refused.
        timeout_s: what is not judged by then is answered with that as its reason.
        max_waiting: requests that a process holds at a time; it tells further ones to come again.
        reload_s: how often the alias is looked at; 0 for never.
        origins: of web pages that may read the answers (CORS); none unless told.
    """

    model: str
    max_body_mb: float = 32.0
    max_duration_s: float = 600.0
    max_recordings: int = 64
    timeout_s: float = 30.0
    max_waiting: int = 64
    reload_s: float = 10.0
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no request could meet.

        Raises:
            ValueError: a limit that is not positive, or a negative interval.
        """
        for name in ("max_body_mb", "max_duration_s", "max_recordings", "timeout_s", "max_waiting"):
            if not getattr(self, name) > 0:
                raise ValueError(f"found {name}={getattr(self, name)}, expected a number above 0")
        if not self.reload_s >= 0:
            raise ValueError(f"found reload_s={self.reload_s}, expected seconds, or 0 for never")

    @property
    def max_body_bytes(self) -> int:
        """The largest body."""
        return round(self.max_body_mb * BYTES_PER_MB)

    def as_text(self) -> str:
        """Return what ``from_environment`` reads."""
        return json.dumps(asdict(self))


def from_environment() -> Settings:
    """Return the settings that the process was started with.

    Raises:
        LookupError: none; the endpoint is started by ``spooflab serve``.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        raise LookupError(f"found no {VARIABLE} in the environment: start the endpoint by `spooflab serve`")
    values = json.loads(text)
    return Settings(**{**values, "origins": tuple(values["origins"])})
