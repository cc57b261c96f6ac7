"""What beat does and how often. Rows are the queues: these sweeps find what was dropped.

A sweep that was late expires before the next one: two beats never pile up the same work.
"""

from typing import Any, Final

from celery.schedules import crontab

BEAT_SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "ai-sweep": {"task": "ai.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "ai-surges": {"task": "ai.surges", "schedule": 60.0, "options": {"expires": 60}},
    "automatic-answers": {
        "task": "ai.automatic.sweep",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "ai-train-nightly": {"task": "ai.train_due", "schedule": crontab(hour="2", minute="15")},
    "ai-proposals": {"task": "ai.proposals", "schedule": 900.0, "options": {"expires": 900}},
    "clocks": {"task": "tickets.sweep_clocks", "schedule": 15.0, "options": {"expires": 15}},
    "forecast": {"task": "tickets.forecast", "schedule": 300.0, "options": {"expires": 300}},
    "forecast-learning": {
        "task": "tickets.learn_history",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "deliver-sweep": {
        "task": "integrations.sweep_deliveries",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "mail-poll": {
        "task": "integrations.poll_channels",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "receipt-sweep": {
        "task": "integrations.sweep_receipts",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "ask-ratings": {
        "task": "tickets.ask_ratings",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "schedules": {
        "task": "tickets.fire_schedules",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "notice-sweep": {
        "task": "tickets.sweep_notices",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "approval-sweep": {
        "task": "tickets.sweep_approvals",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # A worker is woken by the second; this finds what was lost on the way.
    "held-messages": {
        "task": "tickets.sweep_held",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "wake-snoozed": {
        "task": "tickets.wake_snoozed",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "run-sweep": {"task": "tickets.sweep_runs", "schedule": 30.0, "options": {"expires": 30}},
    "status-mail-sweep": {
        "task": "tickets.sweep_mails",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "letter-sweep": {
        "task": "integrations.deliver_letters",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "request-sweep": {
        "task": "integrations.sweep_requests",
        "schedule": 20.0,
        "options": {"expires": 20},
    },
    "webhook-sweep": {
        "task": "integrations.sweep_calls",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "channel-watch": {
        "task": "integrations.watch_channels",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "rules-sweep": {"task": "tickets.sweep_rules", "schedule": 15.0, "options": {"expires": 15}},
    "rules-of-time": {
        "task": "tickets.run_time_rules",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "rollup": {"task": "analytics.roll_up", "schedule": 60.0, "options": {"expires": 60}},
    "simulation-sweep": {
        "task": "analytics.sweep_simulations",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "ticket-follow-ups": {
        "task": "tickets.follow_up",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-old-keys": {"task": "core.forget_idempotency_keys", "schedule": crontab(minute="7")},
}
