"""The objects on disk: whole or not at all, the user's own, and never a reason to stop."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from syn0.engines.llvm.compiling.object_cache import ObjectCache, open_cache

DATA = bytes(range(256)) * 40

posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such owners and modes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "objects"


@pytest.fixture
def cache(folder: Path) -> ObjectCache:
    return ObjectCache(folder)


def files(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(folder.glob(pattern))


def test_what_was_saved_is_loaded_by_others_too(cache: ObjectCache, folder: Path) -> None:
    cache.save("a", DATA)
    cache.save("b", b"")
    for each in (cache, ObjectCache(folder)):
        assert each.load("a") == DATA
        assert each.load("b") == b""
        assert each.load("c") is None
        assert each.trouble is None
    assert [path.name for path in files(folder)] == ["a.o", "b.o"]


# ----- damage


def test_no_damage_is_taken_for_code(
    cache: ObjectCache, folder: Path, rng: np.random.Generator
) -> None:
    cache.save("a", DATA)
    path = folder / "a.o"
    whole = path.read_bytes()
    damaged = [whole[:size] for size in (0, 1, 31, 32, 33, len(whole) - 1)]
    damaged += [whole[: rng.integers(len(whole))] for _ in range(50)]
    damaged += [whole + b"\0", b"\0" * len(whole), DATA]
    for place in rng.integers(len(whole) * 8, size=500):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << (place % 8)
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        assert cache.load("a") is None
    cache.save("a", DATA)
    assert cache.load("a") == DATA


def test_a_file_under_another_key_is_not_taken(cache: ObjectCache, folder: Path) -> None:
    cache.save("a", DATA)
    (folder / "a.o").rename(folder / "b.o")
    assert cache.load("b") is None


def test_a_folder_in_the_place_of_a_file_is_passed_over(cache: ObjectCache, folder: Path) -> None:
    (folder / "a.o").mkdir()
    cache.save("a", DATA)
    assert cache.load("a") is None
    assert files(folder, "*.part") == []


# ----- who may


@posix
def test_folder_and_files_are_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        cache = ObjectCache(folder)
        cache.save("a", DATA)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "a.o").stat().st_mode) == 0o600


@posix
def test_a_folder_open_to_others_is_closed_to_them(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    ObjectCache(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_a_folder_of_another_user_is_refused(
    cache: ObjectCache, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.save("a", DATA)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    stranger = ObjectCache(folder)
    assert stranger.trouble == f"{folder} belongs to another user"
    assert stranger.load("a") is None
    stranger.save("b", DATA)
    assert len(files(folder)) == 1


@posix
def test_a_file_of_another_user_is_refused(
    cache: ObjectCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.save("a", DATA)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert cache.load("a") is None
    monkeypatch.undo()
    assert cache.load("a") == DATA


# ----- disks that will not


def refuse(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def test_where_no_folder_can_be_made_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ObjectCache(tmp_path / "file" / "objects")
    assert cache.trouble is not None and "cannot be made private" in cache.trouble
    cache.save("a", DATA)
    assert cache.load("a") is None


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
def test_a_folder_that_takes_no_file_still_gives(
    cache: ObjectCache, folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise refuse(code)

    cache.save("a", DATA)
    monkeypatch.setattr(tempfile, "mkstemp", fail)
    monkeypatch.setattr(os, "utime", fail)
    cache.save("b", DATA)
    assert cache.load("a") == DATA
    assert cache.load("b") is None
    assert len(files(folder)) == 1


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only to root"
)
def test_a_read_only_folder_still_gives(cache: ObjectCache, folder: Path) -> None:
    cache.save("a", DATA)
    folder.chmod(0o500)
    try:
        again = ObjectCache(folder)
        again.save("b", DATA)
        assert again.load("a") == DATA and again.load("b") is None
    finally:
        folder.chmod(0o700)


@posix
def test_a_disk_that_fills_up_while_writing_leaves_nothing(folder: Path) -> None:
    done = python(
        folder,
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))  # a real error in mid-file
        cache.save("small", b"x" * 100)
        cache.save("large", b"x" * 100_000)
        print(cache.load("small") == b"x" * 100, cache.load("large"))
        """,
    )
    assert done.stdout.split() == ["True", "None"]
    assert [path.name for path in files(folder)] == ["small.o"]


# ----- processes that die, and several at once


def python(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(folder, script), capture_output=True, text=True, timeout=60)


def command(folder: Path, script: str) -> list[str]:
    lines = [
        "import hashlib, os, random, signal, sys",
        "from pathlib import Path",
        "from syn0.engines.llvm.compiling.object_cache import ObjectCache",
        f"cache = ObjectCache(Path({str(folder)!r}))",
        *(line[8:] for line in script.splitlines()),
    ]
    return [sys.executable, "-c", "\n".join(lines)]


def is_whole(data: bytes | None) -> bool:
    """Whether an object of the scripts below is absent or all there."""
    return data is None or data[:32] == hashlib.sha256(data[32:]).digest()


