"""Structured logs: one JSON object a line (or readable text), correlation id in each."""

from importlib import import_module
from typing import Any

import structlog

# Keys whose values never belong in a log, wherever they come from.
SECRET_KEYS = frozenset(
    {"password", "token", "access", "refresh", "authorization", "cookie", "secret", "api_key"}
)
# Fields that may quote what people wrote: an error's words, a traceback's last line.
QUOTING = ("exception", "error", "reason")
LONGEST = 20_000


def hide_secrets(
    _logger: Any, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace the values of known secret keys."""
    for key in SECRET_KEYS & event.keys():
        event[key] = "[hidden]"
    return event


def mask_quotes(
    _logger: Any, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Mask personal data and secrets where a line quotes somebody, as before a call to a model."""
    for key in QUOTING:
        said = event.get(key)
        if isinstance(said, str) and said:
            # By name: this module is everybody's, and knows no app.
            event[key] = import_module("ai.engine.redact").redact(said[-LONGEST:]).text
    return event


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]


def logging_config(*, as_json: bool, level: str = "INFO") -> dict[str, Any]:
    """A `dictConfig` that sends everything through structlog to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # Plain: the pretty one prints local variables, which may hold what people wrote.
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    closing: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_quotes,
    ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide_secrets,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [*closing, renderer],
                "foreign_pre_chain": _shared(),
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "structured"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            # A line per nudge and per sweep would bury what matters.
            "celery.beat": {"level": "WARNING"},
            "django_structlog.celery": {"level": "WARNING"},
            "sentence_transformers": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "mail.log": {"level": "ERROR"},
        },
    }
