"""Network configs in, a Markdown table of what each costs for a clip of 4 s on one thread out: for networks.md.

Latencies take turns in one process; the memory of each is of a process of its own.
"""

import statistics
import subprocess
import sys
from pathlib import Path

import torch

from experiments.inference_cost import clip, score_seconds
from experiments.model_summary import read_detector
from lightning_modules.cost import count_macs, count_parameters
from lightning_modules.detector import Detector
from lightning_modules.fusing import fused_detector
from lightning_modules.metrics.calibration import Calibration, equal_weights

CONFIGS = Path(__file__).resolve().parent.parent / "experiments" / "configs"
FUSED = " + "
NETWORKS = (
    *("cnn", "resnet18", "lcnn", "lcnn_lstm", "rawnet2_small", "rawnet2_2021", "aasist", "aasist_l"),
    f"cnn{FUSED}rawnet2_small",
)
TURNS = 15
CLIP = clip(16_000)
PERCENTILES = 20  # the last of 20 cuts is the 95th


def detector_of(network: str) -> Detector:
    """The detector of a network's config, or of several fused, untrained: its cost is that of a trained one."""
    if FUSED in network:
        members = [detector_of(member) for member in network.split(FUSED)]
        return fused_detector(members, [Calibration()] * len(members), equal_weights(len(members)))
    return read_detector([f"--config={CONFIGS / 'minispoof.yaml'}", f"--config={CONFIGS / network}.yaml"]).eval()


def memory_mb(network: str) -> float:
    """How much a fresh process grows by making a detector and scoring a clip, at its largest."""
    told = subprocess.run([sys.executable, __file__, network], check=True, capture_output=True, text=True)
    return float(told.stdout)


def growth_mb(network: str) -> float:
    """The same, of this process."""
    before = _peak_kib()
    score_seconds(detector_of(network), CLIP)
    return (_peak_kib() - before) / 1024


def _peak_kib() -> int:
    """Peak of this program's memory; what `getrusage` tells is at least that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def table() -> str:
    """Measure every network."""
    detectors = {network: detector_of(network) for network in NETWORKS}
    times: dict[str, list[float]] = {network: [] for network in NETWORKS}
    for turn in range(TURNS + 1):
        for network, detector in detectors.items():
            taken = score_seconds(detector, CLIP)
            if turn:  # the first warms up
                times[network].append(1000 * taken)
    lines = [
        "| network | parameters | MACs, million | latency p50, ms | p95, ms | memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    for network, detector in detectors.items():
        macs = count_macs(detector, CLIP) / 1e6
        parameters = count_parameters(detector.network).total
        p50, p95 = statistics.median(times[network]), statistics.quantiles(times[network], n=PERCENTILES)[-1]
        lines.append(f"| {network} | {parameters:,} | {macs:,.0f} | {p50:.0f} | {p95:.0f} | {memory_mb(network):.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"{growth_mb(sys.argv[1]):.1f}" if len(sys.argv) > 1 else table())
