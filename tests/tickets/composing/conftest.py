"""Signed-in clients, as for the pages."""

from tests.tickets.views.conftest import sign_in

__all__ = ["sign_in"]
