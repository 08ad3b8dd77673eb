"""The body of a JSON request in, its recordings and parameters out: MLflow's protocol, read with suspicion.

MLflow's own reader refuses a whole request for one cell of a wrong type, and repeats the request in its error. Here
such a cell is a recording with a problem, and the others are judged.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from experiments.answers import Recording

COLUMN: Final = "audio"
PARAMS: Final = "params"
FORMS: Final = ("dataframe_split", "dataframe_records", "inputs", "instances")
_DATA_URL: Final = re.compile(r"data:[^,]{0,100};base64,")  # what a browser's FileReader gives
_SHAPE: Final = (
    f'expected {{"{FORMS[0]}": {{"columns": ["{COLUMN}"], "data": [["BASE64"], …]}}}}, '
    f'{{"{FORMS[1]}": [{{"{COLUMN}": "BASE64"}}, …]}} or {{"{FORMS[2]}": {{"{COLUMN}": ["BASE64", …]}}}}'
)
_PUNCTUATION: Final = (b"[", b"{", b",", b":")
_PUNCTUATION_PER_RECORDING, _PUNCTUATION_BESIDE = 16, 256


class MessageError(ValueError):
    """A body that is no request to judge recordings."""


def read_json(body: bytes, max_recordings: int) -> tuple[list[Recording], Mapping[str, Any]]:
    """Read a request in any of MLflow's layouts.

    Args:
        body: JSON, its audio in base64.
        max_recordings: that it may hold.

    Returns:
        The recordings, those that hold no audio with their problem, and the parameters as they were sent.

    Raises:
        MessageError: it is not JSON, in none of the layouts, or holds too many recordings or none.
    """
    message = _parsed(body, max_recordings)
    params = message.get(PARAMS) or {}
    forms = [form for form in FORMS if form in message]
    if not isinstance(params, dict) or len(forms) != 1:
        raise MessageError(f"found the fields {_names(message)}, {_SHAPE}, and no more than `{PARAMS}` beside it")
    cells = _cells(forms[0], message[forms[0]])
    if not 1 <= len(cells) <= max_recordings:
        raise MessageError(f"found {len(cells)} recordings, expected 1 to {max_recordings}")
    return [_recording(f"row {number}", cell) for number, cell in enumerate(cells)], params


def _parsed(body: bytes, max_recordings: int) -> dict[str, Any]:
    # Base64 has none of it: what has more is no request, and would take twenty times its size in memory once parsed.
    punctuation = sum(body.count(mark) for mark in _PUNCTUATION)
    if punctuation > _PUNCTUATION_BESIDE + _PUNCTUATION_PER_RECORDING * max_recordings:
        raise MessageError(f"found JSON with {punctuation} values, brackets and names, {_SHAPE}")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"found a body of {len(body)} bytes that is no JSON ({error}), {_SHAPE}") from error
    if not isinstance(message, dict):
        raise MessageError(f"found JSON of a {type(message).__name__}, {_SHAPE}")
    return message


def _cells(form: str, value: Any) -> list[Any]:  # noqa: ANN401 - whatever a client sends
    if form == FORMS[0]:
        return _split(value)
    if isinstance(value, dict):
        column = value.get(COLUMN)
        if form == FORMS[1] or column is None:
            raise MessageError(f"`{form}`: found an object of {_names(value)}, {_SHAPE}")
        return column if isinstance(column, list) else [column]
    if isinstance(value, list):
        return [row.get(COLUMN) if isinstance(row, dict) else row for row in value]
    return [value]


def _split(value: Any) -> list[Any]:  # noqa: ANN401 - whatever a client sends
    columns = value.get("columns") if isinstance(value, dict) else None
    rows = value.get("data") if isinstance(value, dict) else None
    if not isinstance(columns, list) or not isinstance(rows, list) or COLUMN not in columns:
        raise MessageError(f"`{FORMS[0]}`: found no column {COLUMN!r}, {_SHAPE}")
    place = columns.index(COLUMN)
    return [row[place] if isinstance(row, list) and place < len(row) else None for row in rows]


def _recording(name: str, cell: Any) -> Recording:  # noqa: ANN401 - whatever a client sends
    if isinstance(cell, dict) and set(cell) == {"b64"}:  # TensorFlow Serving's way to write bytes
        cell = cell["b64"]
    if not isinstance(cell, str):
        return Recording(
            name, None, f"found {type(cell).__name__} in {COLUMN!r}, expected the bytes of a file in base64"
        )
    begin = _DATA_URL.match(cell)
    text = re.sub(r"\s", "", cell[begin.end() :] if begin else cell)
    try:
        return Recording(name, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return Recording(
            name,
            None,
            f"found {cell[:24]!r} in {COLUMN!r}, expected the bytes of a file in base64; no path or address is read",
        )


def _names(values: Mapping[str, Any] | Sequence[Any]) -> str:
    return ", ".join(repr(str(name)[:24]) for name in list(values)[:8]) or "none"
