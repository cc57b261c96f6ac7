"""The installable portal: manifest, a worker that keeps nothing private, the offline page."""

import json

from django.test import Client

from tests.cast import Cast
from tests.tickets.views.conftest import SignIn


def test_the_manifest_names_what_can_be_installed(cast: Cast, sign_in: SignIn) -> None:
    page = Client().get("/manifest.webmanifest")
    assert page["Content-Type"] == "application/manifest+json"
    told = json.loads(page.content)
    assert (told["start_url"], told["scope"], told["display"]) == ("/", "/", "standalone")
    assert {icon["sizes"] for icon in told["icons"]} == {"any", "192x192", "512x512"}
    assert b'rel="manifest"' in sign_in(cast.dana).get("/").content


def test_the_worker_keeps_only_what_a_stranger_gets(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.dana).get("/sw.js")
    assert page["Content-Type"] == "text/javascript"
    assert "no-store" in page["Cache-Control"]
    script = page.content.decode()
    assert script == Client().get("/sw.js").content.decode()
    assert 'credentials: "omit"' in script
    # Nothing is put into the cache after the installation.
    assert "cache.put" not in script
    assert ".put(" not in script
    offline = Client().get("/offline/").content
    assert offline == sign_in(cast.dana).get("/offline/").content
    assert b"No connection" in offline
    assert b"csrf" not in offline.lower()
