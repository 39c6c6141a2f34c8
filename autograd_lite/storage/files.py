"""Files read whole and replaced whole: a reader never sees half of one.

A new content is written beside the old file and moved over it in one step, so that a full
disk, a power cut or a kill leaves the old file or the new one. Where the system can (Linux),
the new file has no name until it is complete, and what a killed process leaves behind, if it
dies between naming and moving, is gone with the next write.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from autograd_lite.errors import FormatError

if TYPE_CHECKING:
    Path = str | os.PathLike[str]

# Of a file system without files that have no name
_UNKNOWN = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def read_file(path: Path, max_bytes: int) -> bytes:
    """The file's content; at most max_bytes are ever read.

    Raises FormatError for a longer file and for what is no file (a pipe would not end),
    OSError where the path cannot be read.
    """
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise ValueError(f"max_bytes is {max_bytes!r}; it must be an int of at least 1")
    path = os.fsdecode(path)
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder stands here, not a file", path)
    if not stat.S_ISREG(found.st_mode):
        raise FormatError(f"{path}: this is a pipe or a device, not a file; copy it to a file")
    if found.st_size > max_bytes:
        raise FormatError(
            f"{path}: {found.st_size} bytes are more than max_bytes={max_bytes}; give a larger "
            "max_bytes if you trust the file"
        )
    with open(path, "rb") as file:
        return file.read(found.st_size)


def writable_target(path: Path) -> str:
    """Where a file of this path would be written, absolute, links followed.

    Raises OSError where it could not be: for a folder, a pipe or a device, or where the
    folder is missing or may not be written.
    """
    target = os.path.realpath(os.fsdecode(path))
    try:
        mode = os.stat(target).st_mode  # of a ring of links: OSError
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder stands here; add a file name", target)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "a pipe or a device stands here, not a file", target)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "no such folder; make it first", folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "no file may be written in this folder", folder)
    return target


def write_file(path: Path, content: bytes) -> None:
    """Put the content in place of the file, all or nothing.

    A new file has the mode that the umask says, a replaced one keeps its own. A symbolic
    link stays a link: the file that it leads to is replaced (or made).
    Raises OSError where writing fails; what stood there before is then unchanged.
    """
    target = writable_target(path)
    try:
        while not _moved(target, content):
            pass
    except OSError as error:
        error.add_note(f"writing {target} failed; what stood there before is unchanged")
        raise
    _sync_folder(os.path.dirname(target))


def _moved(target: str, content: bytes) -> bool:
    """Write a new file and move it over the target; False where another writer came between."""
    folder, name = os.path.split(target)
    # One name for each target: what a kill just before the move leaves, the next write removes.
    named = os.path.join(folder, f".{sha256(os.fsencode(name)).hexdigest()[:32]}.tmp")
    unnamed = _unnamed_file(folder)
    if unnamed is None:  # half of it may be seen, so no other writer may share the name
        named = os.path.join(folder, f".{uuid4().hex}.tmp")
    descriptor = os.open(named, _NEW, 0o666) if unnamed is None else unnamed
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            with suppress(FileNotFoundError):
                os.chmod(named if unnamed is None else descriptor, os.stat(target).st_mode & 0o777)
            os.fsync(descriptor)
            if unnamed is not None:
                _give_name(descriptor, named)
        return _replaced(named, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(named)
        raise


def _unnamed_file(folder: str) -> int | None:
    """The descriptor of a file in the folder that has no name; None where there are no such."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd"):
        try:
            return os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
    return None


def _give_name(descriptor: int, name: str) -> None:
    while True:
        try:
            # a folder's descriptor, though unused, makes Python follow the link in /proc
            os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=descriptor)
            return
        except FileExistsError:
            with suppress(FileNotFoundError):
                os.unlink(name)


def _replaced(name: str, target: str) -> bool:
    try:
        os.replace(name, target)
    except FileNotFoundError:  # the other writer's _give_name has taken the name away
        return False
    return True


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power cut, where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
