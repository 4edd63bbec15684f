"""Threads that enter together, meet at barriers, and sleep in between."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target, host
from syn0.engines.llvm.ir import I64, PTR, Module, integer
from syn0.engines.llvm.running import barrier, crew
from syn0.engines.llvm.running.barrier import BARRIER_BYTES, CROWDED, LINE, define_barrier
from syn0.engines.llvm.running.cpus import cpus, quota

# What the threads of these tests share: rounds, work in each round, the barrier, and then a
# line for each thread with how often it came and how many it has seen behind it.
ROUNDS, WORK, BARRIER, COUNTS = 0, 8, LINE, LINE + BARRIER_BYTES
MOST = 16


class Meeting:
    """The shared memory of one job."""

    def __init__(self, rounds: int, work: int = 0, crowded: bool = False) -> None:
        self.memory = np.zeros(COUNTS + LINE * (MOST + 1), np.uint8)
        self.address = -(-self.memory.ctypes.data // LINE) * LINE
        self.words(ROUNDS, 2)[:] = rounds, work
        self.words(BARRIER + CROWDED, 1)[0] = crowded

    def words(self, place: int, count: int) -> np.ndarray:
        start = self.address - self.memory.ctypes.data + place
        return self.memory[start : start + 8 * count].view(np.int64)

    def run(self, meet: int, threads: int, among: crew.Crew | None = None) -> list[int]:
        target = host()
        assert target is not None
        if among:
            return among.run(meet, self.address, threads)
        return crew.run(meet, self.address, threads, target)

    def counts(self, threads: int) -> list[int]:
        return [int(self.words(COUNTS + LINE * t, 1)[0]) for t in range(threads)]


def meeting_text(target: Target) -> str:
    """Return ``i64 meet(context, thread, threads)``, whose threads go from round to round.

    In each, a thread notes that it is there, waits for the others, and looks at all of
    them: the result is 1000 * thread + the number of times that it saw one behind.
    """
    module = Module()
    define_barrier(module, target)
    f = module.function("meet", [(PTR, "at"), (I64, "thread"), (I64, "threads")], "i64")
    at, thread, threads = (f.argument(name) for name in ("at", "thread", "threads"))
    rounds, work = f.load(at, I64), f.load(f.offset(at, WORK, "i8"), I64)
    state, counts = f.offset(at, BARRIER, "i8"), f.offset(at, COUNTS, "i8")
    mine = f.offset(counts, f.binary("mul", thread, integer(LINE)), "i8")
    result = f.binary("mul", thread, integer(1000))
    with f.loop(0, rounds, carried=[result]) as each:
        f.store(f.binary("add", f.load(mine, I64), integer(1)), mine)
        with f.loop(0, work):
            f.line('call void asm sideeffect "", ""()')
        f.line(f"call void @syn0_barrier({state}, {threads})")
        with f.loop(0, threads, carried=each.carried) as other:
            theirs = f.offset(counts, f.binary("mul", other.index, integer(LINE)), "i8")
            behind = f.compare("icmp sle", f.load(theirs, I64), each.index)
            late = f.cast("zext", behind, I64)
            other.carry(f.binary("add", other.carried[0], late))
        each.carry(*other.carried)
    f.line(f"ret {each.carried[0]}")
    return module.text()


@pytest.fixture(scope="module")
def target() -> Target:
    found = host()
    assert found is not None
    return found


@pytest.fixture
def meet(target: Target) -> int:
    return jit.link_program(meeting_text(target), "meet", {}, target)


@pytest.fixture
def new_crew(target: Target) -> crew.Crew:
    return crew.Crew(target)


# ----- who enters


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 8])
def test_exactly_so_many_enter_each_once(threads: int, meet: int, target: Target) -> None:
    for _ in range(20):
        meeting = Meeting(rounds=1)
        found = meeting.run(meet, threads)
        assert found == [1000 * thread for thread in range(threads)]
        assert meeting.counts(MOST) == [1] * threads + [0] * (MOST - threads)


def test_a_crew_takes_jobs_of_any_size(meet: int, new_crew: crew.Crew) -> None:
    for threads in (3, 1, 5, 2, 8, 4, 1, 8):
        meeting = Meeting(rounds=3)
        assert len(meeting.run(meet, threads, new_crew)) == threads
        assert meeting.counts(MOST) == [3] * threads + [0] * (MOST - threads)


@pytest.mark.parametrize("threads", [-1, 0, 257])
def test_a_number_of_threads_that_cannot_be(threads: int, meet: int, target: Target) -> None:
    with pytest.raises(ValueError, match=f"a job has 1 to 256 threads, not {threads}"):
        Meeting(1).run(meet, threads)


def test_where_a_thread_cannot_start_nobody_enters(
    meet: int, new_crew: crew.Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[threading.Thread] = []
    start = threading.Thread.start

    def refuse_the_third(thread: threading.Thread) -> None:
        starts.append(thread)
        if len(starts) == 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_the_third)
    meeting = Meeting(rounds=1)
    with pytest.raises(RuntimeError, match="can't start"):
        meeting.run(meet, 4, new_crew)
    assert meeting.counts(4) == [0] * 4
    assert meeting.run(meet, 4, new_crew) == [0, 1000, 2000, 3000]
    assert meeting.counts(4) == [1] * 4


# ----- the barrier


@pytest.fixture(params=["spinning", "sleeping", "napping"])
def ladder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every way to wait: as it is, all asleep at once, and as systems without a futex do."""
    if request.param != "spinning":
        monkeypatch.setattr(barrier, "SPINS", 0)
        monkeypatch.setattr(barrier, "CROWDED_SPINS", 0)
    if request.param == "napping":
        monkeypatch.setattr(barrier, "_system", lambda target: barrier._POSIX)
    crew._native.cache_clear()
    yield request.param
    crew._native.cache_clear()


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_nobody_passes_before_all_have_come(
    threads: int, crowded: bool, ladder: str, target: Target
) -> None:
    meet = jit.link_program(meeting_text(target), "meet", {}, target)
    rounds = 50 if ladder == "napping" else 1000
    meeting = Meeting(rounds, crowded=crowded)
    found = meeting.run(meet, threads, crew.Crew(target))
    assert found == [1000 * thread for thread in range(threads)]
    assert meeting.counts(threads) == [rounds] * threads


