"""What recording and compiling costs: seconds and memory, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.scalar.contest import CONTESTANTS, count
from benchmarks.scalar.programs import (
    Program,
    leapfrog_program,
    logistic_program,
    rosenbrock_program,
)

PROGRAMS = {
    "rosenbrock": rosenbrock_program,
    "leapfrog": leapfrog_program,
    "logistic": logistic_program,
}


class Cost(NamedTuple):
    """The first compilation of a process, and one of a program when all is loaded.

    first    seconds to import what compiling needs and to compile tiny programs
    seconds  to record and compile the program
    memory   bytes by which the peak of resident memory grew meanwhile
    nodes    recorded operations
    """

    first: float
    seconds: float
    memory: int
    nodes: int


def cost(name: str, kind: str, size: int) -> Cost:
    """What a contestant needs for a program, measured by a new process."""
    command = [sys.executable, "-m", "benchmarks.scalar.compiling", name, kind, str(size)]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Cost(*json.loads(ran.stdout.splitlines()[-1]))


def measure(name: str, kind: str, size: int) -> Cost:
    build = CONTESTANTS[name][1]
    start = time.process_time()
    for make in PROGRAMS.values():
        build(make(20))
    first = time.process_time() - start
    program: Program = PROGRAMS[kind](size)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = resident_peak()
    start = time.process_time()
    built = build(program)
    seconds = time.process_time() - start
    memory = resident_peak() - before
    assert built is not None
    return Cost(first, seconds, memory, count(program))


def resident_peak() -> int:
    """Peak of the resident bytes; unlike getrusage's it does not begin with the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
