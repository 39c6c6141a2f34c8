"""Semantics S6: a file is replaced whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from forging import parameters
from processes import output, python

from autograd_lite import FormatError, Value, nn, storage
from autograd_lite.storage import files

OLD = {"w": Value(1.0)}
NEW = {"w": Value(2.0)}


def held(path: Path) -> float:
    return storage.load_values(path)["w"].data


@pytest.fixture(params=["unnamed", "named"])
def each_way(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to write: into a file without a name, and where the system knows none."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


# --- what stands there afterwards -------------------------------------------------------------


def test_s6_only_the_file_itself_is_left(tmp_path: Path, each_way: str) -> None:
    for source in (OLD, NEW):
        storage.save(source, tmp_path / "v")
        assert [path.name for path in tmp_path.iterdir()] == ["v"]
    assert held(tmp_path / "v") == 2.0


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_s6_a_new_file_has_the_mode_of_the_umask(
    tmp_path: Path, each_way: str, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        storage.save(OLD, tmp_path / "v")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "v").stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_s6_a_replaced_file_keeps_its_mode(tmp_path: Path, each_way: str, mode: int) -> None:
    storage.save(OLD, tmp_path / "v")
    (tmp_path / "v").chmod(mode)
    storage.save(NEW, tmp_path / "v")
    assert stat.S_IMODE((tmp_path / "v").stat().st_mode) == mode


def test_s6_a_reader_that_has_the_old_file_open_goes_on_reading_it(tmp_path: Path) -> None:
    storage.save(OLD, tmp_path / "v")
    old = (tmp_path / "v").read_bytes()
    with open(tmp_path / "v", "rb") as reader:
        storage.save(NEW, tmp_path / "v")
        assert reader.read() == old


def test_s6_the_content_is_on_the_disk_before_the_name_leads_to_it(
    tmp_path: Path, each_way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of the file, then the move, then fsync of the folder."""
    calls: list[str] = []
    sync, move = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def replace(*names: str) -> None:
        calls.append("move")
        assert [os.path.dirname(name) for name in names] == [str(tmp_path)] * 2
        move(*names)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    storage.save(OLD, tmp_path / "v")
    assert calls == ["file", "move", "folder"]


# --- links, folders, pipes ----------------------------------------------------------------------


