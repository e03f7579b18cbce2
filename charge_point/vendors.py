"""The table by which a station answers DataTransfer: vendorId, messageId, the answer (P01, P02; 1.6 §5.6).

An answer is the data of an Accepted one (text, number, table; None for none), or a table of `status` and perhaps
`data`. The messageId `*` is any other, and none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.suggest import not_one_of
from shared.versions import V16, Version

Payload = dict[str, Any]

STATUSES = ("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")
ANY = "*"


def answer(
    vendors: Mapping[str, Mapping[str, Any]], vendor: str, message: str, version: Version
) -> tuple[Payload, bool]:
    """What a DataTransfer of `vendor` is answered, and whether the message is known; `message` may be empty.

    Names of vendors do not differ by case. In 1.6 data is text, JSON where it is none (§6.17); in 2.x it is anything.
    """
    messages = {name.casefold(): known for name, known in vendors.items()}.get(vendor.casefold())
    if messages is None:
        return {"status": "UnknownVendorId"}, False  # P01.FR.05
    if message in messages:
        found = _spelled(messages[message])
    elif ANY in messages:
        found = _spelled(messages[ANY])
    elif message:
        return {"status": "UnknownMessageId"}, False  # P01.FR.06
    else:
        found = {"status": "Accepted"}
    if version is V16 and not isinstance(found.get("data", ""), str):
        import orjson  # whoever only reads a table does without it

        found["data"] = orjson.dumps(found["data"]).decode()
    return found, True


def data_of(entry: Any) -> Any:
    """The data of an entry, None for none."""
    return _spelled(entry).get("data")


def _spelled(entry: Any) -> Payload:
    if isinstance(entry, Mapping) and "status" in entry:
        return dict(entry)
    return {"status": "Accepted"} | ({} if entry is None else {"data": entry})


def vendors(value: Any) -> dict[str, dict[str, Any]]:
    """The table of a persona or a scenario. Raises ValueError for what is none, in words."""
    if not isinstance(value, Mapping):
        raise ValueError("expected a table of vendors, as in {Mine = {Hello = 'answer'}}")
    for vendor, messages in value.items():
        if not isinstance(messages, Mapping):
            shape = "expected a table of messageIds, as in {Hello = 'answer'}"
            raise ValueError(f"{vendor}: {shape}, not {messages!r}")
        for message, entry in messages.items():
            where = f"{vendor}.{message}"
            if len(vendor) > 255 or len(message) > 50:
                raise ValueError(f"{where}: a vendorId has at most 255 characters, a messageId 50")
            if isinstance(entry, Mapping) and "status" in entry:
                if entry["status"] not in STATUSES:
                    raise ValueError(f"{where}: {not_one_of(str(entry['status']), 'a status', STATUSES)}")
                if others := set(entry) - {"status", "data"}:
                    raise ValueError(
                        f"{where}: an answer has status and data, not {', '.join(sorted(others))}"
                    )
    return {vendor: dict(messages) for vendor, messages in value.items()}
