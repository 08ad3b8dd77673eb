"""A verdict of three windows, that tests of words and pictures share."""

from experiments.inference import Verdict

VERDICT = Verdict(
    score=-3.0,
    probability=0.047,
    decision="spoof",
    threshold=0.0,
    duration_s=8.0,
    windows=[-4.0, -5.0, 0.5],
    starts_s=[0.0, 2.0, 4.0],
    window_s=4.0,
    sample_rate_hz=16000,
    channels=1,
    clipped_share=0.0,
    level_dbfs=-20.0,
    bandwidth_hz=8000.0,
    warnings=["quiet: 60% of it is below -60 dB of full scale"],
)
