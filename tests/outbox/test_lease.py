"""One process at a time works on an outbox."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_shinecat.outbox import process
from jupyter_shinecat.outbox.__main__ import watch_signals
from jupyter_shinecat.outbox.lease import Lease
from jupyter_shinecat.outbox.service import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def test_second_waits_until_the_first_lets_go(folder: Path) -> None:
    first, second = Lease(folder), Lease(folder)
    assert first.try_acquire()
    assert not second.try_acquire()
    assert first.held
    holder = second.holder()
    assert holder is not None
    assert holder["pid"] == process.os.getpid()
    first.release()
    assert second.holder() is None
    assert second.try_acquire()
    assert not first.held
    second.release()


def test_dead_process_of_this_machine_is_followed_at_once(folder: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from jupyter_shinecat.outbox.lease import Lease
assert Lease(Path({str(folder)!r})).try_acquire()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    lease = Lease(folder)
    assert lease.holder() is None
    assert lease.try_acquire()
    lease.release()


def _write(folder: Path, number: int, **sign: object) -> Path:
    place = folder / "lease"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"lease-{number:012d}"
    path.write_text(json.dumps(sign))
    return path


def test_other_machine_counts_as_dead_only_when_its_beat_stops(folder: Path) -> None:
    path = _write(folder, 7, host="elsewhere", pid=1, born="x:1", beat="1")
    lease = Lease(folder, stale_s=0.0)
    assert not lease.try_acquire()  # the first look only remembers the beat
    path.write_text(path.read_text().replace('"1"', '"2"'))
    assert not lease.try_acquire()
    assert lease.try_acquire()
    lease.release()
    patient = Lease(folder, stale_s=1000.0)
    _write(folder, 99, host="elsewhere", pid=1, born="x:1", beat="1")
    assert not patient.try_acquire()
    assert not patient.try_acquire()


def test_half_written_lease_is_somebody_being_born_until_it_is_stale(folder: Path) -> None:
    _write(folder, 1).write_text("")
    lease = Lease(folder, stale_s=0.0)
    assert not lease.try_acquire()
    assert lease.try_acquire()
    lease.release()


def test_holder_that_was_taken_over_notices(folder: Path) -> None:
    lease = Lease(folder)
    assert lease.try_acquire()
    _write(folder, 2, host="elsewhere", pid=1)
    assert not lease.held
    lease.release()
    assert (folder / "lease" / "lease-000000000002").exists()
    assert "released" not in (folder / "lease" / "lease-000000000002").read_text()


def test_of_many_only_one_takes_over(folder: Path) -> None:
    _write(folder, 3, released=True)
    leases = [Lease(folder) for _ in range(16)]
    start = threading.Barrier(len(leases))
    won: list[Lease] = []

    def take(lease: Lease) -> None:
        start.wait()
        if lease.try_acquire():
            won.append(lease)

    threads = [threading.Thread(target=take, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert won[0].held
    won[0].release()


def test_reused_process_number_is_not_taken_for_the_old_one() -> None:
    me = process.os.getpid()
    assert process.is_alive(me, process.birth(me))
    assert process.is_alive(me, "")
    assert not process.is_alive(me, f"{process.boot_id()}:1")
    assert not process.is_alive(me, f"another-boot:{process.start_time(me)}")
    assert not process.is_alive(2**22 + 5, "")


def test_who_loses_the_lease_between_two_entries_sends_no_more() -> None:
    class Sending:
        ours = True
        ticks = 0
        stopped = False

        def tick(self, should_stop) -> bool:
            self.ticks += 1
            assert not should_stop()
            self.ours = False  # the machine slept; another outbox has taken over
            self.stopped = should_stop()
            return True

    sending = Sending()
    run(sending, threading.Event(), 0.0, lambda: sending.ours)
    assert sending.stopped
    assert sending.ticks == 1


def test_signal_in_the_middle_of_a_wait_stops_the_process() -> None:
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        watch_signals(stop)
        with stop._cond:  # as ``stop.wait`` has it for a moment
            signal.raise_signal(signal.SIGTERM)
        assert stop.wait(30)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
