"""A tiny untrained countermeasure in a folder, speech in many formats, hostile bodies: what tests of serving share."""

import base64
import io
import json
import wave
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch

from experiments.inference import OperatingPoint, save
from lightning_modules.detector import SPECIFICATIONS_KEY, Detector
from lightning_modules.frontends import LogMel
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.cnn import SpectrogramCNN
from tests.encodings import RATE_HZ, by_ffmpeg, by_libsndfile

BOUNDARY = "a-boundary-that-no-recording-holds"


def tiny_countermeasure(folder: Path, seed: int = 0, threshold: float = 0.0) -> Path:
    """Write what `Countermeasure.load` reads."""
    torch.manual_seed(seed)
    detector = Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), crop_s=1.0)
    checkpoint = folder / f"{seed}.ckpt"
    values = {"state_dict": detector.state_dict(), SPECIFICATIONS_KEY: detector.specifications.to_dict()}
    torch.save({**values, "pytorch-lightning_version": pl.__version__}, checkpoint)
    save(folder / f"countermeasure{seed}", checkpoint, OperatingPoint(Calibration(2.0, 0.5), threshold, "a test's"))
    return folder / f"countermeasure{seed}"


def formats(speech: np.ndarray) -> dict[str, bytes]:
    """The same speech in files of every common format."""
    return {
        "a.wav": by_libsndfile(speech, "WAV", "PCM_16"),
        "a.flac": by_libsndfile(speech, "FLAC", "PCM_16"),
        "a.mp3": by_ffmpeg(speech, "libmp3lame", "mp3"),
        "a.ogg": by_libsndfile(speech, "OGG", "VORBIS"),
        "a.opus": by_ffmpeg(speech, "libopus", "ogg", 48000),
        "a.m4a": by_ffmpeg(speech, "aac", "mp4"),
        "a.webm": by_ffmpeg(speech, "libopus", "webm", 48000),
    }


def hostile_files(speech: np.ndarray) -> dict[str, bytes]:
    """Files that hold no usable sound, or claim what they do not hold."""
    whole = formats(speech)
    gigabyte = b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\xff\xff\xff\x7f"
    hours = io.BytesIO()
    with wave.open(hours, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(1000)
        file.writeframes(b"\x80" * 700_000)  # 700 s
    return {
        "empty.wav": b"",
        "gigabyte.wav": gigabyte,
        "long.wav": hours.getvalue(),
        "cut.flac": whole["a.flac"][: len(whole["a.flac"]) // 2],
        "cut.m4a": whole["a.m4a"][:300],
        "head.webm": whole["a.webm"][:64],
        "playlist.m3u8": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "list.txt": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "address.sdp": b"http://127.0.0.1:1/a.wav",
        "silence.wav": by_libsndfile(np.zeros(RATE_HZ, np.float32), "WAV", "PCM_16"),
        "short.wav": by_libsndfile(speech[:800], "WAV", "PCM_16"),
        "../../etc/passwd": b"../../etc/passwd",
    }


def hostile_bodies() -> dict[str, tuple[str, bytes]]:
    """Content types and bodies that are no requests."""
    text = "application/json"
    return {
        "empty": (text, b""),
        "deep": (text, b"[" * 100_000),
        "deep and balanced": (text, b'{"inputs":' + b"[" * 3000 + b"]" * 3000 + b"}"),
        "no JSON": (text, b"\xff\xfe\0audio"),
        "a number": (text, b"1"),
        "a list": (text, b"[1]"),
        "no rows": (text, b'{"dataframe_records": []}'),
        "two forms": (text, b'{"inputs": {"audio": ["AA=="]}, "instances": []}'),
        "many values": (text, b'{"inputs": [' + b"1," * 200_000 + b"1]}"),
        "a path": (text, b'{"dataframe_split": {"columns": ["path"], "data": [["/etc/passwd"]]}}'),
        "NaN": (text, b'{"inputs": {"audio": ["AA=="]}, "params": {"threshold": NaN}}'),
        "infinite hop": (text, b'{"inputs": {"audio": ["AA=="]}, "params": {"hop_s": 1e999}}'),
        "a hop beyond the model's own window": (text, b'{"inputs": {"audio": ["AA=="]}, "params": {"hop_s": 1.5}}'),
        "tiny hop": (text, b'{"inputs": {"audio": ["AA=="]}, "params": {"hop_s": 1e-9}}'),
        "a huge number": (text, b'{"inputs": {"audio": ["AA=="]}, "params": {"hop_s": ' + b"9" * 5000 + b"}}"),
        "another parameter": (text, b'{"inputs": {"audio": ["AA=="]}, "params": {"model": "/etc/passwd"}}'),
        "params of a list": (text, b'{"inputs": {"audio": ["AA=="]}, "params": [1]}'),
        "CSV": ("text/csv", b"audio\n/etc/passwd\n"),
        "Parquet": ("application/vnd.apache.parquet", b"PAR1"),
        "no type": ("", b"x"),
        "a form without a boundary": ("multipart/form-data", b"x"),
        "a form without files": (f"multipart/form-data; boundary={BOUNDARY}", b"--" + BOUNDARY.encode() + b"--\r\n"),
        "a broken form": (f"multipart/form-data; boundary={BOUNDARY}", b"--" + BOUNDARY.encode() + b"\r\nnonsense"),
    }


def as_json(*contents: bytes, **params: float) -> tuple[str, bytes]:
    """The content type and body of a request by MLflow's protocol."""
    rows = [[base64.b64encode(content).decode()] for content in contents]
    message = {"dataframe_split": {"columns": ["audio"], "data": rows}, "params": params}
    return "application/json", json.dumps(message).encode()


def as_form(files: dict[str, bytes], **fields: float) -> tuple[str, bytes]:
    """The content type and body of a form with files."""
    parts = [(f'name="audio"; filename="{name}"', content) for name, content in files.items()]
    parts += [(f'name="{name}"', str(value).encode()) for name, value in fields.items()]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    return f"multipart/form-data; boundary={BOUNDARY}", body + f"--{BOUNDARY}--\r\n".encode()
