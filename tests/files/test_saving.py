"""Whatever happens while a file is written: the old one or the new one is there, whole."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SEED

import syn0
from syn0.errors import FileAccessError
from syn0.files import atomic

PATHS = [str(Path(__file__).parent), str(Path(__file__).parents[1])]


def network(value: float = 0.0, units: int = 3) -> Any:
    net = syn0.Sequential(syn0.Dense(units, name="h"), random_state=0).build((4,))
    return net.set_parameters({"b_h": np.full(units, value)})


def value_of(path: Path) -> float:
    return float(syn0.load(path).parameters["b_h"][0])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A file with the value 1, alone in its folder."""
    network(1.0).save(tmp_path / "net.syn0")
    return tmp_path / "net.syn0"


def alone(place: Path) -> None:
    """Check that the old file is there, and nothing else."""
    assert [p.name for p in place.parent.iterdir()] == [place.name]
    assert value_of(place) == 1.0


def test_a_file_is_replaced(place: Path) -> None:
    network(2.0).save(str(place))
    assert value_of(place) == 2.0
    assert len(list(place.parent.iterdir())) == 1


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        network(1.0).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


STEPS = ["write", "fsync", "replace", "open"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_a_step_that_fails_leaves_the_old_file(
    step: str, number: int, place: Path, monkeypatch: Any
) -> None:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic.os, step, fail)
    with pytest.raises(FileAccessError) as caught:
        network(2.0).save(place)
    monkeypatch.undo()
    assert str(place) in str(caught.value)
    assert os.strerror(number) in str(caught.value)
    assert caught.value.errno == number
    alone(place)


def test_half_a_write_is_gone_on_with(place: Path, monkeypatch: Any) -> None:
    write = os.write
    monkeypatch.setattr(atomic.os, "write", lambda file, data: write(file, bytes(data[:1000])))
    network(2.0, units=400).save(place)
    assert value_of(place) == 2.0


def test_an_interrupt_leaves_the_old_file(place: Path, monkeypatch: Any) -> None:
    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        network(2.0).save(place)
    alone(place)


def test_a_network_that_cannot_be_saved_leaves_the_old_file(place: Path) -> None:
    net = network(2.0)
    net.numbers["W_h"] = np.full_like(net.numbers["W_h"], np.nan)
    with pytest.raises(syn0.errors.DataError, match="W_h holds nan"):
        net.save(place)
    alone(place)


def test_where_no_file_can_be(place: Path) -> None:
    with pytest.raises(FileAccessError, match="it is a folder") as caught:
        network().save(place.parent)
    assert "model.syn0" in str(caught.value)
    with pytest.raises(FileAccessError, match=r"mkdir .*missing"):
        network().save(place.parent / "missing" / "net.syn0")
    with pytest.raises(FileAccessError, match="cannot be written"):
        network().save(place / "net.syn0")
    with pytest.raises(FileAccessError, match="cannot be written"):
        network().save(place.parent / ("x" * 300))
    alone(place)


def test_a_link_is_followed(place: Path) -> None:
    link = place.parent / "link.syn0"
    link.symlink_to(place.name)
    network(2.0).save(link)
    assert link.is_symlink()
    assert value_of(place) == 2.0


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_permissions_stay_and_new_files_have_the_usual_ones(place: Path) -> None:
    place.chmod(0o640)
    network(2.0).save(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    usual = place.parent / "usual"
    usual.touch()
    network().save(place.parent / "new.syn0")
    assert (place.parent / "new.syn0").stat().st_mode == usual.stat().st_mode


def test_while_it_is_written_nobody_else_reads_it(place: Path, monkeypatch: Any) -> None:
    modes: list[int] = []
    write = os.write

    def watched(file: int, data: Any) -> int:
        modes.append(stat.S_IMODE(os.fstat(file).st_mode))
        return write(file, data)

    monkeypatch.setattr(atomic.os, "write", watched)
    network(2.0).save(place)
    assert set(modes) == ({0o600} if os.name != "nt" else set(modes))


# ----- processes ----------------------------------------------------------


def python(script: str) -> str:
    """Run a script in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout.strip()


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="the system limits no files")
def test_a_full_disk_leaves_the_old_file(place: Path) -> None:
    told = python(f"""
        import resource, signal, sys
        sys.path[:0] = {PATHS!r}
        from test_saving import network
        import syn0
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            network(2.0, units=20_000).save({str(place)!r})
        except syn0.errors.FileAccessError as error:
            print(error)
    """)
    assert str(place) in told
    assert "File too large" in told
    alone(place)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_small_disk_that_is_full_leaves_the_old_file(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        place = tmp_path / "net.syn0"
        network(1.0).save(place)
        with pytest.raises(FileAccessError, match="No space left") as caught:
            network(2.0, units=50_000).save(place)
        assert str(place) in str(caught.value)
        alone(place)
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(FileAccessError, match="Read-only file system"):
            network(2.0).save(place)
        alone(place)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


KILLED = """
    import os, random, signal, sys, time
    sys.path[:0] = {paths!r}
    import syn0
    from test_saving import network
    from wares import digest
    nets = [network(float(i), units=20_000) for i in (1, 2)]
    wanted, random = set(map(digest, nets)), random.Random({seed})
    nets[0].save({place!r})
    for _ in range({count}):
        child = os.fork()  # here nothing has threads
        while child == 0:
            for net in nets:
                net.save({place!r})
        time.sleep(random.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert digest(syn0.load({place!r})) in wanted
    print("whole")
"""


def check_kills(count: int, folder: Path, seed: int) -> int:
    """Kill a process that saves, again and again; return how many remains were left aside."""
    place = folder / "net.syn0"
    script = KILLED.format(paths=PATHS, seed=seed, place=str(place), count=count)
    assert python(script) == "whole"
    remains = [p for p in folder.iterdir() if p != place]
    assert all(p.name.startswith(".net.syn0.") and p.suffix == ".tmp" for p in remains)
    return len(remains)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_kills_leave_the_old_or_the_new_file(tmp_path: Path) -> None:
    remains = check_kills(40, tmp_path, SEED)
    assert remains > 0, "no kill came while a file was written"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may change")
def test_without_permission_the_path_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "net.syn0"
        network(1.0).save(place)
        Path(name).chmod(0o755)
        told = python(f"""
            import os, sys
            sys.path[:0] = {PATHS!r}
            from test_saving import network
            import syn0
            net = network(2.0)
            syn0.saving = __import__("syn0.saving").saving  # which others may not read
            os.setgid(65534), os.setuid(65534)
            try:
                net.save({str(place)!r})
            except syn0.errors.FileAccessError as error:
                print(error)
        """)
        assert f"{place} cannot be written: Permission denied" in told
        assert "choose a folder that you may write to" in told
        alone(place)
