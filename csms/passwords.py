"""The passwords that we have given stations: from then on they are the ones that are accepted (2.x A01.FR.03; 1.6
whitepaper A01). Only a salted hash is kept (A01.FR.08)."""

from __future__ import annotations

import hmac
from hashlib import sha256

from csms.record import Payload, StationRecord


def hashed(identity: str, password: bytes) -> str:
    """What is kept of the password of a station."""
    return hmac.digest(identity.lower().encode(), password, sha256).hex()


def is_right(identity: str, secret: str, given: bytes) -> bool:
    """Whether `given` is the password; a 1.6 key may come raw or, as many stations have it, as its hex digits."""
    forms = [given]
    try:
        forms.append(bytes.fromhex(given.decode("ascii")))
    except ValueError:
        pass  # it is no hex
    return any(hmac.compare_digest(hashed(identity, form), secret) for form in forms)


def variables_set(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Remember a SecurityCtrlr.BasicAuthPassword that the station has taken from a SetVariables of ours."""
    for wanted, result in zip(request["setVariableData"], answer["setVariableResult"], strict=False):
        name = f"{wanted['component']['name']}.{wanted['variable']['name']}".lower()
        # with RebootRequired the old one holds on (A01.FR.04)
        if name == "securityctrlr.basicauthpassword" and result["attributeStatus"] == "Accepted":
            record.secret = hashed(record.id, wanted["attributeValue"].encode())


def key_changed(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Remember an AuthorizationKey that a 1.6 station has taken: the bytes that its hex digits stand for."""
    if request["key"].lower() == "authorizationkey" and answer["status"] == "Accepted":
        try:
            record.secret = hashed(record.id, bytes.fromhex(request["value"]))
        except ValueError:
            record.secret = hashed(record.id, request["value"].encode())
