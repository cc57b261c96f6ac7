"""Sliding-window limits, counted in Redis by one atomic script.

Each request of the last minute is one member of a sorted set, so the window really slides.
When Redis is away requests pass, and that is logged: a helpdesk that answers is worth more
than a limit that holds.
"""

import functools
import ipaddress
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any

import redis
from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60
PAUSE_SECONDS = 2.0
# Everybody behind one IPv6 delegation counts as one address.
IPV6_PREFIX = 64

SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local limit, window, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', KEYS[1])
local allowed = 0
if used + count <= limit then
  for one = 1, count do
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3] .. ':' .. one)
  end
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
  used, allowed = used + count, 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or now
return {allowed, limit - used, math.ceil((tonumber(oldest) + window - now) / 1000000)}
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request passes, how many more may follow, seconds until one place is free."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """`RateLimit-*` of the answer."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
            "RateLimit-Policy": f"{self.limit};w={WINDOW_SECONDS}",
        }


@dataclass(slots=True)
class _Pause:
    """Until when Redis is left alone: a dead one must not slow down every request."""

    until: float = 0.0


_pause = _Pause()


@functools.lru_cache(maxsize=1)
def _client() -> "redis.Redis":
    # No retries: a limit that makes every request wait for a dead Redis is worse than none.
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    )


def take(key: str, limit: int, window: int = WINDOW_SECONDS, count: int = 1) -> Decision | None:
    """Count one request, or several, on `key`; None when Redis could not be asked."""
    if time.monotonic() < _pause.until:
        return None
    try:
        allowed, remaining, reset = _script()(
            keys=[f"limit:{key}"], args=[limit, window * 1_000_000, uuid.uuid4().hex, count]
        )
    except redis.RedisError as error:
        _pause.until = time.monotonic() + PAUSE_SECONDS
        logger.warning("limits_unavailable", extra={"error": str(error)})
        return None
    return Decision(bool(allowed), limit, max(0, int(remaining)), max(1, int(reset)))


@functools.lru_cache(maxsize=1)
def _script() -> Any:
    return _client().register_script(SCRIPT)


def redis_version() -> str:
    """The server's name and version, or what kept it from telling."""
    try:
        info = _client().info("server")
    except redis.RedisError as error:
        return type(error).__name__
    if "valkey_version" in info:
        return f"valkey {info['valkey_version']}"
    return f"redis {info.get('redis_version', '')}"


def client_address(request: HttpRequest | Request) -> str:
    """The caller's address, counted from the right by the number of trusted proxies."""
    raw = request._request if isinstance(request, Request) else request
    try:
        return get_client_ip(raw) or "unknown"
    except ImproperlyConfigured:
        # Fewer hops than proxies: somebody reached the server past the proxy.
        return str(raw.META.get("REMOTE_ADDR") or "unknown")


def is_trusted(address: str) -> bool:
    """Whether the address lies in one of the networks that no limit applies to."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.LIMIT_TRUSTED_NETWORKS)


def _group(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return address


def take_together(name: str, address: str, count: int) -> Decision | None:
    """Count several requests of one address on a limit by name, all or none of them.

    None where no limit holds or nobody could be asked: they pass.
    """
    limit = settings.LIMITS[name]
    if not limit or is_trusted(address):
        return None
    return take(f"{name}:address:{_group(address)}", limit, count=count)


class SlidingWindow(BaseThrottle):
    """A limit by name; its size is `settings.LIMITS[name]` a minute, 0 for none."""

    name = "api"
    by_address = False

    def __init__(self) -> None:
        self.decision: Decision | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request per person, or per address where nobody is signed in."""
        limit = settings.LIMITS[self.name]
        address = client_address(request)
        if not limit or is_trusted(address):
            return True
        user_id = None if self.by_address else request.user and request.user.pk
        who = f"user:{user_id}" if user_id else f"address:{_group(address)}"
        self.decision = take(f"{self.name}:{who}", limit)
        if self.decision is None:
            return True
        # Of several limits the caller hears the one that will stop them first.
        raw = request._request
        known: Decision | None = getattr(raw, "limit_decision", None)
        if known is None or self.decision.remaining <= known.remaining:
            raw.limit_decision = self.decision  # type: ignore[attr-defined]
            raw.limit_headers = self.decision.headers()  # type: ignore[attr-defined]
        return self.decision.allowed

    def wait(self) -> float | None:
        """Seconds until the next request may pass."""
        return float(self.decision.reset) if self.decision else None


class ApiLimit(SlidingWindow):
    """Everything."""


class AuthLimit(SlidingWindow):
    """Passwords: by address, whoever claims to ask."""

    name = "auth"
    by_address = True


class UploadLimit(SlidingWindow):
    """Files."""

    name = "uploads"


class AiLimit(SlidingWindow):
    """Work for the models."""

    name = "ai"
