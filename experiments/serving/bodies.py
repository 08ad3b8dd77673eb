"""An HTTP request in, its recordings and parameters out: JSON, a form with files, or the bytes of one file."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from experiments.answers import Recording
from experiments.serving.messages import MessageError, read_json

_JSON, _FORM = "application/json", "multipart/form-data"
_BARE = ("audio/", "video/", "application/octet-stream", "application/ogg", "application/x-flac")
_MAX_FIELDS, _MAX_FIELD_BYTES = 16, 4096
_LONGEST_NAME = 100

Reading = Callable[[], tuple[list[Recording], Mapping[str, Any]]]


class UnsupportedError(ValueError):
    """A body of a type that is not read."""


async def received(request: Request, max_recordings: int) -> Reading:
    """Take in a body, and return what reads it: to be called outside the event loop, since it may be long.

    Args:
        request: parameters may also stand in its address.
        max_recordings: that it may hold.

    Raises:
        UnsupportedError: its content type is none of those that are read.
        MessageError: a form without files, or with too many.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    address = dict(request.query_params)
    if kind == _JSON:
        return partial(_json, await request.body(), max_recordings, address)
    if kind == _FORM:
        limits = {"max_files": max_recordings, "max_fields": _MAX_FIELDS, "max_part_size": _MAX_FIELD_BYTES}
        async with request.form(**limits) as form:
            recordings, fields = await _uploaded(form)
        return lambda: (recordings, {**address, **fields})
    if kind.startswith(_BARE):
        bare = [Recording("recording", await request.body())]
        return lambda: (bare, address)
    raise UnsupportedError(
        f"found the content type {kind[:60] or 'none'!r}, expected {_JSON} with audio in base64, {_FORM} with files, "
        "or audio/* with the bytes of one file"
    )


def _json(body: bytes, max_recordings: int, address: Mapping[str, Any]) -> tuple[list[Recording], Mapping[str, Any]]:
    recordings, params = read_json(body, max_recordings)
    return recordings, {**address, **params}


async def _uploaded(form: FormData) -> tuple[list[Recording], dict[str, Any]]:
    recordings: list[Recording] = []
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            recordings.append(Recording((value.filename or name)[:_LONGEST_NAME], await value.read()))
        else:
            fields[name] = value
    if not recordings:
        raise MessageError("found a form without files, expected one or more: curl -F audio=@recording.wav")
    return recordings, fields
