"""Score a recording with nothing but onnxruntime, numpy and soundfile: python onnx_example.py form.onnx speech.flac."""

import sys

import numpy as np
import onnxruntime
import soundfile

model = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
facts = model.get_modelmeta().custom_metadata_map
waveform, rate_hz = soundfile.read(sys.argv[2], dtype="float32", always_2d=True)
if rate_hz != int(facts["sample_rate_hz"]):
    sys.exit(f"{sys.argv[2]}: found {rate_hz} Hz, expected {facts['sample_rate_hz']}: resample it first")
window, hop = (round(float(facts[name]) * rate_hz) for name in ("window_s", "hop_s"))
speech = waveform.mean(axis=1)
speech = np.resize(speech, max(window, len(speech)))  # shorter than a window: repeated
starts = [*range(0, len(speech) - window, hop), len(speech) - window]
scores = [model.run(["score"], {"waveform": speech[None, start : start + window]})[0][0] for start in starts]
llr = float(facts["calibration_scale"]) * float(np.mean(scores)) + float(facts["calibration_offset"])
print(f"{llr:.4f}", "bonafide" if llr > float(facts["threshold"]) else "spoof")
