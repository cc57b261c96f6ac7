"""Knowledge articles for agents: reading, writing, publishing."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.text import render_markdown
from tickets.access import access_ticket, readable_articles
from tickets.actions.article_files import add_article_files, drop_article_file
from tickets.actions.base import InvalidChange
from tickets.actions.knowledge import PENDING, pending_version, propose_version, save_article
from tickets.forms import ArticleForm, new_files, show_refusal
from tickets.models import Article, Ticket
from tickets.portal_selectors import (
    article_figures,
    article_languages,
    article_sections,
    readable_article,
    search_articles,
    solution_text,
    with_figures,
)
from tickets.views.desk_articles import staffed_article
from tickets.views.frame import desk_page, told


@require_GET
@desk_page
def index(request: DeskRequest) -> HttpResponse:
    """All articles by category, or those that fit `?q=`. Queries: 1-2."""
    articles = with_figures(readable_articles(request.user))
    words = request.GET.get("q", "").replace("\x00", "").strip()
    context = {
        "sections": article_sections(articles),
        "words": words,
        "found": search_articles(articles, words) if words else None,
        "nav_key": "kb",
    }
    return render(request, "desk/kb.html", context)


@require_GET
@desk_page
def article(request: DeskRequest, slug: str) -> HttpResponse:
    """One article with its facts. Queries: 8."""
    context = _article_context(request, readable_article(request.user, slug))
    return render(request, "desk/kb_article.html", context)


def _article_context(request: DeskRequest, found: Article) -> dict[str, Any]:
    return {
        "article": found,
        "body": render_markdown(found.body),
        "sections": article_sections(readable_articles(request.user)),
        "figures": article_figures(found),
        "waiting": pending_version(found),
        "languages": article_languages(found),
        "nav_key": "kb",
    }


@require_POST
@desk_page
def files(request: DeskRequest, slug: str) -> HttpResponse:
    """Put files beside an article, or take one off."""
    found = staffed_article(request, slug)
    key = request.POST.get("drop", "")
    if key:
        drop_article_file(article=found, pk=int(key) if key.isdecimal() and len(key) < 19 else 0)
        return told(request, redirect("desk:kb_article", slug=slug), _("Taken off"))
    try:
        given = new_files(request.FILES.getlist("files"))
        added = add_article_files(article=found, user=request.user, files=given)
    except InvalidChange as refusal:
        context = _article_context(request, found) | {"files_problem": str(refusal)}
        return render(request, "desk/kb_article.html", context, status=422)
    text = ngettext("%d file added", "%d files added", len(added)) % len(added)
    return told(request, redirect("desk:kb_article", slug=slug), text)


@require_http_methods(["GET", "POST"])
@desk_page
def edit(request: DeskRequest, slug: str = "") -> HttpResponse:
    """Write a new article, the next version of one, its translation, or one from a solution.

    `?from=` names the article that is translated (`to` its language), `?ticket=` a solved ticket.
    """
    row = staffed_article(request, slug) if slug else None
    original = _original(request) if row is None else None
    source = _source(request) if row is None and original is None else None
    place = row or original or source
    organization_id = (
        place.organization_id if place else min(request.user.staffed_organization_ids())
    )
    start = _start(request, row, original, source)
    form = ArticleForm(request.POST or None, organization_id=organization_id, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            return _saved(request, form.cleaned_data, row, organization_id, original, source)
        except InvalidChange as refusal:
            show_refusal(form, refusal)
    shown = {"form": form, "article": row, "original": original, "source": source}
    context = {**shown, "nav_key": "kb"}
    return render(request, "desk/kb_edit.html", context, status=422 if form.is_bound else 200)


def _original(request: DeskRequest) -> Article | None:
    slug = request.GET.get("from", "")
    found = staffed_article(request, slug) if slug else None
    return (found.original or found) if found else None


def _source(request: DeskRequest) -> Ticket | None:
    number = request.GET.get("ticket", "")
    return access_ticket(request.user, number, need="work") if number else None


def _start(
    request: DeskRequest, row: Article | None, original: Article | None, source: Ticket | None
) -> dict[str, Any]:
    start: dict[str, Any]
    if row is not None:
        fields = ("title", "body", "category", "language", "state", "visibility")
        waiting = pending_version(row)
        beside = waiting if waiting and waiting.number > row.version else None
        texts = (
            {"title": beside.title, "body": beside.body, "state": beside.state} if beside else {}
        )
        return {name: getattr(row, name) for name in fields} | texts
    start = {
        "language": request.GET.get("to", "") or (get_language() or "en")[:2],
        "state": Article.State.PUBLISHED,
        "visibility": "requesters",
    }
    if original is not None:
        start |= {"title": original.title, "body": original.body, "category": original.category}
        start |= {"visibility": original.visibility, "state": Article.State.DRAFT}
    elif source is not None:
        start |= {
            "title": source.subject,
            "category": source.category,
            "body": solution_text(source),
        }
        start |= {"state": Article.State.DRAFT}
        start["language"] = source.language or start["language"]
    return start


def _saved(
    request: DeskRequest, values: dict[str, Any], row: Article | None, organization_id: int,
    original: Article | None, source: Ticket | None,
) -> HttpResponse:  # fmt: skip
    """Beside a published text while it is a draft or in review, else in its place."""
    if row is not None and row.state == Article.State.PUBLISHED and values["state"] in PENDING:
        version = propose_version(
            article=row, title=values["title"], body=values["body"], author=request.user,
            state=values["state"], summary=values["summary"],
        )  # fmt: skip
        text = _("Version %d waits. Readers keep the published text.") % version.number
        return told(request, redirect("desk:kb_article", slug=row.slug), text)
    saved = save_article(
        organization_id=organization_id,
        title=values["title"],
        body=values["body"],
        author=request.user,
        language=values["language"],
        category=values["category"],
        state=values["state"],
        article=row,
        visibility=values["visibility"],
        summary=values["summary"],
        original=original or (row.original if row else None),
        source=source,
    )
    text = _("Version %d saved") % saved.version
    return told(request, redirect("desk:kb_article", slug=saved.slug), text)
