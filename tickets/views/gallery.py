"""The component page, for those who build: served only in debug mode."""

import xml.etree.ElementTree as ET

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.core.templatetags.omnidesk_ui import SPRITE
from tickets.choices import Priority, Source


@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Every component once, in the reader's theme."""
    sprite = finders.find(SPRITE)
    if not settings.DEBUG or not isinstance(sprite, str):
        raise Http404
    symbols = ET.parse(sprite).getroot()  # noqa: S314 - our own sprite
    context = {
        "glyphs": ["new", "open", "pending", "hold", "snoozed", "solved", "closed"],
        "levels": Priority.values,
        "sources": Source.values,
        "people": ["Jonas Weber", "Ana Ribeiro", "Luc Moreau", "Marta Kowalska", "Tom Eriksen"],
        "icons": [symbol.get("id") for symbol in symbols],
    }
    return render(request, "components/gallery.html", context)
