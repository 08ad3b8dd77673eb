"""What a corpus build may raise."""

from __future__ import annotations


class BuildError(RuntimeError):
    """The corpus cannot be built here; the message says what was found, what is needed and how to mend it."""
