"""The command: its options, its table of figures, its lists of equivalents and survivors."""

from __future__ import annotations

import argparse
import time
from collections import Counter

from autograd_lite import OPS
from mutation.kernels import kernel_mutants
from mutation.mutants import Mutant, mutants
from mutation.trial import SUBSET, SURVIVED, Trial, Verdict, run


def main() -> int:
    """Try mutants and print the report; 1 if any survives, 2 where tests are red without."""
    options = _options()
    began = time.perf_counter()
    trial = run(chosen(options.rows), options.workers)
    if trial.unmutated.status != SURVIVED:
        print(f"without a mutant the tests must be green; red is {trial.unmutated.words}")
        return 2
    print_report(trial, options.killers)
    print(f"{time.perf_counter() - began:.0f} s, {options.workers} at a time")
    return int(any(v.survived for v in trial.verdicts))


def chosen(rows: list[str]) -> list[Mutant]:
    """The mutants of some rows, of all if none is named."""
    return [m for m in (*mutants(), *kernel_mutants()) if not rows or {*rows} & {*m.rows}]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m tests.mutation",
        description="Change every rule; each change must turn a test red.",
    )
    parser.add_argument("rows", nargs="*", choices=[*OPS, []], metavar="row", help="only these")
    parser.add_argument("--workers", type=int, default=1, help="children at a time")
    parser.add_argument("--killers", action="store_true", help="print the test that failed, too")
    return parser.parse_args()


def print_report(trial: Trial, killers: bool) -> None:
    if killers:
        _print_list("killed", [v for v in trial.verdicts if v.killed])
    _print_list("equivalent: no number differs", [v for v in trial.verdicts if v.equivalent])
    survivors = [v for v in trial.verdicts if v.survived]
    _print_list("SURVIVED", survivors)
    parts = Counter(_kind(v) for v in trial.verdicts if not v.equivalent)
    killed = Counter(_kind(v) for v in trial.verdicts if v.killed)
    for part, total in parts.items():
        print(f"{part:12} {killed[part]:5} of {total:5} killed")
    total, dead = parts.total(), killed.total()
    print(f"{len(trial.verdicts)} mutants, {len(trial.verdicts) - total} equivalent")
    print(f"tests: {', '.join(SUBSET)}")
    print(f"kill rate {100.0 * dead / max(total, 1):.1f} % ({dead} of {total})")


def _kind(verdict: Verdict) -> str:
    """rules, textbook, select, domain, array, ...; a function of the table counts as a function."""
    part = verdict.mutant.part.split("[")[0]
    return part if hasattr(OPS["add"], part) else "functions"


def _print_list(title: str, verdicts: list[Verdict]) -> None:
    print(f"--- {title}: {len(verdicts)}")
    for verdict in verdicts:
        print(f"  {verdict}")
    print()
