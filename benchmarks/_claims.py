"""Two ways to do one thing in, the ratio of their times out: what every benchmark here is made of.

The ways take turns in one process, since the machines are shared: a busy neighbour then slows both. The ratio is the
median over the turns.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Claim(NamedTuple):
    """A ratio that was measured, and what it has to be at least."""

    name: str
    ratio: float
    target: float

    @property
    def holds(self) -> bool:
        """Whether it is reached."""
        return self.ratio >= self.target


def speedup(
    ours: Callable[[], object], theirs: Callable[[], object], turns: int, *, ours_per: int = 1, theirs_per: int = 1
) -> float:
    """How many times as fast ours is, where one call does so many units of the same work."""
    ratios = []
    for _ in range(turns):
        ours_s, theirs_s = _seconds(ours) / ours_per, _seconds(theirs) / theirs_per
        ratios.append(theirs_s / ours_s)
    return statistics.median(ratios)


def processor_seconds(work: Callable[[], object], turns: int) -> float:
    """Median processor time of a call, all threads together."""
    times = []
    for _ in range(turns):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main(measure: Callable[[bool], Sequence[Claim]], description: str) -> None:
    """Measure, print the claims, and end with exit code 1 when one fails."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer turns, within a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    claims = measure(options.quick)
    if options.json:
        print(json.dumps({"claims": [{**claim._asdict(), "holds": claim.holds} for claim in claims]}))
    else:
        for claim in claims:
            verdict = "holds" if claim.holds else "FAILS"
            print(f"{verdict}  {claim.ratio:9.2f} x (at least {claim.target:g})  {claim.name}")
    sys.exit(not all(claim.holds for claim in claims))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
