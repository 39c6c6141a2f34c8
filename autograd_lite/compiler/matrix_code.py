"""Matrix code: products and transposes of matrices of any size as LLVM IR.

A tile of the result stays in registers while the sum runs; lanes lie along the rows of the
right factor, whose left partner is read number by number. Both factors stand where they are:
nothing is packed.
"""

from __future__ import annotations

from functools import cache

from autograd_lite.compiler.jit import REGISTER, Module
from autograd_lite.compiler.vectors import size, vector

#: Per number of vectors in a tile's row how many rows it has: 16 running sums keep the
#: processor's two multipliers busy. The rest of a matrix takes ever smaller tiles.
_TILES = {4: (4, 1), 2: (8, 2, 1), 1: (8, 2, 1)}

_FACTORS = ("ptr noalias %C, i64 %ci, ptr noalias %A, i64 %ai, i64 %ap, "
            "ptr noalias %B, i64 %bp, i64 %K")  # fmt: skip
_GIVEN = "i64 %ci, ptr {A}, i64 %ai, i64 %ap, ptr {B}, i64 %bp, i64 %K"


def lanes_of(element: str) -> int:
    """How many numbers one register holds."""
    return REGISTER // size(element)


@cache
def functions(element: str) -> dict[str, int]:
    """The addresses of `product`, `transpose`, `pad`, `seed` and `checked`, by their symbols.

    product(C, ci, A, ai, ap, B, bp, K, M, N)  C[i, j] = sum of A[i, p] B[p, j] over p < K, of
        the shape (M, N); A[i, p] stands at i*ai + p*ap, rows of B and C are bp and ci apart
    transpose(D, dr, S, sr, rows, columns)     D[c, r] = S[r, c]
    pad(D, dr, columns, n, width)              D[c, r] = D[c, n - 1] for n <= r < width
    seed(D, n, width, x)                       D[r] = x for r < n, 0 for n <= r < width
    checked(D, n, G, m)                        the sum of D; nan where one of G is inf or nan
    """
    module = _module(element)
    return {symbol(name, element): module.address(name)
            for name in ("product", "transpose", "pad", "seed", "checked")}  # fmt: skip


def declarations(element: str) -> str:
    """What a module that calls these declares."""
    kinds = {"product": "ptr, i64, ptr, i64, i64, ptr, i64, i64, i64, i64",
             "transpose": "ptr, i64, ptr, i64, i64, i64", "pad": "ptr, i64, i64, i64, i64",
             "seed": f"ptr, i64, i64, {element}", "checked": "ptr, i64, ptr, i64"}  # fmt: skip
    lanes = lanes_of(element)
    reduce = f"llvm.vector.reduce.fadd.v{lanes}f{8 * size(element)}"
    return "\n".join([
        f"declare {element} @{reduce}({element}, {vector(lanes, element)})",
        *[f"declare {'double' if name == 'checked' else 'void'} @{symbol(name, element)}({kind})"
          for name, kind in kinds.items()],
    ])  # fmt: skip


def symbol(name: str, element: str) -> str:
    """What other modules call one of `functions`."""
    return f"autograd_lite_{name}_{element}"


@cache
def _module(element: str) -> Module:
    """The module of these functions; it stays for as long as the process."""
    return Module("\n".join([_products(element), _transpose(element), _small(element)]))


def _products(element: str) -> str:
    lanes = lanes_of(element)
    kind, mask = vector(lanes, element), f"<{lanes} x i1>"
    suffix = f"v{lanes}f{8 * size(element)}"
    align = size(element)
    parts = [
        f"declare {kind} @llvm.fma.{suffix}({kind}, {kind}, {kind})",
        f"declare {kind} @llvm.masked.load.{suffix}.p0(ptr, i32, {mask}, {kind})",
        f"declare void @llvm.masked.store.{suffix}.p0({kind}, ptr, i32, {mask})",
    ]
    for vectors, heights in _TILES.items():
        masked = vectors == 1
        parts += [_tile(n, vectors, masked, element, suffix, align) for n in heights]
        parts.append(_rows(vectors, masked, heights, element, lanes))
    parts.append(_product(element, lanes))
    return "\n".join(parts)


