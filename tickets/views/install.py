"""What makes the portal installable: manifest, service worker, the page for no connection."""

import hashlib

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

# All that is ever kept in a browser: nothing of it says anything about anybody.
KEPT = ("css/tokens.css", "css/base.css", "css/components.css", "css/offline.css", "img/mark.svg")


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """Name, colours, drawings and shortcuts of the installed portal."""
    icons = [
        {"src": static("img/mark.svg"), "sizes": "any", "type": "image/svg+xml"},
        {"src": static("img/mark-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": static("img/mark-512.png"), "sizes": "512x512", "type": "image/png"},
        {
            "src": static("img/mark-512.png"),
            "sizes": "512x512",
            "type": "image/png",
            "purpose": "maskable",
        },
    ]
    content = {
        "id": "/",
        "name": _("Service desk"),
        "short_name": _("Service desk"),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": reverse("portal:home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f1f2f5",
        "theme_color": "#f1f2f5",
        "icons": icons,
        "shortcuts": [
            {"name": _("Report a problem"), "url": reverse("portal:new")},
            {"name": _("My tickets"), "url": reverse("portal:tickets")},
            {"name": _("Status"), "url": reverse("portal:status")},
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@never_cache
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. Its cache is named after what is in it: another release, another name."""
    files = [reverse("portal:offline"), *(static(name) for name in KEPT)]
    name = hashlib.sha256(" ".join(files).encode()).hexdigest()[:12]
    context = {"files": files, "offline": files[0], "name": f"omnidesk-{name}"}
    return render(request, "portal/sw.js", context, content_type="text/javascript")


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What an installed portal shows without a connection."""
    return render(request, "portal/offline.html")
