"""Taking secrets out of code before it leaves the machine.

Better a harmless text too many than a password too few: whatever looks like a secret is replaced by ``***``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

HIDDEN = "***"

_SECRET_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?s?|pwd|secrets?|tokens?|api[_-]?keys?|apikeys?|access[_-]?keys?(?:[_-]?id)?|"
    r"private[_-]?keys?|secret[_-]?keys?|auth[_-]?keys?|credentials?|creds?|authorization|bearer|cookies?|pin|jwt|密码|口令|密钥|令牌)"
)
# The secret word ends the name, or stands in it between separators: DB_PASSWORD, tokenValue, my_token2.
_NAME = rf"(?:[\w.\-]*[_.\-])?{_SECRET_NAME}(?:[_\-]?(?:value|str|string|text|hash|prod|dev|test|\d+))?"
_STRING = (
    r"(?:[rbfuRBFU]{0,2})(?:\"\"\"(?:[^\\]|\\.){0,5000}?\"\"\"|'''(?:[^\\]|\\.){0,5000}?'''|"
    r"\"(?:[^\"\\\n]|\\.){0,5000}\"|'(?:[^'\\\n]|\\.){0,5000}')"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A private key in PEM form, to its end or the end of the text.
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), HIDDEN),
    # JSON web tokens.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{3,}(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    # scheme://user:password@host
    (re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/@\"'<>]{1,500}@"), rf"\1{HIDDEN}@"),
    # ?token=... in an address
    (re.compile(rf"([?&;](?:[\w.-]*[_.-])?(?:{_SECRET_NAME}|key|sig|signature|code)=)[^&\s\"'#;]+", re.I), rf"\1{HIDDEN}"),
    # Authorization: Bearer ...
    (re.compile(r"\b(bearer|basic|token)(\s+)[A-Za-z0-9._~+/=-]{8,}", re.I), rf"\1\2{HIDDEN}"),
    # Tokens that services mark by a prefix.
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|pypi-|sk-|sk_live_|rk_live_|AIza|ya29\.|dop_v1_|npm_)[\w.-]{10,}"), HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    # name = "...", name: "...", d["name"] = "...", name="...", {"name": "..."}, also with a type or a default between.
    (re.compile(rf"(?<![A-Za-z0-9])({_NAME}[\"']?\]?\s*(?::\s*\w+\s*)?(?:=|:|,|\|\|=|:=|\+=|==)\s*\(?\s*){_STRING}", re.I), rf'\1"{HIDDEN}"'),
    # The same without quotes, as shells, magics and settings files have it: %env TOKEN=abc, --password abc
    (re.compile(rf"((?:^|[\s;!])(?:%env\s+|export\s+|set\s+|setx\s+)?{_NAME}=)(?![\"'(\s=*]|os\.|getpass|input)[^\s;,()\[\]]+(?=\s|;|$)", re.I | re.M), rf"\1{HIDDEN}"),
    (re.compile(rf"(%env\s+{_NAME}\s+)\S+", re.I), rf"\1{HIDDEN}"),
    (re.compile(rf"(--?(?:[\w-]*-)?{_SECRET_NAME}(?:=|\s+))(?![\"'*-])[^\s\"']+", re.I), rf"\1{HIDDEN}"),
    (re.compile(rf"(--?(?:[\w-]*-)?{_SECRET_NAME}[\"']?(?:=|\s+|,\s*)){_STRING}", re.I), rf'\1"{HIDDEN}"'),
    (re.compile(r"((?:^|\s)-u\s+[\"']?)[^\s:\"']+:[^\s\"']+"), rf"\1{HIDDEN}"),
    # password = 12345
    (re.compile(r"(?<![A-Za-z0-9])((?:\w*_)?(?:pass(?:word|wd|code)|pwd|secret|pin)[\"']?\]?\s*[=:]\s*)\d{3,}\b", re.I), rf"\g<1>{HIDDEN}"),
    # A first line that names the secret's header: "X-Api-Key: abc"
    (re.compile(rf"([\"']?(?:x-)?{_SECRET_NAME}[\"']?\s*:\s*)(?![\"'*\s])[A-Za-z0-9._~+/=-]{{8,}}", re.I), rf"\1{HIDDEN}"),
)  # fmt: skip
# login("me", "secret"), with_password("x"), auth=("me", "secret")
_CALL = re.compile(
    r"((?:\b\w*(?:login|log_in|logon|signin|sign_in|authenticate|connect|basicauth|set_password|from_credentials|credential\w*|passw\w*|auth)\w*"
    r"\s*\(|\bauth\s*=\s*\())([^()]{1,2000})(\))",
    re.I,
)
_LITERAL = re.compile(_STRING)
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
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = _CALL.sub(_hide_arguments, text)
    return _OPAQUE.sub(_hide_opaque, text)


def scrub_value(value: Any, known: Iterable[str] = (), *, name: str = "") -> Any:
    """The same through lists and dictionaries; a value whose key names a secret is hidden whole."""
    known = tuple(known)
    if isinstance(value, dict):
        return {scrub(str(key), known): scrub_value(item, known, name=str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_value(item, known, name=name) for item in value]
    if name and re.fullmatch(_NAME, name, re.I) and isinstance(value, str | int | float):
        return HIDDEN
    return scrub(value, known) if isinstance(value, str) else value


def secrets_of_environment() -> list[str]:
    """Values in this process's environment that must appear nowhere."""
    return [value for name, value in os.environ.items() if value and re.search(r"TOKEN|PASSWORD|SECRET|_KEY$", name)]


def _hide_arguments(match: re.Match[str]) -> str:
    """In a call that signs in, every text but a first one that is a name or an address."""
    literals = list(_LITERAL.finditer(match[2]))
    if "passw" in match[1].lower() or ("credential" in match[1].lower() and len(literals) == 1):
        hidden = literals
    else:
        hidden = literals[1:]
    inner, at = "", 0
    for literal in hidden:
        inner += match[2][at : literal.start()] + f'"{HIDDEN}"'
        at = literal.end()
    return match[1] + inner + match[2][at:] + match[3]


def _hide_opaque(match: re.Match[str]) -> str:
    """A long word of mixed capitals, small letters and figures is a key; a name or a plain hex checksum isn't."""
    word = match[0]
    figures = sum(character.isdigit() for character in word)
    mixed = re.search(r"[a-z]", word) and re.search(r"[A-Z]", word) and figures >= 3
    return HIDDEN if mixed and "__" not in word else word
