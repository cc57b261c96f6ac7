"""The look-up by plug-in: an address of the installation's own that knows assets or places."""

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.core.http import HttpDoor, HttpProblem
from tickets.context import Asked, Line, NotAvailable, gatherer

SIZE_LIMIT: Final = 256 * 1024


@gatherer("lookup", gettext_lazy("Assets and addresses"), seconds=4, scoped=False)
def look_up(asked: Asked) -> Sequence[Line]:
    """What the configured address says about the requester; nothing where none is set."""
    url = str(asked.options.get("lookup_url") or "")
    if not url:
        return []
    token = str(asked.options.get("lookup_token") or "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with HttpDoor(timeout=3.5, tries=1, size_limit=SIZE_LIMIT) as door:
            said = door.request("GET", url, params={"email": asked.email}, headers=headers).json()
    except HttpProblem as problem:
        raise NotAvailable(problem.message) from problem
    if not isinstance(said, list):
        raise NotAvailable(_("The look-up did not answer with a list."))
    return [line for one in said if (line := _line(one)) is not None]


def _line(row: Any) -> Line | None:
    if isinstance(row, str) and row.strip():
        return Line(row.strip())
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        return None
    link = row.get("link")
    safe = link if isinstance(link, str) and link.startswith(("https://", "http://")) else ""
    detail = row.get("detail")
    return Line(row["name"], safe, detail if isinstance(detail, str) else "")
