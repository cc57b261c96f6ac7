"""Where people confirm their telephone number, under /notifications/phone/."""

from django.urls import path

from integrations import phone_views

app_name = "phone"
urlpatterns = [path("", phone_views.confirm, name="confirm")]
