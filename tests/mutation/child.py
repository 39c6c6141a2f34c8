"""Work done in a copy of this process: whatever it changes, the table here stays as it is."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable
from typing import NamedTuple


class Ending(NamedTuple):
    status: int  # what the work returned; negative where a signal ended the child
    words: str


#: The status of a child whose work raised; the words say what.
BROKEN = 99


def start(work: Callable[[], Ending], seconds: int) -> tuple[int, int]:
    """A child that does the work, and after so many seconds is ended: its id and its pipe."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # from Python 3.12 on, of threads that the child will miss: it waits for none of them
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    ending = Ending(BROKEN, "the work did not end")
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        _mute()
        ending = work()
    except BaseException as error:  # of any kind: only the pipe and the status leave a child
        ending = Ending(BROKEN, repr(error))
    finally:
        os.write(writer, ending.words.encode()[:2000])
        os._exit(ending.status)


def end(pid: int, reader: int, status: int) -> Ending:
    """What a child left, from the status that `os.wait` gave for it."""
    with open(reader, encoding="utf-8", errors="replace") as pipe:
        words = pipe.read()
    code = os.waitstatus_to_exitcode(status)
    return Ending(code, words if code >= 0 else f"signal {signal.Signals(-code).name}")


def done(work: Callable[[], Ending], seconds: int) -> Ending:
    """Start a child and wait for its end."""
    pid, reader = start(work, seconds)
    return end(pid, reader, os.waitpid(pid, 0)[1])


def _mute() -> None:
    """What tests print belongs to nobody; the parent's report goes to the same terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
