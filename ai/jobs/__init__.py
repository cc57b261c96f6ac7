"""Larger tasks of programs: kinds, and how one is run."""