def _tile(rows: int, vectors: int, masked: bool, element: str, suffix: str, align: int) -> str:
    """rows x vectors of C; with a mask only those lanes of B and C that it names."""
    lanes = lanes_of(element)
    kind, mask = vector(lanes, element), f"<{lanes} x i1>"
    sums = [(i, j) for i in range(rows) for j in range(vectors)]
    text = [
        f"define internal void @tile{rows}x{vectors}{'m' * masked}({_FACTORS}, {mask} %mask) {{",
        "entry:", "  br label %terms", "terms:", "  %p = phi i64 [ 0, %entry ], [ %p1, %terms ]",
        *[f"  %c{i}_{j} = phi {kind} [ zeroinitializer, %entry ], [ %s{i}_{j}, %terms ]"
          for i, j in sums],
        "  %bo = mul i64 %p, %bp", f"  %b = getelementptr {element}, ptr %B, i64 %bo",
        "  %ao = mul i64 %p, %ap",
    ]  # fmt: skip
    for j in range(vectors):
        text.append(f"  %bp{j} = getelementptr {kind}, ptr %b, i64 {j}")
        text.append(
            f"  %b{j} = call {kind} @llvm.masked.load.{suffix}.p0(ptr %bp{j}, i32 {align}, "
            f"{mask} %mask, {kind} zeroinitializer)" if masked else
            f"  %b{j} = load {kind}, ptr %bp{j}, align {align}"
        )  # fmt: skip
    for i in range(rows):
        text += [
            f"  %ai{i} = mul i64 %ai, {i}", f"  %ao{i} = add i64 %ai{i}, %ao",
            f"  %aq{i} = getelementptr {element}, ptr %A, i64 %ao{i}",
            f"  %a{i} = load {element}, ptr %aq{i}, align {align}",
            f"  %ae{i} = insertelement {kind} undef, {element} %a{i}, i64 0",
            f"  %av{i} = shufflevector {kind} %ae{i}, {kind} undef, "
            f"<{lanes} x i32> zeroinitializer",
        ]  # fmt: skip
        text += [f"  %s{i}_{j} = call {kind} @llvm.fma.{suffix}({kind} %av{i}, {kind} %b{j}, "
                 f"{kind} %c{i}_{j})" for j in range(vectors)]  # fmt: skip
    text += ["  %p1 = add i64 %p, 1", "  %more = icmp slt i64 %p1, %K",
             "  br i1 %more, label %terms, label %end", "end:"]  # fmt: skip
    for i, j in sums:
        text += [
            f"  %co{i}_{j} = mul i64 %ci, {i}",
            f"  %cq{i}_{j} = getelementptr {element}, ptr %C, i64 %co{i}_{j}",
            f"  %cp{i}_{j} = getelementptr {kind}, ptr %cq{i}_{j}, i64 {j}",
            f"  call void @llvm.masked.store.{suffix}.p0({kind} %s{i}_{j}, ptr %cp{i}_{j}, "
            f"i32 {align}, {mask} %mask)" if masked else
            f"  store {kind} %s{i}_{j}, ptr %cp{i}_{j}, align {align}",
        ]  # fmt: skip
    return "\n".join([*text, "  ret void", "}"])


def _steps(sizes: tuple[int, ...], unit: int, total: str, after: str) -> list[tuple[int, str, str]]:
    """Loops over a range, one after the other: as many steps of each size as still fit.

    Gives per size the size, the block that begins a step (the step's first index is %at{size})
    and the jump back; the first block is %try{sizes[0]}, the last loop goes on to `after`.
    """
    found = []
    before, start = "entry", "0"
    for n, step in enumerate(sizes):
        fails = f"try{sizes[n + 1]}" if n + 1 < len(sizes) else after
        head = "\n".join([
            f"try{step}:",
            f"  %at{step} = phi i64 [ {start}, %{before} ], [ %to{step}, %do{step} ]",
            f"  %to{step} = add i64 %at{step}, {step * unit}",
            f"  %fits{step} = icmp sle i64 %to{step}, {total}",
            f"  br i1 %fits{step}, label %do{step}, label %{fails}", f"do{step}:",
        ])  # fmt: skip
        found.append((step, head, f"  br label %try{step}"))
        before, start = f"try{step}", f"%at{step}"
    return found


