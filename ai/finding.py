"""Searching the vector store for a person: what they may be told is part of every query."""

from collections.abc import Collection, Mapping

from ai.access import Audience
from ai.engine.embed import Vectors
from ai.engine.retrieve import Found, Retriever
from ai.engine.store import FilterValue
from ai.runtime import Runtime
from ai.worth import by_worth

# What requesters may read of an organization they do not work for.
PUBLIC_KINDS = ("article", "document")


def find(
    runtime: Runtime,
    text: str,
    audience: Audience,
    *,
    kinds: Collection[str],
    limit: int,
    floor: float,
    exclude: Collection[str] = (),
    filters: Mapping[str, FilterValue] | None = None,
    vector: Vectors | None = None,
    staffed_kinds: Collection[str] | None = None,
) -> list[Found]:
    """The best objects of all organizations of the audience, best first.

    staffed_kinds narrows what is taken beyond public knowledge, where the answer goes to somebody
    else than who asks.
    """
    retriever = Retriever(runtime.batcher, runtime.store)
    if vector is None and text.strip():
        vector = runtime.batcher.encode([text])[0]
    found: list[Found] = []
    if audience.staffed:
        found += retriever.search(
            text,
            organizations=audience.staffed,
            kinds=kinds if staffed_kinds is None else staffed_kinds,
            limit=limit, floor=floor,
            filters=filters, exclude=exclude, vector=vector,
            order=by_worth,
        )  # fmt: skip
    shown = [kind for kind in PUBLIC_KINDS if kind in kinds or not kinds]
    if audience.public and shown:
        found += retriever.search(
            text, organizations=audience.public, kinds=shown, limit=limit, floor=floor,
            filters={**(filters or {}), "public": 1}, exclude=exclude, vector=vector,
            order=by_worth,
        )  # fmt: skip
    found.sort(key=lambda item: (-item.rank, item.kind, item.object_id))
    return found[:limit]
