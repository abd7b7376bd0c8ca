"""Figures as attachments: pictures made small enough for the catalog, in a child process (``python -m``)."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# A data URI of less than 1 MB: base64 makes four characters of three bytes.
MAX_BYTES = 740_000
_TIME_S = 60
_MEMORY_BYTES = 2 << 30
_MAX_PIXELS = 300_000_000
_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"%PDF-": "application/pdf"}


def picture(path: str, into: Path, *, time_s: float = _TIME_S) -> dict[str, Any]:
    """Put a picture of at most `MAX_BYTES` of the figure at ``path`` into the file ``into``.

    Returns
    -------
    dict
        ``{"mime": ...}``, or ``{"error": ...}`` when no such picture could be made.
    """
    told = _as_it_is(path, str(into))
    if told:
        return told
    # -P: a folder named like our package where we happen to stand must not be run.
    command = [sys.executable, "-P", "-m", __name__, path, str(into)]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SHINECAT_", "JUPYTERHUB_"))}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=time_s, stdin=subprocess.DEVNULL, env=env, check=False
        )
        told = json.loads(done.stdout or b"{}")
    except subprocess.TimeoutExpired:
        return {"error": "took too long"}
    except ValueError:
        told = {}
    return told if isinstance(told, dict) and told else {"error": f"its reader ended with {done.returncode}"}


def data_uri(content: bytes, mime: str) -> str:
    """``content`` as SciCat keeps pictures."""
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


def _limit() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_TIME_S, _TIME_S))


def _as_it_is(path: str, into: str) -> dict[str, Any]:
    """A picture that is small enough is copied: nothing of it is understood but its first bytes."""
    try:
        size = os.stat(path).st_size
        with open(path, "rb") as file:
            start = file.read(4608)
            mime = next((mime for magic, mime in _TYPES.items() if start.startswith(magic)), "")
            if not mime and b"<svg" in start:
                mime = "image/svg+xml"
            if mime and size <= MAX_BYTES:
                file.seek(0)
                _write(into, file.read(MAX_BYTES + 1))
                return {"mime": mime}
    except (OSError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    if mime not in ("image/png", "image/jpeg"):
        return {"error": f"{size} bytes are too many for a drawing" if mime else "not a picture"}
    return {}


def _scale(path: str, into: str) -> dict[str, Any]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    with Image.open(path) as opened:
        opened.draft("RGB", (2000, 2000))
        image: Any = opened.convert("RGBA" if opened.mode in ("P", "LA", "PA", "RGBA") else "RGB")
    for side in (2000, 1400, 1000, 700, 400, 200):
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        for kind, options in (("PNG", {"optimize": True}), ("JPEG", {"quality": 85})):
            buffer = io.BytesIO()
            picture = image
            if kind == "JPEG" and image.mode == "RGBA":
                picture = Image.new("RGB", image.size, "white")
                picture.paste(image, mask=image.getchannel("A"))
            picture.save(buffer, kind, **options)
            if buffer.tell() <= MAX_BYTES:
                _write(into, buffer.getvalue())
                return {"mime": f"image/{kind.lower()}"}
    return {"error": "no size is small enough"}


def _write(into: str, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise ValueError("the file grew while it was read")
    with open(into, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _main(path: str, into: str) -> None:
    _limit()
    try:
        told = _scale(path, into)
    except Exception as error:  # any reader of foreign bytes may raise anything; the parent gets a sentence
        told = {"error": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(told))


if __name__ == "__main__":
    _main(*sys.argv[1:3])
