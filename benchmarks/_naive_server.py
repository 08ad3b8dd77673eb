"""A checkpoint in, an endpoint out as tutorials write it, for benchmarks/serving.py: librosa, eager torch, one process.

`python benchmarks/_naive_server.py CHECKPOINT PORT`.
"""

import io
import sys
from typing import Annotated

import librosa
import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, UploadFile

from lightning_modules.detector import Detector

SAMPLES = 64_000


def application(checkpoint: str) -> FastAPI:
    """Return the application."""
    detector = Detector.from_file(checkpoint)
    app = FastAPI()

    @app.post("/invocations")
    def score(audio: Annotated[UploadFile, "a recording"]) -> dict[str, float | str]:
        waveform, rate_hz = librosa.load(io.BytesIO(audio.file.read()), sr=16_000)
        waveform = np.resize(waveform, SAMPLES)
        power = librosa.feature.melspectrogram(
            y=waveform, sr=rate_hz, n_fft=512, win_length=400, hop_length=160, n_mels=80, center=False
        )
        features = torch.from_numpy(np.log(np.maximum(power, 1e-10))).float().unsqueeze(0)
        with torch.no_grad():
            logits = detector.network(detector.normalisation(features))
        llr = float(logits[0, 1] - logits[0, 0])
        return {"score": llr, "probability": 1 / (1 + np.exp(-llr)), "decision": "bonafide" if llr > 0 else "spoof"}

    return app


if __name__ == "__main__":
    uvicorn.run(application(sys.argv[1]), port=int(sys.argv[2]), log_level="warning")
