"""What single messages of a station tell of tokens, places and transactions, in the spellings of all versions."""

from __future__ import annotations

from typing import Any

from shared.dispatch import Payload
from shared.replay.recording import Exchange

OFFLINE = 5.0
"""Seconds that an event may be older than its message before it counts as one from an offline time."""


class NotTold(Exception):
    """Something was done that the recording does not tell."""


def token_of(said: Payload) -> str:
    """The token that a message holds, "" without one."""
    found = said.get("idToken")
    return str(found.get("idToken", "") if isinstance(found, dict) else said.get("idTag", ""))


def evse_of(said: Payload) -> int | None:
    """The EVSE (of 1.6: connector) that a message of a transaction names."""
    found = said.get("evse", {}).get("id", said.get("connectorId"))
    return found if isinstance(found, int) else None


def transaction_of(said: Payload) -> Any:
    """The id of the transaction that a message is about."""
    return said.get("transactionId", said.get("transactionInfo", {}).get("transactionId"))


def present(said: Payload, shown: str, at: int | None) -> str:
    """The step that presents a token; its type where the version has types and it is not a card."""
    import json

    members = [f"token: {json.dumps(shown)}"]
    members += [f"evse: {at}"] if at else []
    kind = said["idToken"].get("type") if isinstance(said.get("idToken"), dict) else None
    members += [f"type: {kind}"] if kind not in (None, "ISO14443") else []
    return f"present: {{{', '.join(members)}}}"


def told_in_time(exchange: Exchange) -> None:
    """An event that is much older than its message happened while the station was away; NotTold."""
    from shared.clock import parse

    try:
        age = exchange.at - parse(str(exchange.request.get("timestamp")))
    except ValueError:
        return
    if OFFLINE < age < 86400 * 365:  # a log of a time of day alone has no date to compare with
        raise NotTold("a transaction went on while the station was offline")
