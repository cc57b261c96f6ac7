"""Answering questions of conversations: in the ai-worker, sentence by sentence.

The row holds the truth; a Redis stream carries the sentences to whoever looks on. A stream that
nobody reads, or that is lost, costs nothing: the page asks for the row as well.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from ai.actions import work
from ai.actions.work import Claim
from ai.db import release
from ai.models import Conversation, Turn
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)
STREAM_SECONDS = 600
# Without a word for so long the reader is sent to the row.
SILENCE_SECONDS = 60
BLOCK_MILLISECONDS = 5_000


def stream_key(turn_id: int) -> str:
    """Where the sentences of one answer are said."""
    return f"ai.answer.{turn_id}"


@lru_cache(maxsize=1)
def _client() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1)


def say(turn_id: int, event: str, data: Mapping[str, Any]) -> None:
    """Add one event to the answer's stream; a Redis that is away silences it, nothing more."""
    try:
        key = stream_key(turn_id)
        _client().xadd(key, {"event": event, "data": json.dumps(data)}, maxlen=500)
        _client().expire(key, STREAM_SECONDS)
    except redis.RedisError as error:
        logger.warning("answer_unheard", extra={"turn": turn_id, "reason": str(error)})


async def listen(turn_id: int, since: str = "0") -> AsyncIterator[str]:
    """The answer's events in the form of server-sent events, from `since` (an id) on."""
    last, silent = since, 0
    source = redis.asyncio.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    try:
        while silent * BLOCK_MILLISECONDS < SILENCE_SECONDS * 1000:
            found: Any = await source.xread({stream_key(turn_id): last}, block=BLOCK_MILLISECONDS)
            if not found:
                silent += 1
                # A comment keeps proxies from closing a quiet connection.
                yield ": waiting\n\n"
                continue
            for last, entry in found[0][1]:
                yield f"id: {last}\nevent: {entry['event']}\ndata: {entry['data']}\n\n"
                if entry["event"] == "done":
                    return
    except redis.RedisError as error:
        logger.warning("answer_unheard", extra={"turn": turn_id, "reason": str(error)})
    finally:
        await source.aclose()
    yield "event: done\ndata: {}\n\n"


@contextmanager
def taken(organization_id: int, turn_id: int) -> Iterator[tuple[Claim[Turn], Turn, str] | None]:
    """A question that waits, for this process: the claim, the row and the question before it."""
    with work.working(Turn, organization_id, turn_id) as claim:
        if claim is None:
            yield None
            return
        with organization_scope(organization_id):
            rows = Turn.objects.select_related("conversation__person", "conversation__ticket")
            turn = rows.get(pk=turn_id)
            before = turn.conversation.turns.filter(pk__lt=turn_id).order_by("-pk").first()
        release()
        yield claim, turn, before.question if before else ""


def settle(organization_id: int, claim: Claim[Turn], answer: Mapping[str, Any] | None) -> None:
    """Say the answer's sentences, keep it, and say that it is whole."""
    with organization_scope(organization_id):
        kept = work.fail(claim) if answer is None else work.finish(claim, answer=dict(answer))
    if not kept:
        return
    for sentence in (answer or {}).get("sentences", []):
        say(claim.pk, "sentence", sentence)
    say(claim.pk, "done", {"answerable": bool(answer and answer["answerable"])})


def is_desk(conversation: Conversation) -> bool:
    """Whether it is an agent's: then everything of the desk may be quoted."""
    return conversation.place == Conversation.Place.DESK
