"""ServiceDesk Plus: requests, notes, resolutions and files, both ways (v3 API)."""
