"""Sheet code: one statement over sheets as LLVM IR, a nest of loops.

Neighbouring lengths that every operand runs through without a gap become one loop; the
innermost takes a whole register at a time where the numbers lie side by side.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_lite.compiler.machine import Builder, Register
from autograd_lite.compiler.sheets import Unsupported, View, Width
from autograd_lite.compiler.vectors import lanes_of, sum_of_lanes, vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd_lite.compiler.sheets import Symbol

    Fold = Callable[[Builder], Callable[[Any, Any], Any]]


class Extent(NamedTuple):
    """A length or a stride: so many padded batches and so many numbers."""

    batches: int
    numbers: int

    def times(self, n: int) -> Extent:
        """n of it."""
        return Extent(self.batches * n, self.numbers * n)


class Loop(NamedTuple):
    """One loop: how often, and per operand how far it moves; its tables of rows, by operand."""

    turns: Extent
    moves: tuple[Extent, ...]
    tables: tuple[str, ...]

    @property
    def lies_together(self) -> bool:
        """Whether whole registers can be read and written."""
        side_by_side = all(m in (_ONE, _STILL) for m in self.moves) and not any(self.tables)
        return side_by_side and self.moves[0] == _ONE


_STILL, _ONE = Extent(0, 0), Extent(0, 1)


def _loops(shape: Sequence[Any], operands: Sequence[View]) -> list[Loop]:
    """A loop per length above 1, and per length with a table."""
    found = []
    for i, n in enumerate(shape):
        turns = Extent(n.columns, 0) if isinstance(n, Width) else Extent(0, n)
        moves, tables = [], []
        for view in operands:
            at = i - (len(shape) - len(view.shape))
            picked = view.table if at == 0 else ""
            if picked and view.shape[0] != n:
                raise Unsupported("one picked row for many")
            still = at < 0 or (view.shape[at] == 1 and not picked)
            moves.append(_STILL if still else _move(view, at))
            tables.append(picked)
        if turns != _ONE or any(tables):
            found.append(Loop(turns, tuple(moves), tuple(tables)))
    return found


def _move(view: View, at: int) -> Extent:
    if isinstance(view.shape[at], Width):
        return _ONE
    stride = view.strides[at]
    return Extent(stride, 0) if view.sheet.varying else Extent(0, stride)


def _merged(loops: list[Loop]) -> list[Loop]:
    """Loops that run through every operand without a gap as one."""
    found: list[Loop] = []
    for loop in loops:
        outer = found[-1] if found else None
        if (
            outer
            and not any(outer.tables + loop.tables)
            and outer.turns.batches == 0
            and all(a == _along(b, loop.turns) for a, b in zip(outer.moves, loop.moves))
        ):
            found[-1] = Loop(loop.turns.times(outer.turns.numbers), loop.moves, loop.tables)
        else:
            found.append(loop)
    return found


def _along(move: Extent, count: Extent) -> Extent | None:
    """How far an operand has moved after a whole loop; None where no extent says it."""
    if count.batches and move.batches:
        return None
    if count.batches:
        return Extent(move.numbers * count.batches, 0)
    return move.times(count.numbers)


class _Body:
    """The lines of a function with nested loops."""

    def __init__(self, element: str) -> None:
        self.element = element
        self.lanes = lanes_of(element)
        self.builder = Builder(lanes=self.lanes, element=element)
        self.lines = self.builder.lines
        self._count = 0

    @contextmanager
    def wide(self, lanes: int) -> Iterator[None]:
        """Registers of so many lanes."""
        before = self.builder
        self.builder = before.of(lanes)
        yield
        self.builder = before

    @contextmanager
    def loop(
        self, start: int, count: str, step: int = 1, carried: Any = None
    ) -> Iterator[_Carried]:
        """Statements for every `step`-th index from start to below count, at least once."""
        self._count += 1
        n, builder = self._count, self.builder
        index = f"%i{n}"
        carry = _Carried(index, Register(builder, f"%carried{n}"))
        self.lines += [
            f"  br label %before{n}",
            f"before{n}:",
            f"  br label %loop{n}",
            f"loop{n}:",
            f"  {index} = phi i64 [ {start}, %before{n} ], [ %next{n}, %again{n} ]",
        ]
        at = len(self.lines)
        if carried is not None:
            self.lines.append("")
        with builder.scope():
            yield carry
        if carried is not None:
            self.lines[at] = (f"  %carried{n} = phi {builder.kind} "
                              f"[ {builder.text(carried)}, %before{n} ], "
                              f"[ {builder.text(carry.value)}, %again{n} ]")  # fmt: skip
        self.lines += [
            f"  br label %again{n}", f"again{n}:", f"  %next{n} = add i64 {index}, {step}",
            f"  %more{n} = icmp slt i64 %next{n}, {count}",
            f"  br i1 %more{n}, label %loop{n}, label %after{n}", f"after{n}:",
        ]  # fmt: skip

    def extent(self, extent: Extent) -> str:
        """The number, in a register where it depends on the batch."""
        if not extent.batches:
            return str(extent.numbers)
        return self.builder.emit(f"mul i64 %P, {extent.batches}")

    def pointer(self, view: View, loops: Sequence[tuple[Loop, str]], operand: int) -> str:
        """Where an operand stands at these indices."""
        emit = self.builder.emit
        first = str(view.start)
        rows, numbers = (first, "0") if view.sheet.varying else ("0", first)
        for loop, index in loops:
            move, table = loop.moves[operand], loop.tables[operand]
            if table:
                entry = emit(f"getelementptr i64, ptr {table}, i64 {index}")
                index = emit(f"load i64, ptr {entry}")
            if move.batches:
                rows = _sum(emit, rows, _times(emit, index, move.batches))
            if move.numbers:
                numbers = _sum(emit, numbers, _times(emit, index, move.numbers))
        if rows != "0":
            numbers = _sum(emit, emit(f"mul i64 {rows}, %P"), numbers)
        return emit(f"getelementptr {self.element}, ptr {view.sheet.base}, i64 {numbers}")

    def read(self, x: Any, operands: Sequence[View], loops: Sequence[tuple[Loop, str]]) -> Any:
        """The value of a symbol at these indices; the last loop may run along the lanes."""
        if not hasattr(x, "value"):
            return x

        def load(view: View) -> Any:
            operand = next(i for i, v in enumerate(operands) if v is view)
            pointer = self.pointer(view, loops, operand)
            if loops and loops[-1][0].moves[operand] == _ONE and not loops[-1][0].tables[operand]:
                return self.builder.load(pointer)
            return self.builder.load_static(pointer)

        return x.value(self.builder, load)


class _Carried:
    """What one turn of a loop hands to the next."""

    def __init__(self, index: str, value: Any) -> None:
        self.index = index
        self.value = value


def _times(emit: Callable[..., str], index: str, n: int) -> str:
    return index if n == 1 else emit(f"mul i64 {index}, {n}")


def _sum(emit: Callable[..., str], a: str, b: str) -> str:
    if "0" in (a, b):
        return b if a == "0" else a
    return emit(f"add i64 {a}, {b}")


def _operands(out: View, x: Any) -> list[View]:
    """out and the views that x reads, each once."""
    found = [out]
    for view in x.views() if hasattr(x, "views") else ():
        if all(view is not v for v in found):
            found.append(view)
    return found


def _each(code: _Body, loops: list[Loop], body: Callable[[list[tuple[Loop, str]]], None]) -> None:
    """The body in the innermost of these loops, in whole registers where possible."""
    _outer(code, loops[:-1], [], loops[-1] if loops else None, body)


def _outer(
    code: _Body, loops: list[Loop], at: list[tuple[Loop, str]], inner: Loop | None,
    body: Callable[[list[tuple[Loop, str]]], None],
) -> None:  # fmt: skip
    if loops:
        with code.wide(1), code.loop(0, code.extent(loops[0].turns)) as turn:
            _outer(code, loops[1:], [*at, (loops[0], turn.index)], inner, body)
    elif inner is None:
        with code.wide(1):
            body(at)
    elif inner.lies_together:
        n = inner.turns.numbers
        full = n // code.lanes * code.lanes
        if not n or full:
            count = code.extent(inner.turns) if not n else str(full)
            with code.wide(code.lanes), code.loop(0, count, code.lanes) as turn:
                body([*at, (inner, turn.index)])
        if full < n:
            with code.wide(1), code.loop(full, str(n)) as turn:
                body([*at, (inner, turn.index)])
    else:
        with code.wide(1), code.loop(0, code.extent(inner.turns)) as turn:
            body([*at, (inner, turn.index)])


def assignment(out: View, x: Any, element: str) -> list[str]:
    """Statements that compute x into out, place by place."""
    operands = _operands(out, x)
    code = _Body(element)

    def body(at: list[tuple[Loop, str]]) -> None:
        value = code.read(x, operands, at)
        code.builder.store(value, code.pointer(out, at, 0))

    _each(code, _merged(_loops(out.shape, operands)), body)
    return code.lines


def folded(out: View, x: Symbol, fold: Fold, element: str) -> list[str]:
    """Statements that fold x over its first length into out, from left to right."""
    operands = _operands(out, x)
    code = _Body(element)
    k, *rest = x.shape
    # out has no first length, so that it stands still there
    first = _loops([k] + [1] * len(rest), operands)
    loops = _merged(_loops(rest, [_tail(v, len(x.shape)) for v in operands]))

    def body(at: list[tuple[Loop, str]]) -> None:
        builder = code.builder
        total = _lifted(builder, code.read(x, operands, _under(first, "0", at)))
        if first:
            with code.loop(1, str(k), carried=total) as turn:
                here = _under(first, turn.index, at)
                turn.value = _lifted(
                    builder, fold(builder)(turn.value, code.read(x, operands, here))
                )
            total = turn.value
        builder.store(total, code.pointer(out, at, 0))

    _each(code, loops, body)
    return code.lines


def _under(first: list[Loop], index: str, at: list[tuple[Loop, str]]) -> list[tuple[Loop, str]]:
    """The places of the other loops after this one's."""
    return [*[(loop, index) for loop in first], *at]


