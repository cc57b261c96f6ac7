"""Pages under /assistant/."""

from django.urls import path

from ai.views import affected, assistant, automatic

app_name = "assistant"
urlpatterns = [
    path("", assistant.start, name="start"),
    path("person/", assistant.person, name="person_first"),
    path("<int:conversation_id>/", assistant.conversation, name="conversation"),
    path("<int:conversation_id>/person/", assistant.person, name="person"),
    path("turns/<int:turn_id>/", assistant.turn, name="turn"),
    path("turns/<int:turn_id>/stream/", assistant.stream, name="stream"),
    path("incident/<str:token>/", affected.by_link, name="affected"),
    path("answer/<str:token>/", automatic.by_link, name="automatic"),
    path("documents/<int:document_id>/", assistant.document, name="document"),
]
