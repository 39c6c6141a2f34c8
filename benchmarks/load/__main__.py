"""Load and scale, section 6 of the semantics: `python -m benchmarks.load`, or `... L1 L6`.

Every scenario runs in a process of its own, so that its memory and its crash are its own; it
asserts that the result is right and prints its figures, each beside its goal. The exit status
is 1 if a goal is missed. Seconds are those of the processor, except where a user waits (exit,
Ctrl-C). All rows take about two and a half minutes and 2 GB. Memory is read from /proc: Linux only.
Needs the extra `bench`, for the network of `benchmarks.eager`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks import parser
from benchmarks.load import live, memory, shapes

ROWS: dict[str, list[Callable[[], None]]] = {
    "L1": [shapes.chain_of_10_million, shapes.chain_without_gc, shapes.chain_in_a_thread],
    "L2": [
        shapes.wide_tree, shapes.left_deep_sums, shapes.one_leaf_everywhere, shapes.random_dag,
    ],
    "L3": [memory.bytes_per_operation, memory.peak_of_a_chain],
    "L4": [memory.hundred_thousand_steps, memory.lines_that_keep_memory],
    "L5": [live.live_chain, live.compiled_chain, live.exit_with_a_live_chain],
    "L6": [live.interrupts],
    "L7": [memory.cost_of_the_collector],
    "L8": [memory.out_of_memory],
    "G22": [live.eight_threads],
}  # fmt: skip


def alone(scenario: Callable[[], None]) -> bool:
    """Whether the scenario, in a process of its own, ended well and met its goals."""
    command = [sys.executable, "-m", "benchmarks.load", "--alone", scenario.__name__]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    missed = False
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        missed |= line.endswith("MISSED\n")
    if process.wait():
        print(f"  {scenario.__name__}: exit status {process.returncode}  MISSED")
    return not missed and not process.returncode


def main(arguments: list[str]) -> int:
    options = parser("load", __doc__)
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"one of {', '.join(ROWS)}")
    options.add_argument("--alone", metavar="SCENARIO", help="run this one in this process")
    given = options.parse_args(arguments)
    if given.alone:
        {f.__name__: f for row in ROWS.values() for f in row}[given.alone]()
        return 0
    unknown = set(given.rows) - set(ROWS)
    if unknown:
        options.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    met = True
    for row in given.rows or ROWS:
        print(row)
        for scenario in ROWS[row]:
            met &= alone(scenario)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
