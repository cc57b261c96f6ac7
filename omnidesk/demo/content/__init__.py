"""What the demo desk consists of: organizations, people, articles and situations.

Prose lives beside this file as text, not as code: `scenarios/*.toml` (one file per category) and
`articles/*.md` (Markdown under a TOML head). `library` reads both.
"""
