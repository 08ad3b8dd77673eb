"""How much of everything a corpus of a named size holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from datamodules.minispoof.errors import BuildError

SPOOF_PER_BONAFIDE: Final = 3


@dataclass(frozen=True, slots=True)
class Size:
    """Bona fide clips per partition; spoof follows three to one.

    Attributes:
        bonafide: partition -> number of bona fide clips at most.
        packages: the Debian speech packages used; empty for all of them.
    """

    bonafide: dict[str, int]
    packages: tuple[str, ...] = ()


_SMALL_PACKAGES: Final = (
    "fillets-ng-data-cs",
    "fillets-ng-data-nl",
    *(f"asterisk-core-sounds-{language}-g722" for language in ("it", "fr", "ru", "en")),
)
SIZES: Final = {
    "tiny": Size(
        {"train": 8, "dev": 6, "eval": 9},
        packages=tuple(f"asterisk-core-sounds-{language}-g722" for language in ("it", "fr", "en", "ru")),
    ),
    "small": Size({"train": 150, "dev": 75, "eval": 150}, _SMALL_PACKAGES),
    # Dev and eval are those of "small", clip for clip: only there is more to learn from.
    "medium": Size({"train": 600, "dev": 75, "eval": 150}, _SMALL_PACKAGES),
    "full": Size({"train": 1500, "dev": 400, "eval": 1500}),
}


def size_named(name: str) -> Size:
    """The size of that name.

    Raises:
        BuildError: for a name that is no size.
    """
    if name not in SIZES:
        raise BuildError(f"found size {name!r}, expected one of {', '.join(SIZES)}")
    return SIZES[name]
