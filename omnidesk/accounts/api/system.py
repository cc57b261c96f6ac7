"""system/info/: what runs here, for administrators."""

import os
import platform
from typing import Any

import django
from django.conf import settings
from django.db import connection
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from omnidesk import __version__
from omnidesk.accounts.api.permissions import IsAdministrator
from omnidesk.accounts.api.serializers import SystemInfoSerializer
from omnidesk.core.api.limits import redis_version
from omnidesk.core.api.views import ApiView


class SystemInfoView(ApiView):
    """GET system/info/."""

    permission_classes = [IsAdministrator]

    @extend_schema(
        operation_id="system_info", tags=["system"], responses={200: SystemInfoSerializer}
    )
    def get(self, request: Request) -> Response:
        """Version, build, parts and their versions, feature switches."""
        return Response(
            {
                "version": __version__,
                "build": os.environ.get("OMNIDESK_BUILD") or None,
                "parts": _parts(),
                "features": _features(),
                "limits": settings.LIMITS,
            }
        )


def _parts() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0]
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "postgresql": postgresql,
        "redis": redis_version(),
        "vector_store": "qdrant server" if settings.QDRANT_URL else "qdrant edge",
        "embedding_model": settings.EMBEDDING_MODEL or "all-MiniLM-L6-v2",
        "language_model": settings.ANTHROPIC_TRIAGE_MODEL if settings.ANTHROPIC_API_KEY else "none",
    }


def _features() -> dict[str, Any]:
    return {
        "sign_up": bool(settings.ALLOW_SIGN_UP),
        "cloud_language_model": bool(settings.ANTHROPIC_API_KEY),
        "external_vector_store": bool(settings.QDRANT_URL),
        "mail_listener": bool(settings.SMTP_LISTEN_PORT),
        "outgoing_mail": bool(settings.EMAIL_URL),
        "debug": bool(settings.DEBUG),
    }
