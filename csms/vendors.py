"""What DataTransfer is answered: only vendors that were configured have something behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from shared.dispatch import Payload
from shared.versions import V16, Version

ANY = "*"
STATUSES = ("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")


class Vendors:
    """`known` is vendorId -> messageId (`*`: any other, or none) -> the answer (`status`, perhaps `data`).

    A vendor that is not there is answered UnknownVendorId, a message that is not there UnknownMessageId, both
    without data (1.6 §4.3; P01.FR.05, P01.FR.06). With `upstream` everything is Accepted, with nothing behind it.
    """

    __slots__ = ("known", "upstream")

    def __init__(
        self, known: Mapping[str, Mapping[str, Payload]] | None = None, *, upstream: bool = False
    ) -> None:
        self.known = {vendor: dict(messages) for vendor, messages in (known or {}).items()}
        for vendor, messages in self.known.items():
            for message, answer in messages.items():
                if answer.get("status") not in STATUSES or set(answer) - {"status", "data"}:
                    raise ValueError(
                        f"the answer to DataTransfer {vendor}/{message} needs a status of {', '.join(STATUSES)} "
                        f"and may have data, but is {dict(answer)!r}"
                    )
        self.upstream = upstream

    def answer(self, vendor: str, message: str | None, version: Version) -> Payload:
        """The answer to a DataTransfer of `vendor`, in `version`'s spelling: data is text in 1.6."""
        if self.upstream:
            return {"status": "Accepted"}
        messages = self.known.get(vendor)
        if messages is None:
            return {"status": "UnknownVendorId"}
        found = messages.get(message or ANY, messages.get(ANY))
        if found is None:
            return {"status": "UnknownMessageId"}
        return (
            dict(found, data=_as_text(found["data"])) if version is V16 and "data" in found else dict(found)
        )


def _as_text(data: Any) -> str:
    return data if isinstance(data, str) else orjson.dumps(data).decode()
