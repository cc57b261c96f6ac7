"""Second factors in the administration: whose they are, never what they are."""

from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from omnidesk.core.tenancy import system_scope
from tests.cast import Cast

SECRET = "JBSWY3DPEHPK3PXP"


def test_its_secret_is_shown_to_nobody_and_cannot_be_changed(cast: Cast) -> None:
    with system_scope():
        row = Authenticator.objects.create(
            user=cast.alice, type=Authenticator.Type.TOTP, data={"secret": SECRET}
        )
    client = Client()
    client.force_login(cast.admin)
    address = reverse("admin:mfa_authenticator_change", args=[row.pk])
    listed = client.get(reverse("admin:mfa_authenticator_changelist"))
    assert cast.alice.name in listed.content.decode()
    page = client.get(address)
    assert page.status_code == 200
    assert SECRET not in page.content.decode() + listed.content.decode()
    assert client.post(address, {"data": '{"secret": "MINE"}'}).status_code == 403
    row.refresh_from_db()
    assert row.data == {"secret": SECRET}
    # Who lost the device is let in again.
    gone = client.post(
        reverse("admin:mfa_authenticator_delete", args=[row.pk]), {"post": "yes"}, follow=True
    )
    assert gone.status_code == 200
    assert not Authenticator.objects.filter(pk=row.pk).exists()
