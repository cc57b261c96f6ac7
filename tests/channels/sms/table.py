"""Texts and what they are billed as; the page and the server count by the same table."""

CASES = (
    ("", "gsm", 0, 1),
    ("Hello", "gsm", 5, 1),
    ("a" * 160, "gsm", 160, 1),
    ("a" * 161, "gsm", 161, 2),
    ("a" * 306, "gsm", 306, 2),
    ("a" * 307, "gsm", 307, 3),
    ("€" * 80, "gsm", 160, 1),
    ("€" * 81, "gsm", 162, 2),
    # 152 and a double one do not share a segment: the escape is never torn from its character.
    ("a" * 152 + "€" + "a" * 152, "gsm", 306, 3),
    ("ä" * 70, "gsm", 70, 1),
    ("ç" * 70, "ucs2", 70, 1),
    ("ç" * 71, "ucs2", 71, 2),
    ("“quoted”", "ucs2", 8, 1),
    ("😀" * 35, "ucs2", 70, 1),
    ("😀" * 36, "ucs2", 72, 2),
    # 33 pairs fill 66 of 67 units: the next pair begins a new segment.
    ("😀" * 67, "ucs2", 134, 3),
    ("line\nline\r\f", "gsm", 12, 1),
)
