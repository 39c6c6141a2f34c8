"""Fuzzing for a given time: `python -m tests.fuzz expressions --minutes 10`.

Examples are drawn by hypothesis, batch by batch, each from a seed of its own. The first
finding (an exception that is not documented, or an example that takes more than 5 seconds) is
shrunk and printed, and ends the command with status 1; a crash names its batch by the seed on
the last line. `targets.py` says what is fuzzed.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from types import FrameType

try:
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis.errors import HypothesisWarning
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    raise SystemExit("hypothesis is not installed; run: pip install '.[test]'") from None

from .target import Target
from .targets import TARGETS

LONGEST = 5.0  # seconds for one example; a reader needs a millisecond
MEMORY = 4 * 2**30  # bytes of address space


class HangError(Exception):
    """An example took longer than LONGEST."""


def main() -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--batch", type=int, default=1000, help="examples of one seed")
    options = parser.parse_args()
    warnings.simplefilter("ignore", HypothesisWarning)  # of the sizes of strategies
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, on_alarm)
    return fuzz(options.target, 60.0 * options.minutes, options.seed, options.batch)


def on_alarm(number: int, frame: FrameType | None) -> None:
    raise HangError(f"no answer after {LONGEST} s")


def fuzz(name: str, seconds: float, first_seed: int, size: int) -> int:
    """Batches until the time is over or something is found, then the figures."""
    start, answers, slowest, batch = time.monotonic(), Counter[str](), 0.0, first_seed
    try:
        while time.monotonic() - start < seconds:
            print(f"\r{name}: batch {batch}, {answers.total():,} examples", end="", flush=True)
            slowest = max(slowest, run_batch(TARGETS[name], batch, size, answers))
            batch += 1
    finally:
        took = time.monotonic() - start
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in answers.most_common())
        print(f"\n{answers.total():,} examples in {took:.0f} s: {kinds}; slowest {slowest:.3f} s")
    return 0


def run_batch(target: Target, number: int, size: int, answers: Counter[str]) -> float:
    """Count the answers to one batch of examples; the time of the slowest."""
    slowest = 0.0

    @seed(number)
    @settings(
        max_examples=size, database=None, deadline=None, print_blob=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(target.examples)
    def batch(example: object) -> None:
        nonlocal slowest
        # a loop in C hears no signal: the backstop names the line and ends the process
        faulthandler.dump_traceback_later(4.0 * LONGEST, exit=True)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        start = time.perf_counter()
        try:
            answers[target.run(example)] += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, time.perf_counter() - start)

    batch()
    return slowest


if __name__ == "__main__":
    sys.exit(main())
