"""A refused request says why, in one sentence, with every tornado that we allow."""

import json

import pytest
from tornado import web

from jupyter_shinecat.server.handlers import Route


class Told:
    """What a route would answer."""

    def reply(self, answer):
        self.status = answer.status
        self.message = json.loads(answer.body)["message"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (web.HTTPError(413, "100 % of 4 MB"), "100 % of 4 MB"),
        (web.HTTPError(400, "no %s here", "key"), "no key here"),
        (web.HTTPError(404), "Not Found"),
        (web.HTTPError(403, reason="Not yours"), "Not yours"),
    ],
)
def test_the_sentence_of_an_error_arrives(error, message, monkeypatch):
    monkeypatch.delattr(web.HTTPError, "get_message", raising=False)  # tornado 6.4 has none
    told = Told()
    Route.write_error(told, error.status_code, exc_info=(type(error), error, None))
    assert told.status == error.status_code
    assert told.message == message
