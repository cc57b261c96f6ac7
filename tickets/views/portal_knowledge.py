"""The knowledge base for requesters."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from omnidesk.core.text import render_markdown
from tickets.models import Article
from tickets.portal_selectors import (
    article_sections,
    published_articles,
    readable_article,
    search_articles,
)
from tickets.views.frame import person_page


@require_GET
@person_page
def index(request: DeskRequest) -> HttpResponse:
    """Articles by category, or those that fit `?q=`. Queries: 1."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    articles = published_articles(request.user)
    context: dict[str, Any] = {"words": words, "nav_key": "kb"}
    if words:
        context["found"] = search_articles(articles, words)
    else:
        context["sections"] = article_sections(articles)
    return render(request, "portal/kb.html", context)


@require_GET
@person_page
def article(request: DeskRequest, slug: str) -> HttpResponse:
    """One published article. Queries: 2."""
    found = readable_article(request.user, slug)
    if found.state != Article.State.PUBLISHED or not found.is_public:
        raise Http404
    context = {"article": found, "body": render_markdown(found.body), "nav_key": "kb"}
    return render(request, "portal/kb_article.html", context)