def _rows(vectors: int, masked: bool, heights: tuple[int, ...], element: str, lanes: int) -> str:
    """All rows of a few vectors' columns."""
    name, mask = f"{vectors}{'m' * masked}", f"<{lanes} x i1> %mask"
    text = [f"define internal void @rows{name}({_FACTORS}, {mask}, i64 %M) {{",
            "entry:", f"  br label %try{heights[0]}"]  # fmt: skip
    for height, head, back in _steps(heights, 1, "%M", "end"):
        text += [
            head, f"  %co{height} = mul i64 %at{height}, %ci",
            f"  %C{height} = getelementptr {element}, ptr %C, i64 %co{height}",
            f"  %ao{height} = mul i64 %at{height}, %ai",
            f"  %A{height} = getelementptr {element}, ptr %A, i64 %ao{height}",
            f"  call void @tile{height}x{name}(ptr %C{height}, "
            f"{_GIVEN.format(A=f'%A{height}', B='%B')}, {mask})", back,
        ]  # fmt: skip
    return "\n".join([*text, "end:", "  ret void", "}"])


def _product(element: str, lanes: int) -> str:
    """All columns: wide tiles, narrow ones, and a masked one for what is left."""
    widths = tuple(_TILES)
    ones = ", ".join(["i1 true"] * lanes)
    indices = ", ".join(f"i64 {i}" for i in range(lanes))
    text = [f"define void @product({_FACTORS}, i64 %M, i64 %N) {{", "entry:",
            f"  br label %try{widths[0]}"]  # fmt: skip
    for width, head, back in _steps(widths, lanes, "%N", "rest"):
        text += [
            head, f"  %C{width} = getelementptr {element}, ptr %C, i64 %at{width}",
            f"  %B{width} = getelementptr {element}, ptr %B, i64 %at{width}",
            f"  call void @rows{width}{'m' * (width == 1)}(ptr %C{width}, "
            f"{_GIVEN.format(A='%A', B=f'%B{width}')}, <{lanes} x i1> <{ones}>, i64 %M)", back,
        ]  # fmt: skip
    return "\n".join([
        *text, "rest:", "  %left = sub i64 %N, %at1", "  %some = icmp sgt i64 %left, 0",
        "  br i1 %some, label %last, label %end", "last:",
        f"  %one = insertelement <{lanes} x i64> undef, i64 %left, i64 0",
        f"  %all = shufflevector <{lanes} x i64> %one, <{lanes} x i64> undef, "
        f"<{lanes} x i32> zeroinitializer",
        f"  %mask = icmp slt <{lanes} x i64> <{indices}>, %all",
        f"  %CL = getelementptr {element}, ptr %C, i64 %at1",
        f"  %BL = getelementptr {element}, ptr %B, i64 %at1",
        f"  call void @rows1m(ptr %CL, {_GIVEN.format(A='%A', B='%BL')}, "
        f"<{lanes} x i1> %mask, i64 %M)", "  br label %end", "end:", "  ret void", "}",
    ])  # fmt: skip


def _transpose(element: str) -> str:
    """Square blocks by shuffles in registers, the edges number by number."""
    lanes = lanes_of(element)
    return "\n".join([_block(element, lanes), _edge(element),
        f"""define void @transpose(ptr noalias %D, i64 %dr, ptr noalias %S, i64 %sr,
  i64 %rows, i64 %columns) {{
entry:
  %r9 = sdiv i64 %rows, {lanes}
  %c9 = sdiv i64 %columns, {lanes}
  %fullr = mul i64 %r9, {lanes}
  %fullc = mul i64 %c9, {lanes}
  br label %row
row:
  %r = phi i64 [ 0, %entry ], [ %r1, %next ]
  %haver = icmp slt i64 %r, %fullr
  br i1 %haver, label %column, label %edges
column:
  %c = phi i64 [ 0, %row ], [ %c1, %do ]
  %havec = icmp slt i64 %c, %fullc
  br i1 %havec, label %do, label %next
do:
  %so = mul i64 %r, %sr
  %so1 = add i64 %so, %c
  %s = getelementptr {element}, ptr %S, i64 %so1
  %do0 = mul i64 %c, %dr
  %do1 = add i64 %do0, %r
  %d = getelementptr {element}, ptr %D, i64 %do1
  call void @block(ptr %d, i64 %dr, ptr %s, i64 %sr)
  %c1 = add i64 %c, {lanes}
  br label %column
next:
  %r1 = add i64 %r, {lanes}
  br label %row
edges:
  call void @edge(ptr %D, i64 %dr, ptr %S, i64 %sr, i64 0, i64 %fullr, i64 %fullc, i64 %columns)
  call void @edge(ptr %D, i64 %dr, ptr %S, i64 %sr, i64 %fullr, i64 %rows, i64 0, i64 %columns)
  ret void
}}"""])  # fmt: skip


