"""Demo data: an IT desk that looks alive."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Demo data and the command that loads it."""

    name = "omnidesk.demo"
    label = "demo"
