"""The knowledge base for requesters."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from omnidesk.core.text import render_markdown
from tickets.actions.article_feedback import count_opened, say_whether_it_helped
from tickets.actions.base import InvalidChange
from tickets.models import Article, ArticleFeedback
from tickets.portal_selectors import (
    article_languages,
    article_sections,
    in_reading_language,
    published_articles,
    readable_article,
    search_articles,
)
from tickets.views.frame import person_page, told


@require_GET
@person_page
def index(request: DeskRequest) -> HttpResponse:
    """Articles by category, or those that fit `?q=`. Queries: 1."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    articles = in_reading_language(published_articles(request.user), get_language() or "en")
    context: dict[str, Any] = {"words": words, "nav_key": "kb"}
    if words:
        context["found"] = search_articles(articles, words)
    else:
        context["sections"] = article_sections(articles)
    return render(request, "portal/kb.html", context)


@require_GET
@person_page
def article(request: DeskRequest, slug: str) -> HttpResponse:
    """One published article, counted once it is opened. Queries: 6."""
    found = readable_article(request.user, slug)
    if found.state != Article.State.PUBLISHED or not found.is_public:
        raise Http404
    if not request.user.has_role(found.organization_id, Role.AGENT):
        count_opened(found)
    context = {
        "article": found,
        "body": render_markdown(found.body),
        "said": ArticleFeedback.objects.filter(article=found, person=request.user).first(),
        "reasons": ArticleFeedback.Reason.choices,
        "languages": [
            one
            for one in article_languages(found)
            if one.article
            and one.article != found
            and one.article.is_public
            and one.article.state == Article.State.PUBLISHED
        ],
        "nav_key": "kb",
    }
    return render(request, "portal/kb_article.html", context)


@require_POST
@person_page
def feedback(request: DeskRequest, slug: str) -> HttpResponse:
    """Whether it helped, and why not; `instead` of a request that is then not written."""
    found = readable_article(request.user, slug)
    if found.state != Article.State.PUBLISHED or not found.is_public:
        raise Http404
    context: dict[str, Any] = {"article": found, "reasons": ArticleFeedback.Reason.choices}
    try:
        context["said"] = say_whether_it_helped(
            article=found,
            person=request.user,
            helped=request.POST.get("helped") == "yes",
            reason=request.POST.get("reason", ""),
            comment=request.POST.get("comment", ""),
        )
    except InvalidChange as refusal:
        typed = {"helped": False, "comment": request.POST.get("comment", "")}
        context |= {"problem": str(refusal), "said": typed}
    if "instead" in request.POST and "problem" not in context:
        # Said beside a form: the article stands for the request.
        return told(request, redirect("portal:home"), _("Good to know. Nothing was sent."))
    if request.htmx:
        return render(request, "portal/_feedback.html", context)
    return told(request, redirect("portal:kb_article", slug=slug), _("Thank you, noted."))
