"""Small HTTP servers of the tests' own: they stand for a SciChat, an identity provider, whoever is told of jobs."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class StandIn(BaseHTTPRequestHandler):
    """Answers in JSON and writes no log."""

    def received(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@contextmanager
def serving(handler, **state):
    """A running server of ``handler`` with ``url`` and ``state`` as its attributes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.url = f"http://127.0.0.1:{server.server_port}"
    vars(server).update(state)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class SciChat(StandIn):
    """SciChat's sign-in and its two reading routes; ``books`` are messages by name."""

    def do_POST(self):
        good = json.loads(self.received()) == {"username": "scicat", "password": "chat-secret"}
        self.server.sign_ins += good
        self.answer({"id": f"t{self.server.sign_ins}"} if good else {}, 200 if good else 401)

    def do_GET(self):
        parts, books = urlsplit(self.path), self.server.books
        self.server.asked.append((parts.path, parse_qs(parts.query)))
        if self.headers.get("Authorization") != f"Bearer t{self.server.sign_ins}":
            return self.answer({}, 401)
        name = unquote(parts.path.removeprefix("/chat/Logbooks").strip("/"))
        self.server.gate.wait(8)
        if self.server.broken:
            return self.answer({}, 500)
        if not name:
            return self.answer([{"name": n, "roomId": n, "messages": m} for n, m in books.items()])
        if name not in books:
            return self.answer({}, 404)
        return self.answer({"name": name, "roomId": "r", "messages": books[name]})


def chatting(books):
    """A running SciChat; ``gate`` holds its answers back, ``broken`` makes them fail."""
    gate = threading.Event()
    gate.set()
    return serving(SciChat, books=books, asked=[], sign_ins=0, broken=False, gate=gate)


def chat_settings(chat):
    return {
        "LOGBOOK_ENABLED": "yes", "LOGBOOK_BASE_URL": f"{chat.url}/chat", "LOGBOOK_USERNAME": "scicat",
        "LOGBOOK_PASSWORD": "chat-secret",
    }  # fmt: skip


class Outside(StandIn):
    """Remembers what is posted to it, and serves an identity provider's documents."""

    def do_GET(self):
        if self.path.endswith("openid-configuration"):
            url = self.server.url
            ends = {"authorization_endpoint": f"{url}/page?a=b", "token_endpoint": f"{url}/token"}
            return self.answer({"jwks_uri": f"{url}/keys", **ends})
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        return self.answer({"keys": [{**key, "kid": "one", "use": "sig"}]})

    def do_POST(self):
        body = self.received()
        self.server.received.append((self.path, dict(self.headers), body))
        self.server.arrived.set()
        if self.path == "/token":  # the code is the token that it stands for
            return self.answer({"id_token": dict(parse_qsl(body.decode()))["code"]})
        return self.answer({}, self.server.status)


def other_services():
    """A running identity provider and receiver of posts; ``status`` is what it answers to these."""
    return serving(Outside, received=[], arrived=threading.Event(), status=201)


def token(outside, key=KEY, kid="one", **changes):
    """A token of the identity provider for li.na; a change to None leaves a claim out."""
    claims = {
        "iss": outside.url, "aud": "scicat", "sub": "s-1", "preferred_username": "li.na", "email": "li@x.org",
        "groups": ["GET"], "exp": int(time.time()) + 600, **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})
