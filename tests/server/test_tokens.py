"""A token is fetched once, renewed before its end, and kept while the source is away."""

import asyncio
import base64
import json
import logging
import time

import pytest

from jupyter_shinecat.scicat import CatalogUnavailable, Secret, SignInRequired
from jupyter_shinecat.server import tokens
from jupyter_shinecat.server.tokens import Grant, TokenKeeper, expiry_of

LOG = logging.getLogger("test")


class Source:
    """Gives token 1, 2, 3, ... each with ``life_s``; raises ``error`` when it is set."""

    def __init__(self, life_s: float = 3600.0) -> None:
        self.life_s, self.calls, self.error = life_s, 0, None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Grant:
        self.calls += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Grant(Secret(f"token-{self.calls}"), time.time() + self.life_s)


def run(coroutine):
    return asyncio.run(coroutine)


def test_many_callers_at_once_fetch_one_token():
    async def story():
        source = Source()
        keeper = TokenKeeper(source, LOG)
        source.gate.clear()
        callers = [asyncio.ensure_future(keeper.get()) for _ in range(20)]
        await asyncio.sleep(0)
        source.gate.set()
        assert {token.reveal() for token in await asyncio.gather(*callers)} == {"token-1"}
        assert source.calls == 1

    run(story())


@pytest.mark.parametrize(
    ("life_s", "age_s", "due"), [(3600, 3500, False), (3600, 3545, True), (40, 25, False), (40, 31, True)]
)
def test_it_is_renewed_a_minute_or_a_quarter_of_its_life_before_its_end(monkeypatch, life_s, age_s, due):
    async def story():
        source = Source(life_s)
        keeper = TokenKeeper(source, LOG)
        await keeper.get()
        start = time.time()
        monkeypatch.setattr(tokens.time, "time", lambda: start + age_s)
        await keeper.get()
        assert source.calls == (2 if due else 1)

    run(story())


def test_a_refused_token_is_replaced_once_for_all_who_held_it():
    async def story():
        source = Source()
        keeper = TokenKeeper(source, LOG)
        old = await keeper.get()
        new = await asyncio.gather(*(keeper.get(rejected=old) for _ in range(5)))
        assert {token.reveal() for token in new} == {"token-2"}
        assert source.calls == 2

    run(story())


def test_a_token_stays_in_use_while_its_source_is_away_and_then_the_reason_is_told(monkeypatch):
    async def story():
        source = Source(40)
        keeper = TokenKeeper(source, LOG)
        await keeper.get()
        source.error = CatalogUnavailable("away")
        start = time.time()
        monkeypatch.setattr(tokens.time, "time", lambda: start + 35)
        assert (await keeper.get()).reveal() == "token-1"
        monkeypatch.setattr(tokens.time, "time", lambda: start + 41)
        with pytest.raises(CatalogUnavailable):
            await keeper.get()

    run(story())


def test_a_failing_source_is_not_asked_by_every_request():
    async def story():
        source = Source()
        source.error = SignInRequired("sign in")
        keeper = TokenKeeper(source, LOG)
        for _ in range(10):
            with pytest.raises(SignInRequired):
                await keeper.get()
        assert source.calls == 1

    run(story())


def test_the_background_renewal_keeps_it_fresh_without_requests(monkeypatch):
    async def story():
        monkeypatch.setattr(tokens, "_PAUSE_AFTER_FAILURE_S", 0.01)
        source = Source(0.2)
        renewed = asyncio.Event()

        async def fetch():
            grant = await source()
            if source.calls == 3:
                renewed.set()
            return grant

        keeper = TokenKeeper(fetch, LOG)
        keeper.start()
        await asyncio.wait_for(renewed.wait(), 10)
        await keeper.stop()

    run(story())


def test_the_end_of_a_jwt_is_read_without_trusting_it():
    def jwt(claims):
        return Secret("e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".sig")

    assert expiry_of(jwt({"exp": 1234})) == 1234
    for text in ("", "opaque", "a.b.c", "a.e30.c"):
        assert expiry_of(Secret(text)) == float("inf")
