"""The page on which a person sets a password with a one-time link."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from jupyter_shinecat.locale import tr

# Nothing from elsewhere, nothing inline; the form itself is never sent, so that no password gets into an address.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def asset(name: str) -> bytes:
    """The page's script or style."""
    return files(__package__).joinpath(name).read_bytes()


def language(accepted: str) -> str:
    """The page's language for an ``Accept-Language`` header: the first that we have."""
    for part in accepted.lower().split(","):
        if part.strip().startswith("zh"):
            return "zh_CN"
        if part.strip().startswith("en"):
            return "en"
    return "en"


def page(lang: str, minimum: int) -> bytes:
    """The page; the account and the code are in the part of the address that the server never sees.

    Parameters
    ----------
    lang
        ``en`` or ``zh_CN``.
    minimum
        Characters that a password must have.
    """
    said = {
        "address": "../api/v3/shinecat/password/code",
        "minimum": str(minimum),
        "incomplete": tr("This link is incomplete. Copy all of it, or ask an administrator for a new one.", lang=lang),
        "short": tr("A password needs at least {count} characters.", lang=lang, count=minimum),
        "differ": tr("The two passwords differ.", lang=lang),
        "done": tr("Your password is set. You can close this page and sign in.", lang=lang),
        "refused": tr("The catalog refuses this password: it is too short or too long.", lang=lang),
        "wrong": tr("This link is used, too old or wrong. Ask an administrator for a new one.", lang=lang),
        "often": tr("Too many attempts. Wait a minute and try again.", lang=lang),
        "failed": tr("The catalog does not answer. Your password is not changed; try again.", lang=lang),
    }
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in said.items())
    title = escape(tr("Set your password", lang=lang))
    script = escape(tr("This page needs JavaScript. Without it, run: shinecat passwd --code", lang=lang))
    return f"""<!DOCTYPE html>
<html lang="{"zh-CN" if lang == "zh_CN" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="stylesheet" href="password.css">
<script src="password.js" defer></script>
</head>
<body>
<main>
<h1>{title}</h1>
<noscript><p role="alert">{script}</p></noscript>
<form method="post" novalidate{data}>
<label for="user">{escape(tr("Account", lang=lang))}</label>
<input type="text" id="user" name="username" autocomplete="username" readonly>
<label for="new">{escape(tr("New password", lang=lang))}</label>
<input type="password" id="new" autocomplete="new-password" required aria-describedby="hint error">
<p class="hint" id="hint">{escape(tr("At least {count} characters.", lang=lang, count=minimum))}</p>
<label for="again">{escape(tr("The same password again", lang=lang))}</label>
<input type="password" id="again" autocomplete="new-password" required aria-describedby="error">
<label class="choice"><input type="checkbox" id="show"> {escape(tr("Show the passwords", lang=lang))}</label>
<div role="alert" id="error"></div>
<button disabled>{title}</button>
</form>
<div role="status" id="done" tabindex="-1"></div>
</main>
</body>
</html>
""".encode()
