"""A secret is only ever seen by who asks for it."""

import copy
import pickle

import pytest

from jupyter_shinecat.scicat import CatalogClient, Secret

TEXT = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2ln"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>10}".format, lambda s: f"{[s]!r}", "{!s}".format])
def test_it_does_not_print(show):
    assert TEXT not in show(Secret(TEXT))


def test_it_does_not_pickle_nor_copy():
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TEXT))
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(TEXT))


def test_it_compares_and_reveals():
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert Secret(TEXT) != TEXT
    assert Secret(TEXT).reveal() == TEXT
    assert not Secret("")


def test_a_client_does_not_show_its_token():
    with CatalogClient("http://localhost:1", TEXT) as client:
        assert TEXT not in repr(client)
        assert TEXT not in str(vars(client))
