"""What `Program.explain_plan` says: how a graph was taken apart, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd_lite.compiler.loops import Loop
from autograd_lite.compiler.tape import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd_lite.compiler.block import Block
    from autograd_lite.compiler.plan import Group

_LOOPS_SHOWN = 5


def account(recorded: int, simplified: int, why: str, groups: Sequence[Group], dense: bool) -> str:
    """Lines of text: nodes, the choice of executor, native blocks with their loops, arrays."""
    lines = [
        f"{_count(recorded, 'node')} recorded, {simplified:,} after simplification.",
        f"{why}.",
    ]
    arrays = [group for group in groups if not isinstance(group.kind, Output)]
    if arrays:
        nodes = sum(len(group.nodes) for group in arrays)
        way = "machine code" if dense else "arrays"
        lines.append(f"As {way}: {_count(nodes, 'node')} in {_count(len(arrays), 'group')}.")
    for group in groups:
        if isinstance(group.kind, Output):
            lines += _block(group.kind.block, group.varying)
    return "\n".join(lines)


def _block(block: Block, varying: bool) -> list[str]:
    nodes = len(block.native.layout.key)
    loops = [s for s in block.native.layout.segments if isinstance(s, Loop) and s.repeats > 1]
    covered = sum(loop.period * loop.repeats for loop in loops)
    lane = "for each sample" if varying else "once for all samples"
    lines = [f"Native code, {lane}: {_count(nodes, 'node')}, {covered / nodes:.1%} of them in "
             f"{_count(len(loops), 'loop')}."]  # fmt: skip
    for loop in sorted(loops, key=lambda s: -s.period * s.repeats)[:_LOOPS_SHOWN]:
        lines.append(f"  loop: {loop.repeats:,} times {_count(loop.period, 'node')}")
    if len(loops) > _LOOPS_SHOWN:
        lines.append(f"  ... and {_count(len(loops) - _LOOPS_SHOWN, 'smaller loop')}")
    plain = sum(
        s.period for s in block.native.layout.segments if isinstance(s, Loop) and s.repeats == 1
    )
    if plain:
        lines.append(f"  plain code: {_count(plain, 'node')}")
    runs = [s for s in block.native.layout.segments if not isinstance(s, Loop)]
    if runs:
        count, pieces = sum(len(r.nodes) for r in runs), sum(len(r.begins) - 1 for r in runs)
        lines.append(f"  interpreter: {_count(count, 'node')} in {_count(pieces, 'run')}")
    return lines


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
