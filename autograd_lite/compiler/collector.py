"""Python's garbage collector, paused while a large graph is built or read."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def paused_collector() -> Iterator[None]:
    """Run the body without garbage collection; after it all is as before.

    The collector would walk the growing graph again and again and never find anything: a graph
    has no cycles.
    """
    collecting = gc.isenabled()
    try:  # from here on, or Ctrl-C could leave the collector switched off
        gc.disable()
        yield
    finally:
        if collecting:
            gc.enable()
