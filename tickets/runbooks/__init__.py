"""Typed actions that a runbook may do, one file each; `registry.py` names them."""
