"""Tile code: the product of two matrices of any size as LLVM IR.

A tile of the result stays in registers while the sum runs; lanes lie along the rows of the
right factor, whose left partner is read number by number. Both factors stand where they are:
nothing is packed.
"""

from __future__ import annotations

from autograd_lite.compiler.vectors import lanes_of, size, suffix, vector

#: Per number of vectors in a tile's row how many rows it has: 16 running sums keep the
#: processor's two multipliers busy. The rest of a matrix takes ever smaller tiles.
_TILES = {4: (4, 1), 2: (8, 2, 1), 1: (8, 2, 1)}

_FACTORS = ("ptr noalias %C, i64 %ci, ptr noalias %A, i64 %ai, i64 %ap, "
            "ptr noalias %B, i64 %bp, i64 %K")  # fmt: skip
_GIVEN = "i64 %ci, ptr {A}, i64 %ai, i64 %ap, ptr {B}, i64 %bp, i64 %K"


def products(element: str) -> str:
    """The IR of `product`."""
    lanes = lanes_of(element)
    kind, mask = vector(lanes, element), f"<{lanes} x i1>"
    ending = suffix(lanes, element)
    align = size(element)
    parts = [
        f"declare {kind} @llvm.fma.{ending}({kind}, {kind}, {kind})",
        f"declare {kind} @llvm.masked.load.{ending}.p0(ptr, i32, {mask}, {kind})",
        f"declare void @llvm.masked.store.{ending}.p0({kind}, ptr, i32, {mask})",
    ]
    for vectors, heights in _TILES.items():
        masked = vectors == 1
        parts += [_tile(n, vectors, masked, element, ending, align) for n in heights]
        parts.append(_rows(vectors, masked, heights, element, lanes))
    parts.append(_product(element, lanes))
    return "\n".join(parts)


def _tile(rows: int, vectors: int, masked: bool, element: str, ending: str, align: int) -> str:
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
            f"  %b{j} = call {kind} @llvm.masked.load.{ending}.p0(ptr %bp{j}, i32 {align}, "
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
        text += [f"  %s{i}_{j} = call {kind} @llvm.fma.{ending}({kind} %av{i}, {kind} %b{j}, "
                 f"{kind} %c{i}_{j})" for j in range(vectors)]  # fmt: skip
    text += ["  %p1 = add i64 %p, 1", "  %more = icmp slt i64 %p1, %K",
             "  br i1 %more, label %terms, label %end", "end:"]  # fmt: skip
    for i, j in sums:
        text += [
            f"  %co{i}_{j} = mul i64 %ci, {i}",
            f"  %cq{i}_{j} = getelementptr {element}, ptr %C, i64 %co{i}_{j}",
            f"  %cp{i}_{j} = getelementptr {kind}, ptr %cq{i}_{j}, i64 {j}",
            f"  call void @llvm.masked.store.{ending}.p0({kind} %s{i}_{j}, ptr %cp{i}_{j}, "
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
