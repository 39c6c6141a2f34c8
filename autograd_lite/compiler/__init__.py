"""Scalar code at tensor speed: record one sample's graph, find the array program in it.

The passes in order: `tape` records, `terms` collects sums and products, `plan` groups nodes
and finds matrix products, `emit` lays out arrays and writes the source, `program` runs it.
"""

from autograd_lite.compiler.function import Function, function
from autograd_lite.compiler.program import Program, compile

__all__ = ["Function", "Program", "compile", "function"]
