"""/desk/ai/index/: how the search index is kept, and building it anew."""

from django.urls import reverse

from ai.models import Rebuild
from tests.ai.views.test_panel import HTMX, signed_in
from tests.cast import Cast


def test_the_installations_administrator_builds_it_anew_and_stops(cast: Cast) -> None:
    path = reverse("ai:index")
    lead, owner = signed_in(cast.bob), signed_in(cast.admin)
    assert lead.get(path).status_code == 403
    assert lead.post(reverse("ai:index_start"), {"quantization": "scalar"}).status_code == 403
    owner.post(reverse("ai:index_start"), {"quantization": "ternary"})
    assert not Rebuild.objects.exists()
    owner.post(reverse("ai:index_start"), {"quantization": "scalar"})
    row = Rebuild.objects.get()
    assert (row.state, row.quantization, row.requested_by) == ("pending", "scalar", cast.admin)
    Rebuild.objects.update(state="running", progress=0.4)
    part = owner.get(path, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "40" in part
    owner.post(reverse("ai:index_stop"), {"rebuild": str(row.pk)})
    row.refresh_from_db()
    assert row.state == "failed"
    page = owner.get(path).content.decode()
    assert "Stopped by" in page
    assert "Build it anew" in page
