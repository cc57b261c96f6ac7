"""HTML that somebody else wrote, as a document of its own: the page shows it in a frame.

Nothing in it runs, posts or fetches; pictures from elsewhere are fetched once somebody asks.
"""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from omnidesk.accounts.requests import DeskRequest
from tickets.access import access_message
from tickets.letter import letter_html
from tickets.views.frame import person_page

# Without scripts, "same origin" gives the letter nothing, and lets the page measure it.
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
HERE, ANYWHERE = "'self'", "'self' https: http:"
POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src {pictures}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox " + SANDBOX
)


@require_GET
@person_page
def letter(request: DeskRequest, pk: int) -> HttpResponse:
    """One message's HTML; `?pictures` lets it fetch those from elsewhere. Queries: 5 and more."""
    message = access_message(request.user, pk)
    remote = "pictures" in request.GET
    context = {"html": letter_html(message, remote=remote), "language": message.ticket.language}
    answer = render(request, "components/letter.html", context)
    policy = POLICY.format(pictures=ANYWHERE if remote else HERE)
    answer["Content-Security-Policy"] = policy
    answer["Referrer-Policy"] = "no-referrer"
    return answer
