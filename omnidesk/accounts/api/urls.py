"""Paths under /api/v1/."""

from django.urls import path

from omnidesk.accounts.api.keys import KeysView, KeyView
from omnidesk.accounts.api.people import CurrentUserView, MeView, UsersView
from omnidesk.accounts.api.sessions import (
    LoginView,
    LogoutView,
    PasswordView,
    RefreshView,
    RegisterView,
)
from omnidesk.accounts.api.system import SystemInfoView

urlpatterns = [
    path("auth/register/", RegisterView.as_view(), name="api-register"),
    path("auth/login/", LoginView.as_view(), name="api-login"),
    path("auth/refresh/", RefreshView.as_view(), name="api-refresh"),
    path("auth/logout/", LogoutView.as_view(), name="api-logout"),
    path("auth/user/", CurrentUserView.as_view(), name="api-current-user"),
    path("auth/user/password/", PasswordView.as_view(), name="api-password"),
    path("users/", UsersView.as_view(), name="api-users"),
    path("users/me/", MeView.as_view(), name="api-me"),
    path("users/me/keys/", KeysView.as_view(), name="api-keys"),
    path("users/me/keys/<int:key_id>/", KeyView.as_view(), name="api-key"),
    path("system/info/", SystemInfoView.as_view(), name="api-system-info"),
]
