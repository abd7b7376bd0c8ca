"""The block cache: always the right bytes, and never many more than were asked for."""

from __future__ import annotations

import os
import random
import socket
import threading

import pytest

from jupyter_shinecat.files.remote import RangeClient, RemoteError
from jupyter_shinecat.files.spending import BLOCK, SpendingCache


class Service:
    """Bytes, and a count of what was fetched."""

    def __init__(self, size: int, *, plain: bool = False) -> None:
        self.data = bytes(size) if plain else os.urandom(size)
        self.moved = 0
        self.requests = 0
        self.cache = SpendingCache(BLOCK, self.fetch, size)

    def fetch(self, first: int, end: int) -> bytes:
        assert 0 <= first < end <= len(self.data)
        self.moved += end - first
        self.requests += 1
        return self.data[first:end]

    def read(self, first: int, end: int) -> None:
        assert self.cache._fetch(first, end) == self.data[first:end]


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_reads_gives_the_right_bytes(seed: int) -> None:
    chance = random.Random(seed)
    service = Service(chance.choice([1, BLOCK - 1, BLOCK, BLOCK + 1, 3_000_000, 25_000_000]))
    size, place = len(service.data), 0
    for _ in range(300):
        if chance.random() < 0.5:
            place = chance.randrange(size)
        length = chance.choice([1, 8, 512, 2048, 70_000, 300_000])
        service.read(place, min(place + length, size))
        place = min(place + length, size - 1)
    assert service.cache.asked + service.cache.spare == service.moved
    assert service.cache.spare >= 0


def test_edges() -> None:
    service = Service(1000)
    assert service.cache._fetch(1000, 2000) == b""
    assert service.cache._fetch(5, 5) == b""
    assert service.cache._fetch(990, 5000) == service.data[990:]
    assert service.cache._fetch(None, None) == service.data


def test_looking_through_a_small_file_takes_few_requests() -> None:
    """As HDF5 looks through thousands of objects: a few bytes here and there, none of them twice."""
    service = Service(10_000_000)
    chance = random.Random(1)
    for _ in range(5000):
        place = chance.randrange(10_000_000 - 512)
        service.read(place, place + 512)
    assert service.moved <= len(service.data)
    assert service.requests <= len(service.data) // BLOCK + 1


@pytest.mark.parametrize("chunk", [2_000, 16_000, 64 * 1024, 300_000, 4_000_000])
@pytest.mark.parametrize("gap", [0, 1_000, 1_000_000])
def test_a_large_slice_moves_at_most_a_fifth_more_than_its_chunks(chunk: int, gap: int) -> None:
    count = 20_000_000 // chunk
    step = chunk + min(gap, 100_000_000 // count)
    service = Service(count * step, plain=True)
    for number in range(count):
        service.read(number * step, number * step + chunk)
    assert service.moved <= 1.2 * count * chunk


def test_reading_on_takes_few_requests_and_moves_nothing_twice() -> None:
    service = Service(20_000_000)
    for place in range(0, 20_000_000, 16_000):
        service.read(place, place + 16_000)
    assert service.moved == 20_000_000
    assert service.requests < 150, "of 1250 reads"
    before = service.moved
    service.read(5_000_000, 5_500_000)
    assert service.moved == before, "it is kept"


def test_an_answer_that_is_too_short_is_an_error() -> None:
    cache = SpendingCache(BLOCK, lambda first, end: b"x", 1_000_000)
    with pytest.raises(OSError, match="were asked for"):
        cache._fetch(0, 10)


@pytest.mark.parametrize(("cuts", "whole"), [(2, True), (9, False)])
def test_an_answer_that_is_cut_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, cuts: int, whole: bool) -> None:
    monkeypatch.setattr("jupyter_shinecat.files.remote.time.sleep", lambda _: None)
    head = b'HTTP/1.1 206 P\r\nETag: "a"\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n'

    def answer() -> None:
        for number in range(cuts + 1 if whole else 4):
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head + (b"0123456789" if number >= cuts else b"0123"))

    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer)
        answering.start()
        client = RangeClient(f"http://127.0.0.1:{server.getsockname()[1]}")
        if whole:
            assert client.read("p", "f", 0, 10, '"a"') == b"0123456789"
        else:
            with pytest.raises(RemoteError, match="does not answer"):
                client.read("p", "f", 0, 10, '"a"')
        answering.join(60)
        client.close()
