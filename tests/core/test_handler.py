"""A request's whole way in one thread."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path

from omnidesk.core.handler import OneThreadHandler

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def noting(get_response: GetResponse) -> GetResponse:
    """Middleware that says in which thread it was called."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["X-Outer"] = str(threading.get_ident())
        return response

    return middleware


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("Nobody may read this.")


async def waiting(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse("waited")


urlpatterns = [path("plain/", plain), path("broken/", broken), path("waiting/", waiting)]


@pytest.fixture
def ask(settings: Any, client: Any) -> Callable[[str], httpx2.Response]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [f"{__name__}.noting"]
    handler: Any = OneThreadHandler()

    async def get(address: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(handler, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as there:
            return await there.get(address)

    return lambda address: asyncio.run(get(address))


def test_view_and_middleware_share_a_thread_that_is_not_the_loops(
    ask: Callable[[str], httpx2.Response],
) -> None:
    answer = ask("/plain/")
    assert answer.text == answer.headers["X-Outer"]
    assert answer.text != str(threading.get_ident())


def test_a_view_that_fails_is_an_answer_without_its_words(
    ask: Callable[[str], httpx2.Response],
) -> None:
    answer = ask("/broken/")
    assert answer.status_code == 500
    assert "Nobody" not in answer.text


def test_a_view_that_waits_by_the_loop_still_answers(
    ask: Callable[[str], httpx2.Response],
) -> None:
    assert ask("/waiting/").text == "waited"
