"""Signed and encrypted mail: which kind it is, so that people are told what they see."""

from integrations.channels.email.mime import Part

_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_PACKED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_ARMOUR = b"-----BEGIN PGP MESSAGE-----"


def sealing(root: Part) -> str:
    """`encrypted`, `packed` (signed and wrapped), `signed`, or '' for an ordinary mail."""
    kinds = {part.content_type for part in root.walk()}
    if "application/pgp-encrypted" in kinds or "multipart/encrypted" in kinds:
        return "encrypted"
    if kinds & _PACKED:
        return _packed(root)
    if kinds & _SIGNATURES or "multipart/signed" in kinds:
        return "signed"
    for part in root.walk():
        if part.content_type == "text/plain" and part.content()[:2000].lstrip().startswith(_ARMOUR):
            return "encrypted"
    return ""


def _packed(root: Part) -> str:
    told = [str(part.headers.get("Content-Type", "")).lower() for part in root.walk()]
    return "packed" if any("signed-data" in one for one in told) else "encrypted"
