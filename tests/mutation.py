"""The bytes of a real file and a generator of randomness -> bytes that no encoder wrote."""

from __future__ import annotations

import numpy as np

HEADER_BYTES = 128
EXTREMES = (
    b"\x00" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80\x00\x00\x00",
    b"\x00\x00\x00\x01",
)


def flipped_bits(content: bytes, rng: np.random.Generator) -> bytes:
    mutated = bytearray(content)
    for position in rng.integers(0, len(mutated), int(rng.integers(1, 33))):
        mutated[position] ^= 1 << int(rng.integers(0, 8))
    return bytes(mutated)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(1, len(content)))]


def with_bytes_inserted(content: bytes, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(0, len(content)))
    return content[:at] + rng.bytes(int(rng.integers(1, 65))) + content[at:]


def with_a_part_repeated(content: bytes, rng: np.random.Generator) -> bytes:
    start, stop = sorted(int(n) for n in rng.integers(0, len(content), 2))
    return content[:stop] + content[start:stop] * int(rng.integers(1, 4)) + content[stop:]


def with_a_part_removed(content: bytes, rng: np.random.Generator) -> bytes:
    start, stop = sorted(int(n) for n in rng.integers(0, len(content), 2))
    return content[:start] + content[stop:]


def with_header_fields_replaced(content: bytes, rng: np.random.Generator) -> bytes:
    """Some four bytes near the start, or near the end where MP4 has its index, become extreme numbers."""
    mutated = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        offset = int(rng.integers(0, min(8 * HEADER_BYTES, len(content) - 4)))
        at = offset // 8 if rng.random() < 0.7 else len(content) - 4 - offset
        mutated[at : at + 4] = EXTREMES[int(rng.integers(0, len(EXTREMES)))]
    return bytes(mutated)


MUTATIONS = (
    flipped_bits,
    cut,
    with_bytes_inserted,
    with_a_part_repeated,
    with_a_part_removed,
    with_header_fields_replaced,
)


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three mutations on top of each other."""
    for _ in range(int(rng.integers(1, 4))):
        content = MUTATIONS[int(rng.integers(0, len(MUTATIONS)))](content, rng) or b"\x00"
        if len(content) < HEADER_BYTES // 8:
            break
    return content
