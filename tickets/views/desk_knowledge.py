"""Knowledge articles for agents: reading, writing, publishing."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.text import render_markdown
from tickets.access import readable_articles
from tickets.actions.base import InvalidChange
from tickets.actions.knowledge import save_article
from tickets.forms import ArticleForm, show_refusal
from tickets.models import Article
from tickets.portal_selectors import (
    article_figures,
    article_sections,
    readable_article,
    search_articles,
    with_figures,
)
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
    """One article with its facts. Queries: 5."""
    found = readable_article(request.user, slug)
    context = {
        "article": found,
        "body": render_markdown(found.body),
        "sections": article_sections(readable_articles(request.user)),
        "figures": article_figures(found),
        "nav_key": "kb",
    }
    return render(request, "desk/kb_article.html", context)


@require_http_methods(["GET", "POST"])
@desk_page
def edit(request: DeskRequest, slug: str = "") -> HttpResponse:
    """Write a new article, or the next version of one."""
    row = readable_article(request.user, slug) if slug else None
    staffed = sorted(request.user.staffed_organization_ids())
    organization_id = row.organization_id if row else staffed[0]
    start = _start(row)
    form = ArticleForm(request.POST or None, organization_id=organization_id, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save(request, form, row, organization_id)
        except InvalidChange as refusal:
            show_refusal(form, refusal)
        else:
            answer = redirect("desk:kb_article", slug=saved.slug)
            return told(request, answer, _("Version %d saved") % saved.version)
    context = {"form": form, "article": row, "nav_key": "kb"}
    return render(request, "desk/kb_edit.html", context, status=422 if form.is_bound else 200)


def _start(row: Article | None) -> dict[str, Any]:
    if row is None:
        return {"language": (get_language() or "en")[:2], "state": Article.State.PUBLISHED}
    return {f: getattr(row, f) for f in ("title", "body", "category", "language", "state")}


def _save(
    request: DeskRequest, form: ArticleForm, row: Article | None, organization_id: int
) -> Article:
    values = form.cleaned_data
    return save_article(
        organization_id=organization_id,
        title=values["title"],
        body=values["body"],
        author=request.user,
        language=values["language"],
        category=values["category"],
        state=values["state"],
        article=row,
    )