def _tail(view: View, lengths: int) -> View:
    """The view without its first length, where it has all lengths of the expression."""
    if len(view.shape) < lengths:
        return view
    if view.table:
        raise Unsupported("a reduction over picked rows")
    return View(view.sheet, view.start, view.shape[1:], view.strides[1:], view.recorder)


def _lifted(builder: Builder, x: Any) -> Register:
    return Register(builder, builder.text(x))


def over_samples(out: View, x: Symbol, element: str) -> list[str]:
    """Statements that add x over all samples into out (n, 1)."""
    operands = _operands(out, x)
    code = _Body(element)
    lanes, kind = code.lanes, vector(code.lanes, element)
    *outer, along = _loops(x.shape, operands)
    function = f"@{sum_of_lanes(lanes, element)}"
    zero = _lifted(code.builder, 0.0)

    def body(at: list[tuple[Loop, str]]) -> None:
        with code.wide(lanes):
            with code.loop(0, code.extent(along.turns), lanes, carried=zero) as turn:
                here = [*at, (along, turn.index)]
                turn.value = turn.value + code.read(x, operands, here)
            total = code.builder.name()
            code.lines.append(f"  {total} = call reassoc {element} {function}"
                              f"({element} 0.0, {kind} {turn.value.text})")  # fmt: skip
        code.builder.store(Register(code.builder, total), code.pointer(out, at, 0))

    def nest(loops: list[Loop], at: list[tuple[Loop, str]]) -> None:
        if loops:
            with code.wide(1), code.loop(0, code.extent(loops[0].turns)) as turn:
                nest(loops[1:], [*at, (loops[0], turn.index)])
        else:
            with code.wide(1):
                body(at)

    nest(_merged(outer), [])
    return code.lines


def place(view: View, name: str, element: str) -> list[str]:
    """Statements that put into a register where a view begins."""
    offset, lines = str(view.start), []
    if view.sheet.varying:
        offset = f"{name}.rows"
        lines.append(f"  {offset} = mul i64 %P, {view.start}")
    return [*lines, f"  {name} = getelementptr {element}, ptr {view.sheet.base}, i64 {offset}"]
