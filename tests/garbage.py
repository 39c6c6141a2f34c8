"""Reference counting alone: nothing of ours may be left to the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def freed_by_counting_alone() -> Iterator[None]:
    """Run the body without the collector; then it must find no object of ours to free."""
    gc.collect()
    gc.disable()
    flags = gc.get_debug()
    try:
        yield
        gc.set_debug(gc.DEBUG_SAVEALL)  # what only the collector can free goes to gc.garbage
        gc.collect()
        ours = [o for o in gc.garbage if type(o).__module__.startswith("autograd_lite")]
        assert ours == []
    finally:
        gc.set_debug(flags)
        gc.garbage.clear()
        gc.enable()
