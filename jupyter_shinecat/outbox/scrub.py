"""Taking secrets out of code before it leaves the machine.

Better a harmless text too many than a password too few: whatever looks like a secret is replaced by ``***``. The text
is gone through word by word; nothing here looks further than a bounded way ahead, so no text can make it slow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from .scrub_python import secret_spans

HIDDEN = "***"

# Last words of names that hold a secret.
_SECRET_WORDS = frozenset(
    {"pass", "password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pw", "secret", "secrets", "token",
     "tokens", "apikey", "apikeys", "credential", "credentials", "cred", "creds", "authorization", "bearer", "cookie",
     "cookies", "pin", "jwt", "密码", "口令", "密钥", "令牌"}
)  # fmt: skip
_KEY_KINDS = frozenset({"api", "access", "private", "secret", "auth", "encryption", "signing", "ssh"})
_ENDINGS = ("password", "passwd", "token", "secret", "apikey", "密码", "口令", "密钥", "令牌")
_SUFFIXES = frozenset({"value", "str", "string", "text", "hash", "prod", "dev", "test", "id", "file", "default"})
_NUMBERS_TOO = ("pass", "pwd", "pin", "secret")
_SIGN_IN = re.compile(r"log_?[io]n|signin|sign_in|authenticate|connect|basicauth|credential|passw|auth$", re.I)

_WORD = re.compile(r"[^\W\d][\w\-]*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+")
_STRING = re.compile(
    r"[rbfuRBFU]{0,2}(?:\"\"\"(?:[^\\]|\\.){0,5000}?\"\"\"|'''(?:[^\\]|\\.){0,5000}?'''|"
    r"\"(?:[^\"\\\n]|\\.){0,5000}\"|'(?:[^'\\\n]|\\.){0,5000}')",
    re.S,
)
# From a name to the text it is given: = "...", : "...", "]: "...", ", default="...", and with a type between.
_GIVEN = re.compile(
    r"[\"']?\]?\s{0,20}(?::\s{0,20}\w{1,50}\s{0,20}(?==))?(?:==|:=|\+=|\|\|=|=|:|,)\s{0,50}(?:\w{1,30}\s?=\s?)?\(?\s{0,50}"
)
_NUMBER = re.compile(r"\d{3,}\b")
_BARE = re.compile(r"=(?![\"'(\s=*]|os\.|getpass|input)([^\s;,()\[\]\"']+)(?=\s|;|$)")
_HEADER = re.compile(r"[\"']?\s{0,5}:\s{0,5}(?=[A-Za-z._~+/=-]{0,100}\d)[A-Za-z0-9._~+/=-]{8,}")
_OPTION = re.compile(r"(?:=|\s{1,10})(?![\"'*-])[^\s\"']+")
_ARGUMENTS = re.compile(r"\s{0,5}=?\s{0,5}\(([^()]{1,2000})\)")
_OF_ENV = re.compile(r"\s+(?!=)\S+")

_FORMS: tuple[re.Pattern[str], ...] = (
    re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.{0,10000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.S),
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{3,}(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(
        r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|pypi-|sk-|[sr]k_live_|AIza|ya29\.|dop_v1_|npm_)[\w.-]{10,}"
    ),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?<=://)[^\s/@\"'<>]{1,500}(?=@)"),
    re.compile(r"(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?<=[Bb]asic )(?=[A-Za-z+/]{0,100}[A-Z0-9=])[A-Za-z0-9+/]{8,}={0,2}"),
    re.compile(r"(?<=\bsshpass -p )\S+"),
    re.compile(r"(?<=\bmysql -p)[^\s-]\S*"),
    re.compile(r"(?i)(?<=password is )(?=\S{0,100}\d)\S+"),
    re.compile(r"(?<=\s-u )[\"']?[^\s:\"']{1,200}:[^\s\"']+"),
)
_IN_ADDRESS = re.compile(r"([?&;])([\w.\-]{1,100})=([^&\s\"'#;]+)")
_OPAQUE = re.compile(r"(?<![\w/+.-])[A-Za-z0-9+_=-]{32,}(?![\w/+.-])")


def scrub(text: str, known: Iterable[str] = ()) -> str:
    """``text`` without what looks like passwords, tokens, keys and credentials in addresses.

    Parameters
    ----------
    text
        Code or free text.
    known
        Secrets known by their value; replaced wherever they stand.

    Examples
    --------
    >>> scrub('token = "abc"; n = 3')
    'token = "***"; n = 3'
    """
    for secret in known:
        if len(secret) >= 4:
            text = text.replace(secret, HIDDEN)
    for start, end in reversed(secret_spans(text, _is_secret, lambda name: bool(_SIGN_IN.search(name)))):
        text = f'{text[:start]}"{HIDDEN}"{text[end:]}'
    for form in _FORMS:
        text = form.sub(HIDDEN, text)
    text = _IN_ADDRESS.sub(_hide_in_address, text)
    return _OPAQUE.sub(_hide_opaque, _hide_given(text))


def scrub_value(value: Any, known: Iterable[str] = (), *, name: str = "") -> Any:
    """The same through lists and dictionaries; a value whose key names a secret is hidden whole."""
    known = tuple(known)
    if isinstance(value, dict):
        return {scrub(str(key), known): scrub_value(item, known, name=str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_value(item, known, name=name) for item in value]
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _is_secret(name):
        return HIDDEN
    return scrub(value, known) if isinstance(value, str) else value


def secrets_of_environment() -> list[str]:
    """Values in this process's environment that must appear nowhere."""
    return [value for name, value in os.environ.items() if value and re.search(r"TOKEN|PASSWORD|SECRET|_KEY$", name)]


