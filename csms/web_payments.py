"""The addresses in the QR codes of stations: which are genuine, and what they ask for (2.1 C25.FR.07 to C25.FR.09).

What is needed to judge one is what we have set at the station ourselves: template, secret, validity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from shared.dispatch import Payload
from shared.totp import VERSION, is_valid

if TYPE_CHECKING:
    from csms.record import StationRecord

_LIMITS = {"maxenergy": "maxEnergy", "maxtime": "maxTime", "maxcost": "maxCost"}
"""Query parameter -> member of TransactionLimitType (C25.FR.59); others are ignored (C25.FR.60)."""

_USUAL_VALIDITY = "30"
_PLACEHOLDER = re.compile(r"\\{(\w+)\\}")
"""In a template that `re.escape` has gone over."""


class Page(NamedTuple):
    """What a genuine address asks for: the EVSE (0: none is named), and limits as TransactionLimitType has them."""

    evse: int
    limits: Payload


def learn(record: StationRecord, request: Payload, answer: Payload) -> None:
    """Remember what the station has taken for its WebPaymentsCtrlr from a SetVariables of ours."""
    for wanted, result in zip(request["setVariableData"], answer["setVariableResult"], strict=False):
        component = wanted["component"]
        if component["name"].lower() != "webpaymentsctrlr":
            continue
        if result["attributeStatus"] in ("Accepted", "RebootRequired"):
            if record.web_payments is None:
                record.web_payments = {}
            evse = component.get("evse", {}).get("id", 0)
            own = record.web_payments.setdefault(evse, {})
            own[wanted["variable"]["name"].lower()] = wanted["attributeValue"]


def opened(record: StationRecord, url: str, now: float) -> Page:
    """What `url` asks for when somebody opens it at Unix time `now`. Raises ValueError for one that is not genuine.

    It is one by the controller of the station, or by that of an EVSE, which need not be named in it then.
    """
    why: ValueError | None = None
    for evse, known in (record.web_payments or {0: {}}).items():
        try:
            return _opened(record, evse, known, url, now)
        except ValueError as wrong:
            why = why or wrong
    assert why is not None
    raise why


def _opened(record: StationRecord, own: int, known: dict[str, str], url: str, now: float) -> Page:
    template, secret = known.get("urltemplate", ""), known.get("sharedsecret", "")
    if not template or not secret:
        raise ValueError(f"nobody has set URLTemplate and SharedSecret of WebPaymentsCtrlr at {record.id}")
    values = _values(template, url)
    if values.get("version", VERSION) != VERSION:
        raise ValueError(f"no version {values['version']!r} of the one-time password is known ({VERSION})")
    if values.get("chargingstationid", record.id) != record.id:
        raise ValueError(f"the address is of {values['chargingstationid']}, not of {record.id}")
    if values.get("roamingevseid", known.get("roamingevseid", "")) != known.get("roamingevseid", ""):
        raise ValueError(f"the address is of EVSE {values['roamingevseid']}, which is not one of {record.id}")
    validity = int(known.get("validitytime", _USUAL_VALIDITY))
    if not is_valid(values.get("totp", ""), secret, now, validity):
        raise ValueError(f"the one-time password {values.get('totp', '')!r} in the address is not valid")
    evse = values.get("evse", str(own))
    if not evse.isdecimal():
        raise ValueError(f"the address names no EVSE, but {evse!r}")
    if own and int(evse) != own:
        raise ValueError(f"the address is of EVSE {evse}, and was made for EVSE {own}")
    return Page(int(evse), _limits(url))


def _values(template: str, url: str) -> dict[str, str]:
    """What stands in the places of the template."""
    base, own = template.partition("?")[0] if "?" not in template else template, url
    if "?" not in template:
        own = url.partition("?")[0]  # limits are appended to it
    shape = _PLACEHOLDER.sub(lambda found: f"(?P<{found[1].lower()}>[^/?&#]+)", re.escape(base))
    found = re.match(shape, own, re.IGNORECASE)
    if found is None or ("?" not in template and found.end() != len(own)):
        raise ValueError(f"the address {url} is not like {template}")
    return {name: unquote(value) for name, value in found.groupdict().items()}


def _limits(url: str) -> Payload:
    found: Payload = {}
    for name, values in parse_qs(urlsplit(url).query).items():
        if name.lower() in _LIMITS:
            try:
                amount = float(values[-1])
            except ValueError:
                raise ValueError(f"{name} in the address is no number: {values[-1]!r}") from None
            found[_LIMITS[name.lower()]] = int(amount) if name.lower() == "maxtime" else amount
    return found