def test_a_barrier_that_lets_pass_is_found_out(target: Target, new_crew: crew.Crew) -> None:
    text = meeting_text(target).replace("call void @syn0_barrier(", "call void @nothing(")
    text += "define internal void @nothing(ptr %s, i64 %t) noinline {\n  ret void\n}\n"
    meet = jit.link_program(text, "meet", {}, target)
    found = Meeting(rounds=1000, work=100).run(meet, 4, new_crew)
    assert found != [0, 1000, 2000, 3000]


# ----- several callers


def test_several_threads_of_python_have_a_crew_each(meet: int, target: Target) -> None:
    def job(turn: int) -> bool:
        meeting = Meeting(rounds=20)
        found = meeting.run(meet, 2 + turn % 3)
        return found == [1000 * thread for thread in range(2 + turn % 3)]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(job, range(40)))
    helpers = threading.active_count()
    for turn in range(10):
        assert job(turn)
    assert threading.active_count() == helpers  # jobs in turn share one crew


def in_new_process(script: str) -> str:
    """Run a script that knows this file's names; it must end by itself."""
    lines = "import os, signal, sys, threading, time\nfrom test_crew import *\n"
    lines += "target = host()\nmeet = jit.link_program(meeting_text(target), 'meet', {}, target)\n"
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", lines + textwrap.dedent(script)],
        capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_helpers_of_its_own() -> None:
    in_new_process(
        """
        def job(threads):
            meeting = Meeting(rounds=100)
            assert meeting.run(meet, threads) == [
                1000 * thread for thread in range(threads)
            ]
            assert meeting.counts(threads) == [100] * threads

        job(3)
        busy = threading.Thread(target=lambda: [job(2) for _ in range(200)])
        busy.start()  # so that some forks come in the midst of a job
        for threads in (1, 2, 3, 4, 2):
            child = os.fork()
            if not child:
                job(threads)
                job(4)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            job(3)
        busy.join()
        """
    )