def _is_secret(name: str) -> bool:
    """Whether a thing of this name holds a secret: ``DB_PASSWORD``, ``apiKey2``, ``x-auth-token``."""
    parts = [part.lower() for part in _PARTS.findall(name[-100:])]
    while len(parts) > 1 and (parts[-1].isdigit() or parts[-1] in _SUFFIXES):
        parts.pop()
    if not parts:
        return False
    if parts[-1] in ("key", "keys"):
        return len(parts) > 1 and parts[-2] in _KEY_KINDS
    return parts[-1] in _SECRET_WORDS or parts[-1].endswith(_ENDINGS)


def _hide_given(text: str) -> str:
    """Texts that are given to names of secrets, or to functions that sign in."""
    out: list[str] = []
    at = 0
    for word in _WORD.finditer(text):
        if word.start() < at:
            continue
        if _is_secret(word[0]):
            found = _value_after(text, word)
        elif len(word[0]) < 100 and _SIGN_IN.search(word[0]):
            found = _arguments_after(text, word)
        else:
            continue
        if found is not None:
            start, end, hidden = found
            out += [text[at:start], hidden]
            at = end
    return "".join(out) + text[at:]


def _value_after(text: str, word: re.Match[str]) -> tuple[int, int, str] | None:
    """Where the value of the secret ``word`` stands, and what to put there."""
    end = word.end()
    before = text[max(0, word.start() - 10) : word.start()]
    given = _GIVEN.match(text, end)
    if given is not None:
        value = _STRING.match(text, given.end())
        if value is not None:
            return given.end(), value.end(), f'"{HIDDEN}"'
        number = _NUMBER.match(text, given.end())
        if number is not None and any(kind in word[0].lower() for kind in _NUMBERS_TOO):
            return given.end(), number.end(), HIDDEN
    if before.endswith("-"):
        option = _OPTION.match(text, end)
        if option is not None:
            return end + 1, option.end(), HIDDEN
    if not before or before[-1] in " \t\n;!%":
        bare = _BARE.match(text, end)
        if bare is not None:
            return bare.start(1), bare.end(), HIDDEN
    header = _HEADER.match(text, end)
    if header is not None:
        return text.index(":", end) + 1, header.end(), f" {HIDDEN}"
    if before.endswith("%env "):
        value = _OF_ENV.match(text, end)
        if value is not None:
            return end + 1, value.end(), HIDDEN
    return _arguments_after(text, word) if _SIGN_IN.search(word[0]) else None


def _arguments_after(text: str, word: re.Match[str]) -> tuple[int, int, str] | None:
    """In a call that signs in, every text but a first one that is a name or an address."""
    call = _ARGUMENTS.match(text, word.end())
    if call is None:
        return None
    literals = list(_STRING.finditer(call[1]))
    only_secrets = "passw" in word[0].lower() or (len(literals) == 1 and "credential" in word[0].lower())
    hidden, at = "", 0
    for literal in literals if only_secrets else literals[1:]:
        hidden += call[1][at : literal.start()] + f'"{HIDDEN}"'
        at = literal.end()
    # What stands before the last hidden text is done; the rest is looked at as usual.
    return (call.start(1), call.start(1) + at, hidden) if at else None


def _hide_in_address(match: re.Match[str]) -> str:
    secret = _is_secret(match[2]) or match[2].lower() in ("key", "sig", "signature", "code")
    return f"{match[1]}{match[2]}={HIDDEN}" if secret else match[0]


def _hide_opaque(match: re.Match[str]) -> str:
    """A long word of mixed capitals, small letters and figures is a key; a name or a plain hex checksum isn't."""
    word = match[0]
    figures = sum(character.isdigit() for character in word)
    mixed = re.search(r"[a-z]", word) and re.search(r"[A-Z]", word) and figures >= 3
    return HIDDEN if mixed and "__" not in word else word
