"""Machine code from LLVM IR, through llvmlite (the extra `fast`); nothing is written to disk."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = "native code needs llvmlite, which is not installed: pip install 'autograd-lite[fast]'"


def available() -> bool:
    """Whether native code can be made here."""
    try:
        import llvmlite.binding  # noqa: F401  # only whether it can be imported
    except ImportError:
        return False
    return True


def require() -> None:
    """Raise an ImportError that names the extra where native code cannot be made."""
    if not available():
        raise ImportError(MISSING)


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
        for name, address in (symbols or {}).items():
            llvm.add_symbol(name, address)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(ir), target)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function of the module stands."""
        return int(self._engine.get_function_address(name))

    def function(self, name: str, arguments: list[Any], result: Any = None) -> Callable[..., Any]:
        """A function of the module, of these ctypes; call it while the module lives."""
        return ctypes.CFUNCTYPE(result, *arguments)(self.address(name))
