"""The OpenAPI document and its browsable page."""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.throttling import BaseThrottle


class SchemaView(SpectacularAPIView):
    """The OpenAPI document. It tells nothing about data, so anybody may read it."""

    authentication_classes: list[Any] = []
    throttle_classes: list[type[BaseThrottle]] = []


class DocsView(SpectacularSwaggerSplitView):
    """The document as a page; scripts and styles come from here, within the CSP."""

    url_name = "api-schema"
    template_name = "api/docs.html"
