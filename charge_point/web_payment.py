"""Payment on the web: the address in the dynamic QR code of an EVSE, and who is paying for one (2.1 C25).

There is one controller for all EVSEs or, with the feature `web_payments_per_evse`, one in each: then every EVSE has its
own template, secret and RoamingEvseId. Nothing is drawn: the text of the code stands on the display, and a driver scans
what it holds at that moment. While somebody pays, nobody else begins at the EVSE, until the CSMS starts the transaction
or the time is over.
"""

from __future__ import annotations

import asyncio
import re
from math import isfinite
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from charge_point.network import identity
from charge_point.parts import Part
from charge_point.transaction_limits import TransactionLimits
from shared.totp import totp
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse
    from charge_point.station import Station

_CONTROLLER = "WebPaymentsCtrlr"
_PARAMETERS = {"energy": "maxenergy", "time": "maxtime", "cost": "maxcost"}
"""Our word for a limit -> the query parameter (C25.FR.56-.58): Wh, seconds, and the station's currency."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class WebPayments(Part):
    """The EVSEs of one station for which somebody is paying on the web. Owns the timers of that."""

    __slots__ = ("paying",)

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.paying: dict[int, asyncio.TimerHandle] = {}

    def began(self, evse: int, timeout: float) -> None:
        """Somebody pays for an EVSE (0: for any) and has so many seconds for it (C25.FR.22)."""
        self.over(evse)
        for one in self.station.evses_of(evse):
            if timeout > 0:
                loop = asyncio.get_running_loop()
                self.paying[one.id] = loop.call_later(timeout, self._too_late, one)
        self.station.changed()

    def _too_late(self, evse: Evse) -> None:
        """Nobody has paid in time: what they wanted at most is not the next driver's."""
        self.station.part(TransactionLimits).unwant(evse)
        self.over(evse.id)

    def over(self, evse: int | None) -> None:
        """The payment for an EVSE, for any with 0 and None, is awaited no longer."""
        for id in [id for id in self.paying if not evse or id == evse]:
            self.paying.pop(id).cancel()
        self.station.changed()

    def refuses(self, evse: Evse, token: Token, group: str | None) -> str:
        return "somebody is paying for it on the web" if evse.id in self.paying else ""

    def shows(self, evse: Evse) -> list[str]:
        if evse.id in self.paying:
            return [f"EVSE {evse.id}: the code was scanned, go on with your payment"]
        return [address(self.station, evse.id)] if evse.is_free and offers(self.station, evse.id) else []

    def power_off(self) -> None:
        self.over(None)


def _named(station: Station, evse: int, variable: str) -> str:
    """The path of a variable of the EVSE's own controller, or of the station's."""
    own = f"{_CONTROLLER}#{evse}.{variable}"
    return own if station.model.has(own) else f"{_CONTROLLER}.{variable}"


def offers(station: Station, evse: int) -> bool:
    """Whether an EVSE has a dynamic QR code: the controller is there, on, and has a template (C25.FR.01)."""
    model, template = station.model, _named(station, evse, "URLTemplate")
    return (
        station.version is V21
        and model.has(template)
        and model.flag(_named(station, evse, "Enabled"))
        and bool(model.text(template))
    )


def address(station: Station, evse: int, limits: dict[str, float] | None = None) -> str:
    """What the QR code of an EVSE says now, with the limits that its driver wants (C25.FR.04-.06, .51-.58)."""
    model = station.model

    def own(variable: str) -> str:
        return _named(station, evse, variable)

    secret = model.text(own("SharedSecret")) or station.stream("shared secret").hex(32)
    password = totp(
        secret,
        station.clock.time(),
        model.integer(own("ValidityTime")),
        model.integer(own("Length")),
    )
    values = {
        "chargingstationid": identity(station),
        "evse": str(evse),
        "roamingevseid": model.text(own("RoamingEvseId")),
        "totp": password,
        "version": model.text(own("TOTPVersion")),
    }

    def filled(found: re.Match[str]) -> str:
        return quote(values.get(found[1].lower(), found[0]), safe="{}")

    url = _PLACEHOLDER.sub(filled, model.text(own("URLTemplate")))
    query = urlencode({_PARAMETERS[name]: f"{value:.10g}" for name, value in (limits or {}).items()})
    return url + ("&" if "?" in url else "?") + query if query else url


def scan(station: Station, evse: int = 1, **limits: float) -> str:
    """A driver says how much they want at most, and scans the code: the address. Raises ValueError.

    `energy` in Wh, `time` in s, `cost` in the station's currency: the station keeps to them as well (C25.FR.04-.06).
    """
    one = station.evse(evse)
    if one is None:
        raise ValueError(f"{station.id} has no EVSE {evse}")
    if not offers(station, evse):
        raise ValueError(f"{station.id} shows no QR code: it has no WebPaymentsCtrlr.URLTemplate that is set")
    if one.id in station.part(WebPayments).paying or not one.is_free:
        raise ValueError(f"EVSE {evse} of {station.id} is in use, and shows no QR code")
    known = station.model.members(_named(station, evse, "URLParameters"))
    for name, value in limits.items():
        if _PARAMETERS[name] not in known:  # C25.FR.03
            raise ValueError(f"{station.id} knows no {_PARAMETERS[name]} in the address of its QR code")
        if not isfinite(value) or value <= 0:
            raise ValueError(f"a limit is more than 0, not {value!r}")
    if limits:
        station.part(TransactionLimits).want(one, limits)
    return address(station, evse, limits)