@pytest.mark.parametrize("there", [True, False])
def test_s6_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path, there: bool) -> None:
    (tmp_path / "real").mkdir()
    if there:
        storage.save(OLD, tmp_path / "real" / "v")
    (tmp_path / "link").symlink_to(Path("real") / "v")
    storage.save(NEW, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert held(tmp_path / "real" / "v") == held(tmp_path / "link") == 2.0
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["v"]


def test_s6_a_hard_link_keeps_the_old_content(tmp_path: Path) -> None:
    """The name is given to a new file; the old one, under its other name, is untouched."""
    storage.save(OLD, tmp_path / "v")
    os.link(tmp_path / "v", tmp_path / "other")
    storage.save(NEW, tmp_path / "v")
    assert (held(tmp_path / "v"), held(tmp_path / "other")) == (2.0, 1.0)


def ring(path: Path) -> None:
    path.symlink_to(path.name)


REFUSED: list[tuple[Callable[[Path], object], type[OSError], str]] = [
    (lambda path: path.mkdir(), IsADirectoryError, "a folder stands here; add a file name"),
    (lambda path: os.mkfifo(path), OSError, "a pipe or a device stands here, not a file"),
    (ring, OSError, "Too many levels of symbolic links"),
]


@pytest.mark.parametrize(("make", "error", "text"), REFUSED)
def test_s6_folders_pipes_and_rings_of_links_are_refused(
    tmp_path: Path, make: Any, error: type[OSError], text: str
) -> None:
    make(tmp_path / "x")
    before = os.lstat(tmp_path / "x")
    with pytest.raises(error, match=text):
        storage.save(OLD, tmp_path / "x")
    assert os.lstat(tmp_path / "x") == before
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("load", [storage.load_model, storage.load_values,
                                  storage.read_checkpoint])  # fmt: skip
def test_s6_what_is_no_file_is_not_read(tmp_path: Path, load: Any) -> None:
    """Opening the pipe would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="this is a pipe or a device"):
        load(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError, match="a folder stands here"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")


def test_s6_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such folder; make it first: '.*missing'"):
        storage.save(OLD, tmp_path / "missing" / "v")


# --- a write that fails -----------------------------------------------------------------------


def test_s6_a_folder_that_may_not_be_written_keeps_the_old_file() -> None:
    """No mode of a folder stops root, so root becomes nobody, in a process of its own."""
    with TemporaryDirectory() as name:  # pytest's own folders are closed to nobody
        folder = Path(name)
        storage.save(OLD, folder / "v")
        old = (folder / "v").read_bytes()
        folder.chmod(0o555)
        program = f"""
import os
from autograd_lite import Value, storage
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    storage.save({{"w": Value(2.0)}}, {str(folder / "v")!r})
except PermissionError as error:
    print(error)
"""
        assert "no file may be written in this folder" in output(python(program))
        folder.chmod(0o755)
        assert (folder / "v").read_bytes() == old
        assert [path.name for path in folder.iterdir()] == ["v"]


@pytest.mark.parametrize("way", ["unnamed", "named"])
@pytest.mark.parametrize("limit", [0, 1, 100, 500])
def test_s6_a_full_disk_keeps_the_old_file(tmp_path: Path, way: str, limit: int) -> None:
    """RLIMIT_FSIZE stands in for the disk: it cuts a write off at the byte."""
    storage.save(OLD, tmp_path / "v")
    old = (tmp_path / "v").read_bytes()
    assert len(old) < 500
    program = f"""
import os, resource, signal
from autograd_lite import nn, storage
{"" if way == "unnamed" else "del os.O_TMPFILE"}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    storage.save(nn.MLP([1000, 1]), {str(tmp_path / "v")!r})
except OSError as error:
    print(error.errno, *error.__notes__)
"""
    said = output(python(program))
    target = os.path.realpath(tmp_path / "v")
    assert said == f"{errno.EFBIG} writing {target} failed; what stood there before is unchanged\n"
    assert (tmp_path / "v").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod", "link"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_s6_any_step_that_fails_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException
) -> None:
    storage.save(OLD, tmp_path / "v")

    def fails(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(os, call, fails)
    with pytest.raises(type(error)):
        storage.save(NEW, tmp_path / "v")
    monkeypatch.undo()
    assert held(tmp_path / "v") == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


# --- a writer that is killed, and two writers ---------------------------------------------------


def test_s6_a_process_killed_at_20_moments_leaves_a_whole_file(tmp_path: Path) -> None:
    """It does nothing but save; the file is always one of the two models, bit for bit.

    A training is killed 50 times in test_checkpoints.py.
    """
    rng, path = Random(1), tmp_path / "m"
    models = [parameters(nn.MLP([40, 40], rng=seed)) for seed in (1, 2)]
    program = f"""
from autograd_lite import nn, storage
first, second = (nn.MLP([40, 40], rng=seed) for seed in (1, 2))
print("ready", flush=True)
while True:
    storage.save(first, {str(path)!r})
    storage.save(second, {str(path)!r})
"""
    found: set[int] = set()
    storage.save(nn.MLP([40, 40], rng=1), path)
    for _ in range(20):
        writer = python(program)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.05 * rng.random())
        writer.kill()
        writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        found.add(models.index(parameters(storage.load_model(path))))
        assert len(list(tmp_path.iterdir())) <= 2
    assert found == {0, 1}
    storage.save(nn.MLP([40, 40], rng=1), path)
    assert [left.name for left in tmp_path.iterdir()] == ["m"]


def test_s6_what_a_kill_before_the_move_leaves_is_gone_with_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: str) -> None:
        os.link(_[0], tmp_path / "kept")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        patched.setattr(os, "unlink", lambda name: None)
        with pytest.raises(KeyboardInterrupt):
            storage.save(NEW, tmp_path / "v")
    (tmp_path / "kept").unlink()
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".tmp")
    storage.save(OLD, tmp_path / "v")
    assert [path.name for path in tmp_path.iterdir()] == ["v"]
    assert held(tmp_path / "v") == 1.0


def test_s6_many_writers_of_one_file_all_succeed(tmp_path: Path, each_way: str) -> None:
    """Whoever comes last wins; the file is whole at every moment."""
    path, failed = tmp_path / "v", list[BaseException]()
    storage.save({"w": Value(-1.0)}, path)

    def write(k: int) -> None:
        try:
            for _ in range(20):
                storage.save({"w": Value(float(k))}, path)
                assert -1.0 <= held(path) <= 5.0
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(k,)) for k in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    assert held(path) in range(6)
    assert [left.name for left in tmp_path.iterdir()] == ["v"]


def test_s6_another_writer_that_takes_the_name_makes_this_one_write_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = 0
    move = os.replace

    def replace(name: str, target: str) -> None:
        nonlocal moves
        moves += 1
        if moves == 1:  # the other one makes room for its own file
            os.unlink(name)
        move(name, target)

    monkeypatch.setattr(files.os, "replace", replace)
    storage.save(NEW, tmp_path / "v")
    assert (moves, held(tmp_path / "v")) == (2, 2.0)
