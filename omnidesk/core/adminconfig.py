"""Django admin with our site: named in INSTALLED_APPS instead of `django.contrib.admin`."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """The administration."""

    default_site = "omnidesk.core.adminsite.AdministrationSite"
