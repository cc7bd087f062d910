"""The hints name files that are there, on the page and nowhere else."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from ui.early_hints import _CODE, EarlyHints, hints, needed


def test_the_installed_streamlit_has_what_is_hinted_at() -> None:
    names = needed()
    assert {name.partition(".")[0] for name in names} >= {"Selectbox", "TextInput", "TextArea"}, (
        st.__version__
    )
    assert all((_CODE / name).is_file() for name in names)
    assert re.findall(r"<\./static/js/([^>]+)>; rel=modulepreload", hints()) == names


def test_only_the_page_is_told() -> None:
    def page(_: object) -> HTMLResponse:
        return HTMLResponse("<p>page</p>")

    def answer(_: object) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    routes = [Route("/", page), Route("/answer", answer)]
    app = Starlette(routes=routes, middleware=[Middleware(EarlyHints)])

    async def headers() -> list[httpx.Headers]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lab") as client:
            return [(await client.get(path)).headers for path in ("/", "/answer")]

    # In a thread: a browser of another test may have left its loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        told, untold = thread.submit(lambda: asyncio.run(headers())).result()
    assert told["link"] == hints()
    assert "link" not in untold
