"""The messages of ISO 15118 by which a car gets its contract certificates, as OCPP carries them (M01, M02).

OCPP passes an EXI stream on untouched, in base64. Nothing here writes EXI: the stream's place is taken by the same
message as XML text, with ISO 15118-2's element names, without the signature of its header. Whoever only passes it
on cannot tell; whoever reads it has to know this form. The private key of a contract travels as ISO 15118-2
§7.9.2.5 has it: AES-128-CBC under a key that both ends derive by ECDH on secp256r1 (ConcatKDF, SHA-256).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

NAMESPACES = {"2": "urn:iso:15118:2:2013:MsgDef", "20": "urn:iso:std:iso:15118:-20:CommonMessages"}
"""`iso15118SchemaVersion` of each part of the standard."""

_OTHER = bytes((0x01, 0x55, 0x56))
"""AlgorithmID, PartyUInfo and PartyVInfo of the key derivation (ISO 15118-2 V2G2-818)."""

_BLOCK = 16


class Unreadable(ValueError):
    """A text that is no message of this form, or a key that cannot be unwrapped; one clause."""


class Message(NamedTuple):
    """A message: its name, the standard's part, and its elements, each with one or several texts."""

    name: str
    part: str
    elements: dict[str, list[str]]

    def one(self, name: str) -> str:
        """The text of an element that has to be there. Raises Unreadable."""
        if not self.elements.get(name):
            raise Unreadable(f"{self.name} has no {name}")
        return self.elements[name][0]

    def raw(self, name: str) -> bytes:
        """The bytes of an element in base64. Raises Unreadable."""
        return _bytes(self.one(name), name)

    def certificates(self, name: str) -> str:
        """The certificates of an element, each DER in base64, as one PEM text. Raises Unreadable without any."""
        self.one(name)
        return "".join(pem_of(_bytes(text, name)) for text in self.elements[name])


def encoded(message: Message) -> str:
    """The message as `exiRequest` and `exiResponse` carry it: XML in base64."""
    from xml.sax.saxutils import escape

    inner = "".join(
        f"<{name}>{escape(text)}</{name}>" for name, texts in message.elements.items() for text in texts
    )
    xml = f'<{message.name} xmlns="{NAMESPACES[message.part]}">{inner}</{message.name}>'
    return base64.b64encode(xml.encode()).decode()


def decoded(text: str) -> Message:
    """The message in `text`. Raises Unreadable, for an EXI stream too."""
    from xml.etree import ElementTree

    raw = _bytes(text, "message")
    if b"<!" in raw:
        raise Unreadable("a message has no declarations")  # entities could grow without end
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError):
        raise Unreadable("it is not XML, and EXI cannot be read here") from None
    namespace, _, name = root.tag.removeprefix("{").rpartition("}")
    part = next((part for part, known in NAMESPACES.items() if known == namespace), "")
    if not part:
        raise Unreadable(f"{namespace or 'no namespace'} is not one of ISO 15118")
    elements: dict[str, list[str]] = {}
    for child in root:
        elements.setdefault(child.tag.rpartition("}")[2], []).append(child.text or "")
    return Message(name, part, elements)


def _bytes(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable(f"the {what} is not base64") from None


# --- certificates -------------------------------------------------------------------------------------------


def pem_of(der: bytes) -> str:
    """A certificate in PEM form."""
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def ders_of(pem: str) -> list[str]:
    """The certificates of a PEM text as a message has them: DER in base64."""
    blocks = pem.split("-----BEGIN CERTIFICATE-----")[1:]
    return ["".join(block.partition("-----END")[0].split()) for block in blocks]


# --- the private key of a contract ----------------------------------------------------------------------------


def wrap(
    key: EllipticCurvePrivateKey,
    receiver: EllipticCurvePublicKey,
    passing: EllipticCurvePrivateKey,
    vector: bytes,
) -> tuple[bytes, bytes]:
    """`key` for who has the private half of `receiver`: its encrypted form, and the public half of `passing`.

    `passing` is a key for this once, `vector` 16 bytes to begin with.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    cipher = _cipher(passing, receiver, vector).encryptor()
    number = key.private_numbers().private_value.to_bytes(32, "big")
    point = passing.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return vector + cipher.update(number) + cipher.finalize(), point


def unwrap(encrypted: bytes, point: bytes, own: EllipticCurvePrivateKey) -> EllipticCurvePrivateKey:
    """The key that `wrap` has encrypted for `own`. Raises Unreadable."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if len(encrypted) != _BLOCK + 32:
        raise Unreadable("the encrypted key has not 48 bytes")
    try:
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        cipher = _cipher(own, sender, encrypted[:_BLOCK]).decryptor()
        number = cipher.update(encrypted[_BLOCK:]) + cipher.finalize()
        return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())
    except ValueError:
        raise Unreadable("the private key cannot be had of it") from None


def _cipher(own: EllipticCurvePrivateKey, other: EllipticCurvePublicKey, vector: bytes) -> Cipher[CBC]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

    shared = own.exchange(ec.ECDH(), other)
    key = ConcatKDFHash(hashes.SHA256(), _BLOCK, _OTHER).derive(shared)
    return Cipher(algorithms.AES(key), modes.CBC(vector))
