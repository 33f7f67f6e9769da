"""The spool: what was given to it is read again, in order, once, whatever is killed or broken meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import SpoolFull
from feeds import receipt, spool
from feeds.spool import MAGIC, SpoolWriter, read
from feeds.wire import Frame

ROOM = 1 << 20


def frames(number: int, size: int = 20, start: int = 0) -> list[Frame]:
    return [Frame(f"{i:08d}".encode().ljust(size, b"x"), 1_000 + i, f"a/{i}") for i in range(start, start + number)]


def follow(folder: Path, marks: dict[str, int], most: int = 1_000) -> list[Frame]:
    """What is there after `marks`, which move on."""
    found = read(folder, marks, most)
    for one in found.frames:
        marks[one.file] = one.end
    return [one.frame for one in found.frames]


def test_what_is_appended_is_read_once_and_in_order(tmp_path):
    writer, marks = SpoolWriter(tmp_path / "7", limit_bytes=ROOM), {}
    assert writer.append(frames(3)) == 3
    assert follow(tmp_path / "7", marks, most=2) == frames(2)
    assert follow(tmp_path / "7", marks) == frames(1, start=2)
    writer.append(frames(2, start=3))
    assert follow(tmp_path / "7", marks) == frames(2, start=3)
    assert follow(tmp_path / "7", marks) == []
    assert read(tmp_path / "7", marks, 10).finished == (), "more may come while it is open"
    writer.close()
    (done,) = read(tmp_path / "7", marks, 10).finished
    spool.remove(tmp_path / "7", (done,))
    assert spool.files(tmp_path / "7") == []


def test_a_look_takes_so_many_bytes_and_no_more_however_large_the_frames_are(tmp_path):
    """A database that was away for an hour, and bodies of 4 MB: read at once they would be more than the memory there is."""
    writer, marks = SpoolWriter(tmp_path / "7", limit_bytes=ROOM), {}
    given_ = frames(7, size=1_000)
    writer.append(given_)
    writer.close()
    assert len(read(tmp_path / "7", marks, 1_000, most_bytes=2_500).frames) == 3
    assert read(tmp_path / "7", marks, 1_000, most_bytes=2_500).finished == ()
    out = []
    while more := read(tmp_path / "7", marks, 1_000, most_bytes=1).frames:
        assert len(more) == 1, "one that is larger is taken alone"
        marks[more[0].file] = more[0].end
        out.append(more[0].frame)
    assert out == given_ and len(read(tmp_path / "7", marks, 1_000, most_bytes=1).finished) == 1


@given(st.lists(st.tuples(st.binary(max_size=200), st.text(max_size=20)), max_size=20), st.integers(1, 5))
def test_any_bytes_and_any_topic(tmp_path_factory, told, most):
    folder = tmp_path_factory.mktemp("spool") / "1"
    given_ = [Frame(data, number, topic) for number, (data, topic) in enumerate(told)]
    writer, marks, out = SpoolWriter(folder, limit_bytes=ROOM), {}, []
    writer.append(given_)
    writer.close()
    while more := follow(folder, marks, most):
        out += more
    assert out == [Frame(f.data, f.received_us, f.topic) for f in given_]


def test_two_processes_write_to_one_feed(tmp_path):
    one, two, marks = SpoolWriter(tmp_path / "1", limit_bytes=ROOM), SpoolWriter(tmp_path / "1", limit_bytes=ROOM), {}
    one.append(frames(2))
    two.append(frames(2, start=2))
    one.append(frames(2, start=4))
    assert sorted(f.data for f in follow(tmp_path / "1", marks)) == [f.data for f in frames(6)]


def test_half_a_record_at_the_end_is_not_one(tmp_path):
    writer, marks = SpoolWriter(tmp_path / "1", limit_bytes=ROOM), {}
    writer.append(frames(2))
    writer.close()
    (path,) = spool.files(tmp_path / "1")
    whole = path.read_bytes()
    for cut in range(len(MAGIC), len(whole)):
        path.write_bytes(whole[:cut])
        found = read(tmp_path / "1", marks, 10)
        assert [f.frame for f in found.frames] == frames(2)[:len(found.frames)] and found.damaged == 0
        assert found.finished == (path.name,), "nobody will write the rest"


def test_a_changed_byte_is_found_and_the_rest_is_read(tmp_path):
    writer = SpoolWriter(tmp_path / "1", limit_bytes=ROOM)
    writer.append(frames(3))
    writer.close()
    (path,) = spool.files(tmp_path / "1")
    body = bytearray(path.read_bytes())
    body[len(MAGIC) + spool.HEAD.size + 5] ^= 1
    path.write_bytes(body)
    found = read(tmp_path / "1", {}, 10)
    assert found.damaged == 1 and [f.frame for f in found.frames] == frames(2, start=1)


def test_what_there_is_no_room_for_is_dropped_newest_first_and_counted(tmp_path):
    writer = SpoolWriter(tmp_path / "1", limit_bytes=1_000)
    assert writer.append(frames(20)) == 14 and writer.dropped == 6
    assert follow(tmp_path / "1", {}) == frames(14)
    assert writer.append(frames(1)) == 0 and writer.dropped == 7
    protected = SpoolWriter(tmp_path / "2", limit_bytes=1_000, protected=True)
    assert 0 < protected.append(frames(20)) < 14, "what follows something under an authority has a reserve"


def test_a_message_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "DATA_MAX", 100)
    with pytest.raises(SpoolFull, match="101 bytes; at most 100"):
        SpoolWriter(tmp_path / "1", limit_bytes=ROOM).append([Frame(bytes(101), 1)])


def test_a_full_disk_drops_and_stays_whole(tmp_path, monkeypatch):
    writer, marks, write = SpoolWriter(tmp_path / "1", limit_bytes=ROOM), {}, os.write
    writer.append(frames(2))

    def full(file: int, body: bytes) -> int:
        if len(body) > 40:
            return write(file, body[:40])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.os, "write", full)
    assert writer.append(frames(2, start=2)) == 0 and writer.dropped == 2
    monkeypatch.setattr(spool.os, "write", write)
    writer.append(frames(1, start=4))
    assert follow(tmp_path / "1", marks) == [*frames(2), *frames(1, start=4)]


def test_a_writer_that_is_killed_loses_nothing_it_was_given(tmp_path):
    script = ("import sys, time; from pathlib import Path; from feeds.spool import SpoolWriter; from feeds.wire import Frame\n"
              "w = SpoolWriter(Path(sys.argv[1]), limit_bytes=1 << 20)\n"
              "w.append([Frame(b'one', 1), Frame(b'two', 2)]); print('kept', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "1")], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        try:
            assert child.stdout.readline() == b"kept\n"
            assert read(tmp_path / "1", {}, 10).finished == (), "it still writes"
        finally:
            child.send_signal(signal.SIGKILL)
    found = read(tmp_path / "1", {}, 10)
    assert [f.frame.data for f in found.frames] == [b"one", b"two"]
    end = time.monotonic() + 120
    while not read(tmp_path / "1", {f.file: f.end for f in found.frames}, 10).finished:
        assert time.monotonic() < end, "the lock of a writer that is gone is still there"
        time.sleep(0.02)


@pytest.mark.parametrize("jump_s", [-86_400, 86_400, -1])
def test_a_clock_that_jumps_loses_and_doubles_nothing(tmp_path, monkeypatch, jump_s):
    """Files are named by the clock: whichever comes first, each frame is read once."""
    folder, marks, got, shift = tmp_path / "7", {}, [], [0]
    monkeypatch.setattr(receipt, "CLOCK", SimpleNamespace(now_us=lambda: (time.time_ns() + shift[0]) // 1000))  # as processes begun anew see it
    for n in range(4):
        writer = SpoolWriter(folder, limit_bytes=ROOM)
        assert writer.append(frames(5, start=5 * n)) == 5
        got += follow(folder, marks, most=3)  # some are read before the jump, some after
        writer.close()
        shift[0] += jump_s * 1_000_000_000
    while more := follow(folder, marks, most=3):
        got += more
    assert sorted(f.data for f in got) == [f.data for f in frames(20)]
