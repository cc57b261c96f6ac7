"""Small mails for tests, written as bytes."""

from pathlib import Path

FIXTURES = Path(__file__).with_name("fixtures")


def mail(body: str | bytes = "Hello", **fields: str | bytes) -> bytes:
    """A mail with CRLF line ends; `in_reply_to` becomes `In-Reply-To`, '' drops a field."""
    defaults: dict[str, str | bytes] = {
        "from": "Dana Muster <dana@example.org>",
        "to": "desk@example.com",
        "subject": "Printer",
        "message-id": "<1@example.org>",
    }
    merged = defaults | {name.replace("_", "-"): value for name, value in fields.items()}
    head = [
        name.title().encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in merged.items()
        if value
    ]
    content = body if isinstance(body, bytes) else body.replace("\n", "\r\n").encode()
    return b"\r\n".join(head) + b"\r\n\r\n" + content


def multipart(*parts: bytes, kind: str = "mixed", **fields: str | bytes) -> bytes:
    """A multipart mail of raw parts (headers, blank line, body)."""
    body = b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts) + b"--cut--\r\n"
    fields.setdefault("content_type", f'multipart/{kind}; boundary="cut"')
    return mail(body, **fields)


def part(kind: str, body: str | bytes, **fields: str) -> bytes:
    """One raw part."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    content = body if isinstance(body, bytes) else body.encode()
    return f"Content-Type: {kind}\r\n{head}\r\n".encode() + content


def fixture(name: str) -> bytes:
    """A whole mail from the fixtures folder."""
    return (FIXTURES / name).read_bytes()
