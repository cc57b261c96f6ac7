"""An article's history: versions, what changed, publishing and restoring."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from tickets.access import readable_articles
from tickets.actions.base import InvalidChange
from tickets.actions.knowledge import (
    drop_version,
    publish_version,
    restore_version,
    send_to_review,
)
from tickets.article_diff import changes, compare
from tickets.models import Article
from tickets.portal_selectors import article_sections, readable_article
from tickets.views.frame import desk_page, told


def staffed_article(request: DeskRequest, slug: str) -> Article:
    """An article that the person works on, or 404: reading one elsewhere gives no right to it."""
    found = readable_article(request.user, slug)
    if found.organization_id not in request.user.staffed_organization_ids():
        raise Http404
    return found


@require_GET
@desk_page
def history(request: DeskRequest, slug: str) -> HttpResponse:
    """Every version, newest first. Queries: 3."""
    found = staffed_article(request, slug)
    context = {
        "article": found,
        "versions": list(found.versions.select_related("author")),
        "sections": article_sections(readable_articles(request.user)),
        "nav_key": "kb",
    }
    return render(request, "desk/kb_history.html", context)


@require_GET
@desk_page
def compared(request: DeskRequest, slug: str, old: int, new: int) -> HttpResponse:
    """Two versions side by side. Queries: 2."""
    found = staffed_article(request, slug)
    rows = {
        v.number: v for v in found.versions.filter(number__in=[old, new]).select_related("author")
    }
    if old not in rows or new not in rows:
        raise Http404
    lines = compare(rows[old].body, rows[new].body)
    context = {
        "article": found,
        "old": rows[old],
        "new": rows[new],
        "title": compare(rows[old].title, rows[new].title),
        "rows": lines,
        "count": changes(lines),
        "waits": rows[new].state in ("draft", "review"),
        "nav_key": "kb",
    }
    return render(request, "desk/kb_compare.html", context)


@require_POST
@desk_page
def act(request: DeskRequest, slug: str) -> HttpResponse:
    """Publish what waits, send it to review, drop it, or restore an earlier version."""
    found = staffed_article(request, slug)
    wish, number = request.POST.get("do", ""), request.POST.get("number", "")
    try:
        if wish == "publish":
            done = publish_version(article=found, by=request.user)
            text = _("Version %d is published") % done.version
        elif wish == "review":
            send_to_review(article=found)
            text = _("Sent to review")
        elif wish == "drop":
            drop_version(article=found)
            text = _("Dropped. The published text stays.")
        elif wish == "restore" and number.isdecimal() and len(number) < 7:
            done = restore_version(article=found, number=int(number), by=request.user)
            text = _("Version %d saved") % done.version
        else:
            raise Http404
    except InvalidChange as refusal:
        text = str(refusal)
    return told(request, redirect("desk:kb_article", slug=slug), text)