def _block(element: str, lanes: int) -> str:
    """lanes x lanes numbers: in each round pairs of rows swap the halves of pairs of columns."""
    kind, align = vector(lanes, element), size(element)
    text = ["define internal void @block(ptr noalias %D, i64 %dr, ptr noalias %S, i64 %sr) {"]
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
    return "\n".join([*text, "  ret void", "}"])


def _edge(element: str) -> str:
    return f"""define internal void @edge(ptr noalias %D, i64 %dr, ptr noalias %S, i64 %sr,
  i64 %r0, i64 %rows, i64 %c0, i64 %columns) {{
entry:
  br label %row
row:
  %r = phi i64 [ %r0, %entry ], [ %r1, %next ]
  %haver = icmp slt i64 %r, %rows
  br i1 %haver, label %column, label %end
column:
  %c = phi i64 [ %c0, %row ], [ %c1, %do ]
  %havec = icmp slt i64 %c, %columns
  br i1 %havec, label %do, label %next
do:
  %so = mul i64 %r, %sr
  %so1 = add i64 %so, %c
  %s = getelementptr {element}, ptr %S, i64 %so1
  %x = load {element}, ptr %s
  %do0 = mul i64 %c, %dr
  %do1 = add i64 %do0, %r
  %d = getelementptr {element}, ptr %D, i64 %do1
  store {element} %x, ptr %d
  %c1 = add i64 %c, 1
  br label %column
next:
  %r1 = add i64 %r, 1
  br label %row
end:
  ret void
}}"""


def _small(element: str) -> str:
    lanes = lanes_of(element)
    kind, align = vector(lanes, element), size(element)
    ordered = f"llvm.vector.reduce.fadd.v{lanes}f{8 * size(element)}"
    widened = "%x" if element == "double" else "%wide"
    widen = "" if element == "double" else "  %wide = fpext float %x to double\n"
    return f"""declare {element} @{ordered}({element}, {kind})
define void @pad(ptr noalias %D, i64 %dr, i64 %columns, i64 %n, i64 %width) {{
entry:
  %last = sub i64 %n, 1
  br label %column
column:
  %c = phi i64 [ 0, %entry ], [ %c1, %next ]
  %havec = icmp slt i64 %c, %columns
  br i1 %havec, label %copy, label %end
copy:
  %o = mul i64 %c, %dr
  %row = getelementptr {element}, ptr %D, i64 %o
  %s = getelementptr {element}, ptr %row, i64 %last
  %x = load {element}, ptr %s
  br label %lane
lane:
  %r = phi i64 [ %n, %copy ], [ %r1, %do ]
  %haver = icmp slt i64 %r, %width
  br i1 %haver, label %do, label %next
do:
  %d = getelementptr {element}, ptr %row, i64 %r
  store {element} %x, ptr %d
  %r1 = add i64 %r, 1
  br label %lane
next:
  %c1 = add i64 %c, 1
  br label %column
end:
  ret void
}}
define void @seed(ptr noalias %D, i64 %n, i64 %width, {element} %x) {{
entry:
  br label %lane
lane:
  %r = phi i64 [ 0, %entry ], [ %r1, %lane ]
  %real = icmp slt i64 %r, %n
  %g = select i1 %real, {element} %x, {element} 0.0
  %d = getelementptr {element}, ptr %D, i64 %r
  store {element} %g, ptr %d
  %r1 = add i64 %r, 1
  %more = icmp slt i64 %r1, %width
  br i1 %more, label %lane, label %end
end:
  ret void
}}
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
  %one = call {element} @{ordered}({element} 0.0, {kind} %acc)
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
