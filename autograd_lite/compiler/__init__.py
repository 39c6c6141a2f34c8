"""Scalar code at tensor speed: record one sample's graph, find the array program in it.

The passes in order: `trace` records, `simplify` leaves out what changes nothing, `regions` chooses
what runs node by node (`block`), `terms` collects sums and products, `plan` groups nodes and
finds matrix products, `emit` lays out arrays and writes the source. `program` runs it by NumPy
(`arrays`) or compiles it once more (`dense`).
"""

from autograd_lite.compiler.function import Function, function
from autograd_lite.compiler.program import Program, compile

__all__ = ["Function", "Program", "compile", "function"]
