"""When a token is renewed, and what of a sign-in is kept."""

import pytest

from jupyter_shinecat.hub.state import TokenState
from jupyter_shinecat.scicat import Secret


def state(issued_at, expires_at):
    return TokenState(Secret("t"), issued_at, expires_at, "u1", ("g",))


@pytest.mark.parametrize(
    ("life_s", "left_s", "due"),
    [(3600, 95, False), (3600, 85, True), (40, 16, False), (40, 14, True), (3600, -1, True)],
)
def test_the_hub_renews_before_the_user_server_asks(life_s, left_s, due):
    """The server asks min(60 s, a quarter) before the end; by then the hub holds a fresh one."""
    assert state(1000, 1000 + life_s).due(now=1000 + life_s - left_s) is due
    assert min(60, life_s / 4) < min(90, life_s * 3 / 8)


def test_it_survives_the_hubs_database():
    kept = state(1000, 4600)
    assert TokenState.from_auth_state(kept.to_auth_state()) == kept
    assert set(kept.to_auth_state()) == {"access_token", "issued_at", "expires_at", "user_id", "groups"}


@pytest.mark.parametrize("broken", [None, {}, [], "x", {"access_token": ""}])
def test_a_state_without_a_token_is_no_state(broken):
    assert TokenState.from_auth_state(broken) is None


def test_it_does_not_print_the_token():
    assert "tok-en" not in repr(TokenState(Secret("tok-en"), 0, 1))
