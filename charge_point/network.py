"""Network profiles: what the CSMS sets (B09), and which of them is dialled (B10).

Slot 1 is the address that the station was started with, as long as nobody sets it. After a restart the station begins
with the first slot of NetworkConfigurationPriority; after the loss of a connection with the one it had. Each slot has
NetworkProfileConnectionAttempts; when all have failed it stays with the one that it was connected by last (B10.FR.03,
.04, .07, .09).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from charge_point.definitions import NETWORK_SLOTS
from charge_point.parts import Part, existing
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.station import Station
    from shared.dialer import Target

Payload = dict[str, Any]

FIRST = NETWORK_SLOTS[0]
"""The slot of the address that the station was started with."""

PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"


def why_not(station: Station, slot: int, data: Payload) -> str:
    """Why a profile is invalid; empty when it is good (B09.FR.02, .04, .05)."""
    if str(slot) not in NETWORK_SLOTS:
        return f"the configuration slots are {', '.join(NETWORK_SLOTS)}"
    if not _is_websocket(data["ocppCsmsUrl"]) or data.get("ocppTransport") == "SOAP":
        return "a CSMS is reached by a ws or wss address"
    profile = data["securityProfile"]
    if not 0 <= profile <= 3:
        return "a security profile is 0 to 3"
    if profile < station.model.integer("SecurityCtrlr.SecurityProfile"):
        return "the security profile is lower than the present one"
    if profile >= 2 and not data["ocppCsmsUrl"].startswith("wss:"):
        return "this security profile needs a wss address"
    return ""


def what_lacks(data: Payload) -> str:
    """What the station would need to use a valid profile; empty when it can (B09.FR.03)."""
    if data["securityProfile"] == 3:
        return "this station has no certificate of its own"
    if "vpn" in data or "apn" in data:
        return "this station has neither VPN nor APN"
    return ""


def _is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("ws", "wss") and bool(parts.hostname)


class NetworkProfiles(Part):
    """The profiles that the CSMS has set, by slot. Owns them, and which one the station is connected by."""

    __slots__ = ("_began", "_last", "active", "held")

    name = "network profiles"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[str, Payload] = {}
        """Slot -> NetworkConnectionProfileType."""
        self.active = FIRST
        """The slot of the last successful connection."""
        self._last = FIRST  # the slot of the last attempt
        self._began = False  # connected since the last start

    def set(self, slot: str, data: Payload) -> None:
        """Keep a profile; it is used when the priority names its slot, from the next start on."""
        self.held[slot] = data
        self.keep()

    def is_set(self, slot: str) -> bool:
        """Whether the slot holds a profile."""
        return slot == FIRST or slot in self.held

    def route(self, given: Target, failures: int) -> Target:
        """Where to dial after so many failures in a row; `given` is where the program was told to."""
        model = self.station.model
        order = [slot for slot in model.members(PRIORITY) if self.is_set(slot)]
        if self._began and self.active in order:
            order = [self.active, *(slot for slot in order if slot != self.active)]
        turn = failures // max(model.integer("NetworkProfileConnectionAttempts"), 1)
        self._last = order[turn] if turn < len(order) else self.active
        return self._target(self._last, given)

    def _target(self, slot: str, started: Target) -> Target:
        data = self.held.get(slot)
        if data is None:
            return started
        tls = started.tls
        if tls is None and data["ocppCsmsUrl"].startswith("wss:"):
            from shared.tls import client_context

            tls = client_context()
        password = data.get("basicAuthPassword")
        return started._replace(
            base_url=data["ocppCsmsUrl"],
            identity=data.get("identity") or started.identity,
            password=password.encode() if password else started.password,
            tls=tls,
        )

    def connected(self) -> None:
        """The last attempt was a success."""
        self._began = True
        data = self.held.get(self._last)
        if data is not None and self.station.version is not V16:
            model = self.station.model
            if data["securityProfile"] > model.integer("SecurityCtrlr.SecurityProfile"):
                model.put("SecurityCtrlr.SecurityProfile", data["securityProfile"])
            if data["messageTimeout"] > 0:
                model.put("OCPPCommCtrlr.MessageTimeout[Default]", data["messageTimeout"])
        if self.active != self._last:
            self.active = self._last
            self.keep()

    def power_off(self) -> None:
        """The next start begins with the first slot of the priority (B10.FR.04)."""
        self._began = False

    def as_kept(self) -> Any:
        return {"held": self.held, "active": self.active}

    def restore(self, kept: Any) -> None:
        self.held, self.active = kept["held"], kept["active"]


def route(station: Station, given: Target, failures: int) -> Target:
    """Where the station dials after so many failures in a row, when the program was told to dial `given`."""
    profiles = existing(station, NetworkProfiles)
    return given if profiles is None or station.version is V16 else profiles.route(given, failures)


def consent(station: Station, slot: Slot, text: str) -> str | None:
    """Why NetworkConfigurationPriority cannot be so: it names a slot without a profile (B10.FR.02); None for yes."""
    if f"{slot.definition.component}.{slot.definition.variable}" != PRIORITY:
        return "this station cannot act on it"
    profiles = existing(station, NetworkProfiles)
    for name in text.split(","):
        if name.strip() != FIRST and (profiles is None or not profiles.is_set(name.strip())):
            return f"slot {name.strip()} holds no network profile"
    return None


_MEMBERS = {
    "OcppCsmsUrl": "ocppCsmsUrl",
    "OcppInterface": "ocppInterface",
    "OcppTransport": "ocppTransport",
    "OcppVersion": "ocppVersion",
    "MessageTimeout": "messageTimeout",
    "SecurityProfile": "securityProfile",
    "Identity": "identity",
}


def shown(station: Station, slot: Slot) -> str | None:
    """The value of a variable of NetworkConfiguration: as its profile has it (B09.FR.09), or the station's start."""
    profiles = existing(station, NetworkProfiles)
    data = profiles.held.get(slot.component_instance) if profiles is not None else None
    if data is None and slot.component_instance == FIRST:
        data = _started(station)
    value = data.get(_MEMBERS[slot.definition.variable]) if data is not None else None
    return None if value is None else str(value)


def _started(station: Station) -> Payload:
    """The profile that the first slot holds until the CSMS sets it."""
    model = station.model
    return {
        "ocppCsmsUrl": station.setup.csms,
        "identity": station.id,
        "securityProfile": model.integer("SecurityCtrlr.SecurityProfile"),
        "messageTimeout": model.integer("OCPPCommCtrlr.MessageTimeout[Default]"),
    }


def active(station: Station, slot: Slot) -> str:
    """ActiveNetworkProfile."""
    profiles = existing(station, NetworkProfiles)
    return profiles.active if profiles is not None else FIRST
