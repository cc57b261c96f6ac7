"""`manage.py listen_mail`: take in mail by SMTP until told to stop."""

import asyncio
import signal
import sys
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from integrations.channels.email.listener import listen
from omnidesk.core.boot import refuse_unsafe_start
from omnidesk.core.text import detect_language

SWITCH_SECONDS: Final = 0.0005


class Command(BaseCommand):
    """The mail listener."""

    help = _("Take in mail by SMTP on OMNIDESK_SMTP_HOST and OMNIDESK_SMTP_PORT.")

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.SMTP_LISTEN_PORT:
            raise CommandError(_("OMNIDESK_SMTP_PORT is 0: no mail is taken in."))
        refuse_unsafe_start()
        # Senders wait for a thread that mostly waits itself, beside one that computes: with the
        # usual 5 ms it would wait that long for its turn at every step.
        sys.setswitchinterval(SWITCH_SECONDS)
        # The first look at a text loads the language model; no sender should wait for that.
        detect_language("Which language is this sentence written in?")
        try:
            asyncio.run(self._serve())
        except OSError as problem:
            raise CommandError(
                _("Mail cannot be taken in on port %(port)d: %(reason)s.")
                % {"port": settings.SMTP_LISTEN_PORT, "reason": problem.strerror}
            ) from problem

    async def _serve(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        host, port = settings.SMTP_LISTEN_HOST, settings.SMTP_LISTEN_PORT
        server = await listen(host, port, settings.MAIL_MAX_BYTES)
        async with server:
            found = server.sockets[0].getsockname()
            self.stdout.write(
                _("Taking in mail on %(host)s:%(port)d") % {"host": found[0], "port": found[1]}
            )
            await stop.wait()
