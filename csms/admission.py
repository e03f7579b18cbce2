"""Who may come in: identity from the URL, Basic auth, and the choice of the version.

Everything is decided before the upgrade, so that a refused station reads a status and a sentence (the credentials
are checked first of all: security whitepaper §2.3, A00.FR.207). The version is chosen by the subprotocol alone,
never by the URL (2.0.1 errata 4.2; 2.1 part 4 §3.1.2).
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from csms.passwords import is_right
from csms.persona import AS_IT_SHOULD, Handshake
from shared.versions import V2X, V16, VERSIONS, Version

REFUSE, CLOSE = "refuse", "close"

MAX_IDENTITY_2X = 48
"""Characters of an identity (2.x part 4 §3.1.1: identifierString[48])."""


class Refused(NamedTuple):
    """No upgrade: an HTTP status and what to tell the station's developer."""

    status: HTTPStatus
    text: str


class Admitted(NamedTuple):
    """Come in: who, and in which version (None: complete the handshake without one and close)."""

    identity: str
    version: Version | None


class Admission:
    """The rules of one server.

    `passwords` maps identities to the accepted password as bytes, or is None when nobody has to prove anything.
    `no_subprotocol` says what happens when no offered subprotocol is ours: REFUSE the upgrade with 400, as the
    certification case TC_B_58_CSMS expects, or complete the handshake and CLOSE, as part 4 §3.3 says.
    `lenient` takes a station that offers none at all for OCPP 1.6. `handshake` is how the header is read and answered.
    """

    def __init__(
        self,
        versions: Sequence[Version] = VERSIONS,
        *,
        passwords: dict[str, bytes] | None = None,
        no_subprotocol: str = REFUSE,
        lenient: bool = False,
        handshake: Handshake = AS_IT_SHOULD,
    ) -> None:
        self._by_subprotocol = {version.subprotocol: version for version in versions}
        self._passwords = passwords
        self._no_subprotocol = no_subprotocol
        self._lenient = lenient
        self.handshake = handshake

    def decide(
        self, path: str, authorization: str | None, offered: Sequence[str], secret: str | None = None
    ) -> Admitted | Refused:
        """Whether a request for `path` with this Authorization header and these subprotocols comes in.

        `secret` is of the password that the station was given over OCPP: it goes before the one that we began with.
        """
        identity = identity_of(path)
        if not identity:
            example = f"{path.partition('?')[0].rstrip('/')}/CP1"
            return Refused(
                HTTPStatus.NOT_FOUND,
                f"no station identity: the last segment of the path must be one, as in {example}",
            )
        if self._passwords is not None and not self._proves(identity, authorization, secret):
            return Refused(
                HTTPStatus.UNAUTHORIZED,
                f"{identity}: the identity and password were not accepted (Basic auth)",
            )
        version = self._choose(offered)
        if version is None and self._no_subprotocol == REFUSE:
            return Refused(HTTPStatus.BAD_REQUEST, self._what_is_offered(offered))
        return Admitted(identity, version)

    def spoken(self, offered: Sequence[str]) -> list[Version]:
        """The versions among the offered subprotocols that we speak, in the station's order."""
        return [self._by_subprotocol[name] for name in offered if name in self._by_subprotocol]

    def _choose(self, offered: Sequence[str]) -> Version | None:
        """The first subprotocol of the station's list that we speak (part 4 §3.1.2); others are skipped."""
        for name in self.handshake.preferred(offered):
            if name in self._by_subprotocol:
                return self._by_subprotocol[name]
        return V16 if self._lenient and not offered and V16.subprotocol in self._by_subprotocol else None

    def _what_is_offered(self, offered: Sequence[str]) -> str:
        ours = ", ".join(self._by_subprotocol)
        if not offered:
            return f"no Sec-WebSocket-Protocol header; this central system speaks {ours}"
        return (
            f"none of the subprotocols {', '.join(offered)} is spoken here; this central system speaks {ours}"
        )

    def _proves(self, identity: str, authorization: str | None, secret: str | None) -> bool:
        """Whether the header proves the identity: user name and password as bytes, split at the first colon."""
        assert self._passwords is not None
        scheme, _, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, colon, password = b64decode(encoded, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        if secret is not None:
            same = user.decode("utf-8", "replace").lower() == identity.lower()
            return bool(colon) and same and is_right(identity, secret, password)
        expected = self._passwords.get(identity)
        if expected is None:  # 2.x identities do not differ by case (part 2 §2.1.4)
            folded = {name.lower(): secret for name, secret in self._passwords.items()}
            expected = folded.get(identity.lower())
        named = user.decode("utf-8", "replace").lower() == identity.lower()
        return bool(colon) and expected is not None and named and _same(expected, password)


def _same(expected: bytes, given: bytes) -> bool:
    """Whether the password is right; a 1.6 key may come raw or, as many stations have it, as its hex digits."""
    # bytes throughout: a password need not be UTF-8, and compare_digest refuses text that is not ASCII
    return hmac.compare_digest(expected, given) or hmac.compare_digest(expected.hex().encode(), given.lower())


def identity_of(path: str) -> str:
    """The station identity in a request's path: its last segment, percent-decoded once (part 4 §3.1.1)."""
    return unquote(path.partition("?")[0].rpartition("/")[2])


def remarks_on(identity: str, version: Version) -> str:
    """What is wrong with an identity in 2.x, in words; "" when nothing is (part 4 §3.1.1, errata 4.1)."""
    if version not in V2X:
        return ""
    if len(identity) > MAX_IDENTITY_2X:
        return f"the identity has {len(identity)} characters; at most {MAX_IDENTITY_2X} are allowed"
    odd = sorted({c for c in identity if not (c.isascii() and (c.isalnum() or c in "*-_=+|@."))})
    if odd:
        return f"the identity holds {' '.join(map(repr, odd))}, which an identifierString must not"
    return ""


def read_passwords(path: str) -> dict[str, bytes]:
    """Identities and passwords from a file with a line `IDENTITY:PASSWORD` each.

    `IDENTITY:hex:00FF...` gives the bytes of a 1.6 AuthorizationKey (security whitepaper A00.FR.205). Empty
    lines and lines that begin with # are skipped. Raises OSError, or ValueError naming the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8 text (write other bytes as IDENTITY:hex:DIGITS)") from None
    passwords: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        identity, colon, secret = line.strip().partition(":")
        if not colon or not identity or secret in ("", "hex:"):
            raise ValueError(f"{path}:{number}: expected IDENTITY:PASSWORD or IDENTITY:hex:DIGITS")
        if secret.startswith("hex:"):
            try:
                passwords[identity] = bytes.fromhex(secret[4:])
            except ValueError:
                raise ValueError(f"{path}:{number}: the password of {identity} is not hexadecimal") from None
        else:
            passwords[identity] = secret.encode()
    return passwords