SAVING = """
        while True:
            data = os.urandom(random.choice((10, 5_000, 3_000_000)))
            cache.save(random.choice("abc"), hashlib.sha256(data).digest() + data)
            print(end=".", flush=True)
        """


@posix
@pytest.mark.parametrize("moment", ["before the file", "in mid-file", "before the name"])
def test_killed_at_the_worst_moment(cache: ObjectCache, folder: Path, moment: str) -> None:
    cache.save("a", DATA)
    done = python(
        folder,
        f"""
        def die(*args, **kwargs):
            os.kill(os.getpid(), signal.SIGKILL)
        class Dying:
            def __init__(self, handle, mode): self.handle = handle
            def __enter__(self): return self
            def __exit__(self, *_): pass
            def write(self, data): os.write(self.handle, data[:20]); die()
        if "{moment}" == "before the name":
            os.replace = die
        else:
            os.fdopen = die if "{moment}" == "before the file" else Dying
        cache.save("a", b"new")
        """,
    )
    assert done.returncode == -signal.SIGKILL
    assert len(files(folder, "*.part")) == 1
    assert cache.load("a") == DATA
    ObjectCache(folder, limit=len(DATA)).save("b", b"")  # what is left over goes with the old
    assert [path.name for path in files(folder)] == ["b.o"]


@posix
def test_killed_at_any_moment(cache: ObjectCache, folder: Path, rng: np.random.Generator) -> None:
    saved = 0
    for _ in range(6):
        child = subprocess.Popen(command(folder, SAVING), stdout=subprocess.PIPE)
        try:
            assert child.stdout is not None and child.stdout.read(1) == b"."
            time.sleep(rng.uniform(0, 0.1))
        finally:
            child.send_signal(signal.SIGKILL)
            child.communicate()
        found = [cache.load(key) for key in "abc"]
        assert all(is_whole(data) for data in found)
        saved += sum(data is not None for data in found)
    assert saved > 0


def test_two_processes_at_once(cache: ObjectCache, folder: Path) -> None:
    script = """
        bad = 0
        for turn in range(200):
            data = os.urandom(random.choice((10, 5_000, 300_000)))
            cache.save(random.choice("abc"), hashlib.sha256(data).digest() + data)
            for key in "abc":
                kept = cache.load(key)
                bad += kept is not None and kept[:32] != hashlib.sha256(kept[32:]).digest()
        print(bad)
        """
    children = [
        subprocess.Popen(command(folder, script), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [child.communicate(timeout=60)[0] for child in children] == ["0\n", "0\n"]
    assert all(cache.load(key) is not None for key in "abc")
    assert files(folder, "*.part") == []


# ----- size


def test_it_never_grows_beyond_its_limit(folder: Path, rng: np.random.Generator) -> None:
    limit = 100_000
    cache = ObjectCache(folder, limit)
    for number in range(150):
        data = rng.bytes(rng.integers(1, 5_000))
        cache.save(str(number), data)
        assert cache.load(str(number)) == data
        assert sum(path.stat().st_size for path in files(folder)) <= limit
    assert 10 < len(files(folder)) < 150


def test_what_is_used_stays(folder: Path) -> None:
    cache = ObjectCache(folder, limit=100_000)
    for number in range(8):
        cache.save(str(number), bytes(10_000))
        os.utime(folder / f"{number}.o", (number, number))
    assert cache.load("0") is not None
    for number in range(8, 12):
        cache.save(str(number), bytes(10_000))
    kept = [number for number in range(12) if cache.load(str(number)) is not None]
    assert kept[0] == 0 and 1 not in kept and kept[-4:] == [8, 9, 10, 11]


def test_only_its_own_files_are_removed(folder: Path) -> None:
    cache = ObjectCache(folder, limit=1_000)
    (folder / "letter.txt").write_bytes(bytes(5_000))
    for number in range(5):
        cache.save(str(number), bytes(400))
    assert (folder / "letter.txt").exists()


# ----- where it is


def place(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Path | None:
    for name in ("SYN0_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return open_cache().folder


@pytest.mark.skipif(sys.platform != "linux", reason="these are the names of Linux")
def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, xdg, own = (str(tmp_path / name) for name in ("home", "xdg", "own"))
    objects = Path("syn0/objects")
    assert place(monkeypatch, HOME=home) == home / Path(".cache") / objects
    assert place(monkeypatch, HOME=home, XDG_CACHE_HOME=xdg) == xdg / objects
    assert place(monkeypatch, HOME=home, XDG_CACHE_HOME="here") == home / Path(".cache") / objects
    assert place(monkeypatch, HOME=home, SYN0_CACHE=own) == own / Path("objects")
    assert place(monkeypatch, HOME=home, SYN0_CACHE="~/mine") == home / Path("mine/objects")
    assert place(monkeypatch, HOME=home, SYN0_CACHE="off") is None


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(*args: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert place(monkeypatch) is None
