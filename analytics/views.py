"""The insights page and its export."""

import csv
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from analytics import depth_page, page
from analytics.selectors import RANGES, Question, asked, daily, staffed, teams_of
from omnidesk.accounts.requests import DeskRequest
from tickets.views.frame import desk_page


@require_GET
@desk_page
def insights(request: DeskRequest) -> HttpResponse:
    """Figures, charts and tables of one organization over a range of days."""
    question = _question(request)
    days = daily(question)
    parts = page.parts(question, days)
    context = {
        "nav_key": "insights",
        "question": question,
        "ranges": RANGES,
        "teams": teams_of(question.organization),
        "organizations": staffed(request.user),
        "query": _query(question),
        "counted": any(day.counted for day in days),
        **parts,
        "cards": [*parts["cards"], *depth_page.cards(question, request.user)],
    }
    return render(request, "analytics/insights.html", context)


@require_GET
@desk_page
def export(request: DeskRequest) -> HttpResponse:
    """The page's table as CSV: the same rows, figures and order as on the screen."""
    question = _question(request)
    team = question.team.slug if question.team else "all"
    name = f"insights-{question.organization.slug}-{team}-{question.first}-{question.last}.csv"
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    # Spreadsheets take UTF-8 for what it is only with the byte order mark.
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow(page.table_head())
    writer.writerows(page.table_row(day) for day in daily(question))
    return response


def _question(request: DeskRequest) -> Question:
    question = asked(
        request.user,
        days=request.GET.get("days", ""),
        team=request.GET.get("team", ""),
        organization=request.GET.get("organization", ""),
    )
    if question is None:
        raise Http404(_("There is no desk to show figures of."))
    return question


def _query(question: Question) -> str:
    """The question as it stands in an address."""
    values = {"organization": question.organization.slug, "days": str(question.days)}
    if question.team is not None:
        values["team"] = question.team.slug
    return urlencode(values)