def test_a_program_ends_while_helpers_sleep() -> None:
    output = in_new_process(
        """
        Meeting(rounds=1).run(meet, 4)
        assert threading.active_count() == 4
        print("done")
        """
    )
    assert output == "done\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_an_interrupt_waits_for_the_end_of_the_job() -> None:
    in_new_process(
        """
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        for turn in range(50):
            meeting = Meeting(rounds=20, work=100_000)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.001 + 0.0001 * turn)
                while True:
                    meeting.words(COUNTS, 1)[0] = meeting.words(COUNTS + LINE, 1)[0] = 0
                    meeting.run(meet, 2)
            except KeyboardInterrupt:
                pass
            assert meeting.counts(2) in ([20, 20], [0, 0], [0, 20])
            assert Meeting(rounds=5).run(meet, 3) == [0, 1000, 2000]
        """
    )


# ----- what waiting costs


@pytest.mark.parametrize("system", ["this", "one without a futex"])
def test_idle_helpers_use_no_processor(system: str) -> None:
    output = in_new_process(
        f"""
        if {system!r} != "this":
            barrier._system = lambda target: barrier._POSIX
        Meeting(rounds=1).run(meet, 4)
        time.sleep(0.6)
        shares = []
        for _ in range(5):
            begin, used = time.perf_counter(), time.process_time()
            time.sleep(0.05)
            shares.append((time.process_time() - used) / (time.perf_counter() - begin))
        print(min(shares))
        """
    )
    assert float(output) < 0.03


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be taken away")
def test_twice_as_many_threads_as_processors_cost_little() -> None:
    output = in_new_process(
        """
        available = sorted(os.sched_getaffinity(0))
        if len(available) > 1:
            os.sched_setaffinity(0, available[:2])
            times = {2: [], 4: []}
            for _ in range(7):
                for threads in times:  # the same work in all, in rounds of tens of microseconds
                    meeting = Meeting(100, work=400_000 // threads, crowded=threads > 2)
                    begin = time.perf_counter()
                    meeting.run(meet, threads)
                    times[threads].append(time.perf_counter() - begin)
            print(sorted(times[4])[3] / sorted(times[2])[3])
        """
    )
    assert not output or float(output) < 3


# ----- how many processors


def test_affinity_and_quota_limit_the_processors() -> None:
    assert 1 <= cpus() <= (os.cpu_count() or 1)
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        output = in_new_process(
            """
            os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
            print(cpus())
            """
        )
        assert output == "1\n"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000"}, np.inf),
        ("0::/\n", {}, np.inf),
        ("0::/\n", {"cpu.max": "nonsense"}, np.inf),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, 2),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000", "a/b/cpu.max": "50000 100000"}, 0.5),
        ("0::/gone/from/sight\n", {"cpu.max": "300000 100000"}, 3),
        (
            "5:memory:/m\n4:cpu,cpuacct:/c\n",
            {"cpu/c/cpu.cfs_quota_us": "400000", "cpu/c/cpu.cfs_period_us": "100000"},
            4,
        ),
        (
            "4:cpu,cpuacct:/gone\n",
            {"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"},
            2.5,
        ),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, np.inf),
        ("", {"cpu.max": "100000 100000"}, np.inf),
    ],
)
def test_the_quota_of_a_container(
    membership: str, files: dict[str, str], expected: float, tmp_path: Path
) -> None:
    (tmp_path / "cgroup").write_text(membership)
    for name, content in files.items():
        path = tmp_path / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    assert quota(tmp_path / "cgroup", tmp_path / "sys") == expected
