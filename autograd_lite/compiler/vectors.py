"""Vectors in LLVM IR: their types, their literals, and functions on all of their lanes.

A C function of a vector is the C library's own vector version where the processor and the
library have one (glibc's libmvec, at most 4 units in the last place off) and the code asks for
it, else the function itself, lane by lane: for doubles the one that Python's `math` uses.
"""

from __future__ import annotations

import struct
from functools import cache
from math import copysign, inf
from typing import Any

from autograd_lite.compiler import jit

#: NumPy's names of C functions of one and of two arguments.
C_NAMES = {"exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2",
           "log10": "log10", "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin",
           "arccos": "acos", "arctan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
           "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "hypot": "hypot",
           "arctan2": "atan2", "pow": "pow"}  # fmt: skip
_OF_TWO = {"hypot", "atan2", "pow"}
_FUNCTIONS = sorted({*C_NAMES.values(), "erf"})
_INTRINSICS = ("fabs", "sqrt", "copysign")

#: glibc's file of vector functions, and per feature of a processor the letter in their names
#: and the bytes they take at a time.
_LIBRARY = "libmvec.so.1"
_VARIANTS = (("avx512f", "e", 64), ("avx2", "d", 32), ("sse4.1", "b", 16))


def vector(lanes: int, element: str = "double") -> str:
    """LLVM's name of so many numbers."""
    return element if lanes == 1 else f"<{lanes} x {element}>"


def size(element: str) -> int:
    """Bytes of one number."""
    return 8 if element == "double" else 4


def lanes_of(element: str) -> int:
    """How many numbers the widest register holds."""
    return jit.REGISTER // size(element)


def padded(n: int, element: str) -> int:
    """n in whole registers."""
    lanes = lanes_of(element)
    return -(-n // lanes) * lanes


def suffix(lanes: int, element: str) -> str:
    """How LLVM's own functions on so many lanes end."""
    bits = f"f{8 * size(element)}"
    return bits if lanes == 1 else f"v{lanes}{bits}"


def sum_of_lanes(lanes: int, element: str) -> str:
    """LLVM's function that adds the lanes of a register to a number."""
    return f"llvm.vector.reduce.fadd.{suffix(lanes, element)}"


def literal(x: float, element: str = "double") -> str:
    """The number as LLVM writes it: its bits as a double, even of a float."""
    if element == "float":
        x = _rounded(x)
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


def _rounded(x: float) -> float:
    """The nearest float32."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", x))[0])
    except OverflowError:
        return copysign(inf, x)


def function_name(name: str, lanes: int, element: str) -> str:
    """What a function on so many lanes is called in IR."""
    if name in _INTRINSICS:
        return f"llvm.{name}.{suffix(lanes, element)}"
    return _in_c(name, element) if lanes == 1 else f"lanes_{name}"


def arguments_of(name: str) -> int:
    """How many arguments a C function has."""
    return 2 if name in _OF_TWO else 1


def _in_c(name: str, element: str) -> str:
    return name if element == "double" else f"{name}f"


def declarations(lanes: int, code: str, element: str = "double", exact: bool = True) -> str:
    """What the module's code refers to: C functions, and the processor's own on all lanes.

    exact   whether a function of doubles shall be the one of Python's `math`, to the bit
    """
    text = [f"declare {element} @{_in_c(name, element)}({_kinds(name, element)})"
            for name in _FUNCTIONS]  # fmt: skip
    kind = vector(lanes, element)
    for name in _INTRINSICS:
        more = f", {kind}" if name == "copysign" else ""
        text.append(f"declare {kind} @{function_name(name, lanes, element)}({kind}{more})")
    if lanes > 1:
        for name in _FUNCTIONS:
            if f"@lanes_{name}(" in code:
                found = None if exact else _vector_version(name, element)
                text += (
                    _by_lane(name, lanes, element) if found is None
                    else _by_pieces(name, lanes, element, *found)
                )  # fmt: skip
    return "\n".join(text)


def _kinds(name: str, kind: str) -> str:
    return f"{kind}, {kind}" if name in _OF_TWO else kind


def _head(name: str, lanes: int, element: str) -> tuple[str, str]:
    """The first line of a function on all lanes, and its arguments' letters."""
    letters = "xy" if name in _OF_TWO else "x"
    kind = vector(lanes, element)
    arguments = ", ".join(f"{kind} %{c}" for c in letters)
    return f"define internal {kind} @lanes_{name}({arguments}) {{", letters


def _by_lane(name: str, lanes: int, element: str) -> list[str]:
    """A C function on a vector, lane by lane."""
    head, letters = _head(name, lanes, element)
    kind, lines = vector(lanes, element), [head]
    for i in range(lanes):
        for c in letters:
            lines.append(f"  %{c}{i} = extractelement {kind} %{c}, i64 {i}")
        given = ", ".join(f"{element} %{c}{i}" for c in letters)
        lines.append(f"  %f{i} = call {element} @{_in_c(name, element)}({given})")
        before = f"%r{i - 1}" if i else "undef"
        lines.append(f"  %r{i} = insertelement {kind} {before}, {element} %f{i}, i64 {i}")
    return [*lines, f"  ret {kind} %r{lanes - 1}", "}"]


def _by_pieces(name: str, lanes: int, element: str, symbol: str, width: int) -> list[str]:
    """A vector function of the C library on a vector, so many lanes at a time."""
    head, letters = _head(name, lanes, element)
    kind, piece = vector(lanes, element), vector(width, element)
    lines = [f"declare {piece} @{symbol}({_kinds(name, piece)})", head]
    total = "undef"
    for first in range(0, lanes, width):
        part = ", ".join(f"i32 {first + i}" for i in range(width))
        for c in letters:
            lines.append(f"  %{c}{first} = shufflevector {kind} %{c}, {kind} undef, "
                         f"<{width} x i32> <{part}>")  # fmt: skip
        given = ", ".join(f"{piece} %{c}{first}" for c in letters)
        lines.append(f"  %f{first} = call {piece} @{symbol}({given})")
        wide = ", ".join(f"i32 {min(i, width - 1)}" for i in range(lanes))
        lines.append(f"  %w{first} = shufflevector {piece} %f{first}, {piece} undef, "
                     f"<{lanes} x i32> <{wide}>")  # fmt: skip
        chosen = ", ".join(
            f"i32 {lanes + i - first if first <= i < first + width else i}" for i in range(lanes)
        )
        lines.append(f"  %t{first} = shufflevector {kind} {total}, {kind} %w{first}, "
                     f"<{lanes} x i32> <{chosen}>")  # fmt: skip
        total = f"%t{first}"
    return [*lines, f"  ret {kind} {total}", "}"]


@cache
def _library() -> Any:
    return jit.load_library(_LIBRARY)


@cache
def _vector_version(name: str, element: str) -> tuple[str, int] | None:
    """The symbol of a function's widest vector version here, and its lanes."""
    library = _library()
    if library is None:
        return None
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    for feature, letter, width in _VARIANTS:
        lanes = width // size(element)
        arguments = "vv" if name in _OF_TWO else "v"
        symbol = f"_ZGV{letter}N{lanes}{arguments}_{_in_c(name, element)}"
        if features.get(feature) and hasattr(library, symbol):
            return symbol, lanes
    return None
