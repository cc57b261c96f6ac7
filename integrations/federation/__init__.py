"""Tickets that live in two systems, kept right on both sides (docs/federation.md)."""
