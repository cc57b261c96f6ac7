"""Liveness and readiness of the installation."""
