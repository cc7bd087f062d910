"""Has the browser fetch the code of the form's elements while Streamlit itself is still loading.

Streamlit asks for the code of a kind of element when the first of it is drawn, so a first load fetches some thirty
small files only after the script has run. A `Link` header of the page names them before. Their names hold a hash and
are looked up in the installed Streamlit; where they are not found, there is nothing to hint at, and nothing is lost.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STATIC: Final = Path(st.__file__).parent / "static"
_CODE: Final = _STATIC / "static" / "js"
_KINDS: Final = (
    "Selectbox",
    "TextInput",
    "TextArea",
    "Button",
    "LinkButton",
    "ImageList",
    "BidiComponent",
    "Html",
)
_IMPORTED: Final = re.compile(r'(?:from|import)\s*"\./([^"/]+\.js)"')


class EarlyHints:
    """ASGI middleware: adds the hints to the page itself and leaves everything else alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on; see the class."""

        async def hinting(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message) and (link := hints()):
                message["headers"] = [*message["headers"], (b"link", link.encode())]
            await send(message)

        await self._app(scope, receive, hinting if scope["type"] == "http" else send)


@cache
def hints() -> str:
    """The value of the header, for this version of Streamlit; empty where its files are laid out otherwise."""
    return ", ".join(f"<./static/js/{name}>; rel=modulepreload" for name in needed())


def needed() -> list[str]:
    """Files that the form's elements are made of, beyond what the page loads by itself."""
    page = _STATIC / "index.html"
    known = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
    waiting = [path.name for kind in _KINDS for path in _CODE.glob(f"{kind}.*.js")]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        path = _CODE / name
        if name not in found and name not in known and path.is_file():
            found.add(name)
            waiting += _IMPORTED.findall(path.read_text(encoding="utf-8", errors="replace"))
    return sorted(found)


def _is_page(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"]
    )
