"""Matrix code: what programs share, compiled once in a process.

Products of matrices, transposes, and the small loops around a batch, for sizes known at run time.
"""

from __future__ import annotations

from functools import cache
from threading import Lock

from autograd_lite.compiler.jit import Module
from autograd_lite.compiler.tile_code import products
from autograd_lite.compiler.vectors import lanes_of, size, sum_of_lanes, vector

#: Programs may be compiled in several threads, and all hold addresses of one module.
_LOCK = Lock()


def functions(element: str) -> dict[str, int]:
    """The addresses of `product`, `transpose`, `pad`, `seed` and `checked`, by their symbols.

    product(C, ci, A, ai, ap, B, bp, K, M, N)  C[i, j] = sum of A[i, p] B[p, j] over p < K, of
        the shape (M, N); A[i, p] stands at i*ai + p*ap, rows of B and C are bp and ci apart
    transpose(D, dr, S, sr, rows, columns)     D[c, r] = S[r, c]
    pad(D, dr, columns, n, width)              D[c, r] = D[c, n - 1] for n <= r < width
    seed(D, n, width, x)                       D[r] = x for r < n, 0 for n <= r < width
    checked(D, n, G, m)                        the sum of D; nan where one of G is inf or nan

    K and n are at least 1.
    """
    with _LOCK:
        module = _module(element)
    return {symbol(name, element): module.address(name)
            for name in ("product", "transpose", "pad", "seed", "checked")}  # fmt: skip


def declarations(element: str) -> str:
    """What a module that calls these declares."""
    kinds = {"product": "ptr, i64, ptr, i64, i64, ptr, i64, i64, i64, i64",
             "transpose": "ptr, i64, ptr, i64, i64, i64", "pad": "ptr, i64, i64, i64, i64",
             "seed": f"ptr, i64, i64, {element}", "checked": "ptr, i64, ptr, i64"}  # fmt: skip
    lanes = lanes_of(element)
    return "\n".join([
        f"declare {element} @{sum_of_lanes(lanes, element)}({element}, {vector(lanes, element)})",
        *[f"declare {'double' if name == 'checked' else 'void'} @{symbol(name, element)}({kind})"
          for name, kind in kinds.items()],
    ])  # fmt: skip


def symbol(name: str, element: str) -> str:
    """What other modules call one of `functions`."""
    return f"autograd_lite_{name}_{element}"


@cache
def _module(element: str) -> Module:
    """The module of these functions; it stays for as long as the process."""
    return Module("\n".join([products(element), _block(element), _transpose(element),
                             _pad(element), _seed(element), _checked(element)]))  # fmt: skip


def _loop(index: str, first: str, last: str, step: int, body: list[str]) -> list[str]:
    """The body for index = first, first + step, ... as long as it is below last; maybe never."""
    return [
        f"  br label %{index}.before", f"{index}.before:", f"  br label %{index}.test",
        f"{index}.test:",
        f"  %{index} = phi i64 [ {first}, %{index}.before ], [ %{index}.next, %{index}.step ]",
        f"  %{index}.more = icmp slt i64 %{index}, {last}",
        f"  br i1 %{index}.more, label %{index}.body, label %{index}.after", f"{index}.body:",
        *body, f"  br label %{index}.step", f"{index}.step:",
        f"  %{index}.next = add i64 %{index}, {step}", f"  br label %{index}.test",
        f"{index}.after:",
    ]  # fmt: skip


def _function(head: str, lines: list[str]) -> str:
    return "\n".join([f"define {head} {{", "entry:", *lines, "  ret void", "}"])


_MATRICES = "ptr noalias %D, i64 %dr, ptr noalias %S, i64 %sr"


def _transpose(element: str) -> str:
    """Square blocks by shuffles in registers, the edges number by number."""
    lanes = lanes_of(element)
    places = [
        "  %so = mul i64 %r, %sr", "  %so1 = add i64 %so, %c",
        f"  %s = getelementptr {element}, ptr %S, i64 %so1",
        "  %do = mul i64 %c, %dr", "  %do1 = add i64 %do, %r",
        f"  %d = getelementptr {element}, ptr %D, i64 %do1",
    ]  # fmt: skip
    copy = [*places, f"  %x = load {element}, ptr %s", f"  store {element} %x, ptr %d"]
    block = [*places, "  call void @block(ptr %d, i64 %dr, ptr %s, i64 %sr)"]
    edge = "call void @edge(ptr %D, i64 %dr, ptr %S, i64 %sr"
    return "\n".join([
        _function(
            f"internal void @edge({_MATRICES}, i64 %r0, i64 %rows, i64 %c0, i64 %columns)",
            _loop("r", "%r0", "%rows", 1, _loop("c", "%c0", "%columns", 1, copy)),
        ),
        _function(f"void @transpose({_MATRICES}, i64 %rows, i64 %columns)", [
            f"  %rn = sdiv i64 %rows, {lanes}", f"  %cn = sdiv i64 %columns, {lanes}",
            f"  %fullr = mul i64 %rn, {lanes}", f"  %fullc = mul i64 %cn, {lanes}",
            *_loop("r", "0", "%fullr", lanes, _loop("c", "0", "%fullc", lanes, block)),
            f"  {edge}, i64 0, i64 %fullr, i64 %fullc, i64 %columns)",
            f"  {edge}, i64 %fullr, i64 %rows, i64 0, i64 %columns)",
        ]),
    ])  # fmt: skip


