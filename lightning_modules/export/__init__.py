"""Detectors in, forms out that score waveforms without this package: TorchScript, ONNX, and their quantizations."""
