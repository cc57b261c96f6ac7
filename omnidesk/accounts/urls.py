"""Account pages at our own addresses, under allauth's own names."""

from allauth.account import views
from django.urls import include, path, re_path

from omnidesk.accounts.views import devices

urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-out/", views.logout, name="account_logout"),
    path("sign-up/", views.signup, name="account_signup"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("confirm/", views.email_verification_sent, name="account_email_verification_sent"),
    path("confirm/<str:key>/", views.confirm_email, name="account_confirm_email"),
    path("email/", views.email, name="account_email"),
    path("again/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("recover/", views.password_reset, name="account_reset_password"),
    path("recover/sent/", views.password_reset_done, name="account_reset_password_done"),
    # Not by a path's own pattern: that would take half of the key for the person's number.
    re_path(
        r"^recover/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "recover/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("devices/", devices, name="account_devices"),
    path("two-factor/", include("allauth.mfa.urls")),
]