def _block(element: str) -> str:
    """lanes x lanes numbers: in each round pairs of rows swap the halves of pairs of columns."""
    lanes = lanes_of(element)
    kind, align = vector(lanes, element), size(element)
    text: list[str] = []
    for i in range(lanes):
        text += [f"  %so{i} = mul i64 %sr, {i}",
                 f"  %sp{i} = getelementptr {element}, ptr %S, i64 %so{i}",
                 f"  %x0_{i} = load {kind}, ptr %sp{i}, align {align}"]  # fmt: skip
    step, stage = 1, 0
    while step < lanes:
        for i in range(lanes):
            if i & step:
                continue
            upper = [j if not j & step else lanes + j - step for j in range(lanes)]
            lower = [j + step if not j & step else lanes + j for j in range(lanes)]
            for row, picked in ((i, upper), (i + step, lower)):
                indices = ", ".join(f"i32 {j}" for j in picked)
                text.append(
                    f"  %x{stage + 1}_{row} = shufflevector {kind} %x{stage}_{i}, "
                    f"{kind} %x{stage}_{i + step}, <{lanes} x i32> <{indices}>"
                )
        step, stage = 2 * step, stage + 1
    for i in range(lanes):
        text += [f"  %do{i} = mul i64 %dr, {i}",
                 f"  %dp{i} = getelementptr {element}, ptr %D, i64 %do{i}",
                 f"  store {kind} %x{stage}_{i}, ptr %dp{i}, align {align}"]  # fmt: skip
    return _function(f"internal void @block({_MATRICES})", text)


def _pad(element: str) -> str:
    return _function("void @pad(ptr noalias %D, i64 %dr, i64 %columns, i64 %n, i64 %width)", [
        "  %last = sub i64 %n, 1",
        *_loop("c", "0", "%columns", 1, [
            "  %o = mul i64 %c, %dr", f"  %row = getelementptr {element}, ptr %D, i64 %o",
            f"  %s = getelementptr {element}, ptr %row, i64 %last",
            f"  %x = load {element}, ptr %s",
            *_loop("r", "%n", "%width", 1, [
                f"  %d = getelementptr {element}, ptr %row, i64 %r",
                f"  store {element} %x, ptr %d",
            ]),
        ]),
    ])  # fmt: skip


def _seed(element: str) -> str:
    return _function(f"void @seed(ptr noalias %D, i64 %n, i64 %width, {element} %x)", _loop(
        "r", "0", "%width", 1, [
            "  %real = icmp slt i64 %r, %n", f"  %g = select i1 %real, {element} %x, {element} 0.0",
            f"  %d = getelementptr {element}, ptr %D, i64 %r", f"  store {element} %g, ptr %d",
        ]
    ))  # fmt: skip


def _checked(element: str) -> str:
    lanes = lanes_of(element)
    kind, align, add = vector(lanes, element), size(element), sum_of_lanes(lanes, element)
    widened = "%x" if element == "double" else "%wide"
    widen = "" if element == "double" else "  %wide = fpext float %x to double\n"
    return f"""declare {element} @{add}({element}, {kind})
define double @checked(ptr noalias %D, i64 %n, ptr noalias %G, i64 %m) {{
entry:
  br label %add
add:
  %r = phi i64 [ 0, %entry ], [ %r1, %add ]
  %total = phi double [ 0.0, %entry ], [ %sum, %add ]
  %d = getelementptr {element}, ptr %D, i64 %r
  %x = load {element}, ptr %d
{widen}  %sum = fadd double %total, {widened}
  %r1 = add i64 %r, 1
  %more = icmp slt i64 %r1, %n
  br i1 %more, label %add, label %look
look:
  %i = phi i64 [ 0, %add ], [ %to, %do ]
  %acc = phi {kind} [ zeroinitializer, %add ], [ %acc1, %do ]
  %to = add i64 %i, {lanes}
  %fits = icmp sle i64 %to, %m
  br i1 %fits, label %do, label %rest
do:
  %g = getelementptr {element}, ptr %G, i64 %i
  %v = load {kind}, ptr %g, align {align}
  %zero = fmul {kind} %v, zeroinitializer
  %acc1 = fadd {kind} %acc, %zero
  br label %look
rest:
  %one = call {element} @{add}({element} 0.0, {kind} %acc)
  br label %single
single:
  %k = phi i64 [ %i, %rest ], [ %k1, %take ]
  %t = phi {element} [ %one, %rest ], [ %t1, %take ]
  %have = icmp slt i64 %k, %m
  br i1 %have, label %take, label %end
take:
  %q = getelementptr {element}, ptr %G, i64 %k
  %y = load {element}, ptr %q
  %yz = fmul {element} %y, 0.0
  %t1 = fadd {element} %t, %yz
  %k1 = add i64 %k, 1
  br label %single
end:
  {"%bad = fadd double %t, 0.0" if element == "double" else "%bad = fpext float %t to double"}
  %result = fadd double %sum, %bad
  ret double %result
}}"""
