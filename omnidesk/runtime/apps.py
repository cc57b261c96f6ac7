from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "omnidesk.runtime"
    label = "runtime"
