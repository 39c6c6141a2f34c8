"""Machine code from LLVM IR, through llvmlite (the extra `fast`); nothing is written to disk."""

from __future__ import annotations

import ctypes
import sys
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

#: LLVM 15, of llvmlite 0.44, cannot read the code; llvmlite 0.45 brings 20.
OLDEST = 20


def missing() -> str:
    """Why native code cannot be made here; "" if it can."""
    try:
        import llvmlite
        import llvmlite.binding as llvm
    except ImportError:
        found = "which is not installed"
    else:
        if llvm.llvm_version_info[0] >= OLDEST:
            return ""
        found = f"but {llvmlite.__version__} is installed, which is older"
    return f"native code needs llvmlite 0.45, {found}: pip install -U 'autograd-lite[fast]'"


def available() -> bool:
    """Whether native code can be made here."""
    return not missing()


def require() -> None:
    """Raise an ImportError that names the extra where native code cannot be made."""
    reason = missing()
    if reason:
        raise ImportError(reason)


#: What functions take and return, by letter: a pointer, an integer, a double, a float, nothing.
_KINDS: dict[str, Any] = {
    "p": ctypes.c_void_p, "i": ctypes.c_int64, "d": ctypes.c_double, "f": ctypes.c_float, "": None,
}  # fmt: skip
#: Bytes of the widest registers; memory that begins at a multiple of them is read the fastest.
REGISTER = 64


def aligned(shape: tuple[int, ...], dtype: DTypeLike = float) -> NDArray[Any]:
    """Zeros for machine code to work on: a register's load crosses no cache line."""
    count = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(count + REGISTER, np.uint8)
    first = -raw.ctypes.data % REGISTER
    return raw[first : first + count].view(dtype).reshape(shape)


def _slow_address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


def _fast_address(array: NDArray[Any]) -> int:
    found: int = ctypes.c_void_p.from_address(id(array) + object.__basicsize__).value or 0
    return found


def _is_fast() -> bool:
    """Whether arrays keep the pointer to their numbers right behind the header of all objects."""
    probe = np.zeros(1)
    return sys.implementation.name == "cpython" and _fast_address(probe) == _slow_address(probe)


#: Where an array's numbers stand; it must be contiguous. NumPy's own way takes a microsecond,
#: three times a step: a quarter of a small step.
address = _fast_address if _is_fast() else _slow_address


def load_library(name: str) -> Any:
    """A shared library whose functions modules may call; None where there is none."""
    import llvmlite.binding as llvm

    try:
        found = ctypes.CDLL(name)
        llvm.load_library_permanently(name)
    except (OSError, RuntimeError):
        return None
    return found


class Module:
    """The machine code of a module of IR; it lives as long as this object.

    `symbols` are addresses that the code refers to by name.
    """

    def __init__(self, ir: str, symbols: dict[str, int] | None = None) -> None:
        require()
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
        )
        for name, place in (symbols or {}).items():
            llvm.add_symbol(name, place)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(ir), target)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function of the module stands."""
        return int(self._engine.get_function_address(name))

    def function(self, name: str, arguments: str, result: str = "") -> Callable[..., Any]:
        """A function of the module by the kinds of its arguments: "p" a pointer, "i" an integer,
        "d" a double, "f" a float. Call it only while the module lives.
        """
        kinds = [_KINDS[letter] for letter in arguments]
        return ctypes.CFUNCTYPE(_KINDS[result], *kinds)(self.address(name))
