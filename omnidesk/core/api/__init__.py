"""The plumbing of /api/v1/: what every endpoint of every app has in common."""
