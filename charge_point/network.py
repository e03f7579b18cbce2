"""Network profiles: what the CSMS sets (B09), and which of them is dialled (B10).

Slot 1 is the address that the station was started with, as long as nobody sets it. After a restart the station begins
with the first slot of NetworkConfigurationPriority; after the loss of a connection with the one it had. Each slot has
NetworkProfileConnectionAttempts; when all have failed it stays with the one that it was connected by last (B10.FR.03,
.04, .07, .09).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from charge_point.definitions import NETWORK_SLOTS
from charge_point.parts import Part, existing
from charge_point.values import members
from shared.versions import V16

if TYPE_CHECKING:
    from charge_point.catalogue import Slot
    from charge_point.definitions import Definition
    from charge_point.station import Station
    from shared.dialer import Target

Payload = dict[str, Any]

FIRST = NETWORK_SLOTS[0]
"""The slot of the address that the station was started with."""

PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"
PASSWORD = "SecurityCtrlr.BasicAuthPassword"
DOWNGRADE = "SecurityCtrlr.AllowSecurityProfileDowngrade"


def why_not(station: Station, slot: int, data: Payload) -> str:
    """Why a profile is invalid; empty when it is good (B09.FR.02, .04, .05)."""
    if str(slot) not in NETWORK_SLOTS:
        return f"the configuration slots are {', '.join(NETWORK_SLOTS)}"
    if not _is_websocket(data["ocppCsmsUrl"]) or data.get("ocppTransport") == "SOAP":
        return "a CSMS is reached by a ws or wss address"
    return _why_not_as_safe(station, data)


def _why_not_as_safe(station: Station, data: Payload) -> str:
    profile, present = data["securityProfile"], station.model.integer("SecurityCtrlr.SecurityProfile")
    if not 0 <= profile <= 3:
        return "a security profile is 0 to 3"
    eased = (present, profile) == (3, 2) and station.model.flag(DOWNGRADE)  # B09.FR.31, A00.FR.005
    if profile < present and not eased:  # B09.FR.04, .32
        return "the security profile is lower than the present one"
    if profile >= 2 and not data["ocppCsmsUrl"].startswith("wss:"):
        return "this security profile needs a wss address"
    return ""


def what_lacks(data: Payload) -> str:
    """What the station would need to use a valid profile; empty when it can (B09.FR.03)."""
    return "this station has neither VPN nor APN" if "vpn" in data or "apn" in data else ""


def what_is_not_shown(data: Payload) -> str:
    """What a profile of the highest security wants and the station does not do, in one clause; empty for the others."""
    if data["securityProfile"] < 3:
        return ""
    return "the station dials by TLS, but shows no certificate of its own (security profile 3)"


def _what_to_install(station: Station, data: Payload) -> str:
    """The certificate that a profile of higher security than the present needs first (A05.FR.02, .03)."""
    profile = data["securityProfile"]
    if profile < 2 or profile <= station.model.integer("SecurityCtrlr.SecurityProfile"):
        return ""
    from charge_point.certificates import CSMS_ROOT, STATION, Certificates

    held = existing(station, Certificates)
    if held is None or not any(type == CSMS_ROOT for type, _ in held.installed):
        return f"no {CSMS_ROOT} is installed"
    return f"there is no {STATION}" if profile == 3 and STATION not in held.own else ""


def _is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("ws", "wss") and bool(parts.hostname)


class NetworkProfiles(Part):
    """The profiles that the CSMS has set, by slot. Owns them, and which one the station is connected by.

    Of the password that the CSMS has set it knows that there is one; the device model holds it.
    """

    __slots__ = ("_began", "_last", "active", "held")

    name = "network profiles"

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.held: dict[str, Payload] = {}
        """Slot -> NetworkConnectionProfileType, or (2.1) what there is of one so far."""
        self.active = FIRST
        """The slot of the last successful connection."""
        self._last = FIRST  # the slot of the last attempt
        self._began = False  # connected since the last start

    def set(self, slot: str, data: Payload) -> None:
        """Keep a profile; it is used when the priority names its slot, from the next start on."""
        self.held[slot] = data
        self.keep()

    def profile(self, slot: str) -> Payload | None:
        """What the slot holds; of the first, where the station was started to dial."""
        data = self.held.get(slot)
        return _started(self.station) if data is None and slot == FIRST else data

    def why_unusable(self, slot: str) -> str:
        """Why the slot cannot be given a priority; empty when it can (B10.FR.02, A05.FR.02, .03)."""
        data = self.held.get(slot)
        if data is None:
            return "" if slot == FIRST else f"slot {slot} holds no network profile"
        why = why_not(self.station, int(slot), data) or _what_to_install(self.station, data)
        return f"slot {slot}: {why}" if why else ""

    def setting_changed(self, path: str) -> None:
        """A password holds from the next connection on, which comes at once (A01); a member of a profile is kept."""
        model = self.station.model
        slot = model.catalogue.find(path)
        if slot is None or slot.definition.component not in ("SecurityCtrlr", "NetworkConfiguration"):
            return
        if path == PASSWORD:
            for data in self.held.values():  # B09.FR.27
                data["basicAuthPassword"] = model.text(PASSWORD)
            self.keep()
            if self.station.redial is not None and self.station.peer is not None:
                asyncio.get_running_loop().call_later(1.0, self.station.redial, 0.0)
        elif slot.component_instance:
            self._change(slot.component_instance, slot.definition, model.changes()[path])

    def _change(self, slot: str, row: Definition, text: str) -> None:
        """One member of a slot's profile is set by its variable (B09.FR.24)."""
        value: Any = int(text) if row.type == "integer" else text
        self.held[slot] = (self.profile(slot) or _defaults(self.station)) | {_MEMBERS[row.variable]: value}
        self.keep()

    @property
    def is_moving(self) -> bool:
        """Whether the last attempt was for another slot than that of the last connection."""
        return self._last != self.active

    def route(self, given: Target, failures: int) -> Target:
        """Where to dial after so many failures in a row; `given` is where the program was told to."""
        model = self.station.model
        order = [slot for slot in model.members(PRIORITY) if not self.why_unusable(slot)]
        if self._began and self.active in order:
            order = [self.active, *(slot for slot in order if slot != self.active)]
        turn = failures // max(model.integer("NetworkProfileConnectionAttempts"), 1)
        self._last = order[turn] if turn < len(order) else self.active
        return self._target(self._last, given)

    def _target(self, slot: str, started: Target) -> Target:
        data = self.held.get(slot)
        started = started._replace(password=password(self.station) or started.password)
        if data is None:
            return started
        tls = started.tls
        if tls is None and data["ocppCsmsUrl"].startswith("wss:"):
            tls = started.trust()
        own = data.get("basicAuthPassword")
        return started._replace(
            base_url=data["ocppCsmsUrl"],
            identity=data.get("identity") or started.identity,
            password=own.encode() if own else started.password,
            tls=tls,
        )

    def connected(self) -> None:
        """The last attempt was a success."""
        self._began = True
        data = self.held.get(self._last)
        if data is not None and self.station.version is not V16:
            model = self.station.model
            if data["securityProfile"] != model.integer("SecurityCtrlr.SecurityProfile"):
                self._secured(data["securityProfile"])
            if data["messageTimeout"] > 0:
                model.put("OCPPCommCtrlr.MessageTimeout[Default]", data["messageTimeout"])
        if self.active != self._last:
            self.active = self._last
            self.keep()

    def _secured(self, profile: int) -> None:
        """The connection is of another security profile: what is lower than that is forgotten (A05.FR.06)."""
        model = self.station.model
        order = model.members(PRIORITY)
        lower = [
            slot for slot in order if (self.profile(slot) or {}).get("securityProfile", profile) < profile
        ]
        for slot in lower:
            self.held.pop(slot, None)
        model.put("SecurityCtrlr.SecurityProfile", profile)
        model.put(PRIORITY, tuple(slot for slot in order if slot not in lower))
        self.keep()

    def power_off(self) -> None:
        """The next start begins with the first slot of the priority (B10.FR.04)."""
        self._began = False

    def as_kept(self) -> Any:
        return {"held": self.held, "active": self.active}

    def restore(self, kept: Any) -> None:
        self.held, self.active = kept["held"], kept["active"]


def route(station: Station, given: Target, failures: int, failed: BaseException | None = None) -> Target:
    """Where the station dials after so many failures in a row, the last of which was `failed`, when the program was
    told to dial `given`; and what the certificate there is verified by."""
    profiles = existing(station, NetworkProfiles)
    if profiles is not None and station.version is V16:
        given = given._replace(password=password(station) or given.password)
    elif profiles is not None:
        given = profiles.route(given, failures)
    if not given.base_url.startswith("wss:"):
        return given
    from charge_point.trust import trusting  # few stations of a fleet dial so

    return trusting(station, given, failed, moving=profiles is not None and profiles.is_moving)


def password(station: Station) -> bytes | None:
    """The password that the CSMS has set, as it is sent (1.6 whitepaper A00.FR.205: bytes in hexadecimal)."""
    text = station.model.text(PASSWORD)
    if not text:
        return None
    return bytes.fromhex(text) if station.version is V16 else text.encode()


def identity(station: Station) -> str:
    """SecurityCtrlr.Identity: that of the profile in use (B09.FR.28)."""
    profiles = existing(station, NetworkProfiles)
    data = profiles.held.get(profiles.active) if profiles is not None else None
    return (data.get("identity") if data is not None else None) or station.id


def consent(station: Station, slot: Slot, text: str) -> str | None:
    """Why a variable of the connection cannot be so; None when it can."""
    path = f"{slot.definition.component}.{slot.definition.variable}"
    if path == PASSWORD:
        station.part(NetworkProfiles)  # which sees to it that it is used
        return None
    if path == PRIORITY:
        profiles = station.part(NetworkProfiles)
        found = (profiles.why_unusable(name) for name in members(text))
        return next(filter(None, found), None)
    if slot.definition.component == "BatterySwapCtrlr":
        from charge_point.battery_swap import why_not  # few stations swap batteries

        return why_not(station, slot, text)
    return _why_not_so(station, slot, text) if slot.component_instance else "this station cannot act on it"


def _why_not_so(station: Station, slot: Slot, text: str) -> str | None:
    """Why a member of a profile cannot be so; None when it can (B09.FR.22, .23)."""
    name, profiles = slot.component_instance, station.part(NetworkProfiles)
    model = station.model
    if name in (*model.members(PRIORITY), *members(model.read(model.slot(PRIORITY)) or "")):
        return f"slot {name} is in NetworkConfigurationPriority"
    row = slot.definition
    if row.variable == "OcppCsmsUrl" and not _is_websocket(text):
        return "a CSMS is reached by a ws or wss address"
    if row.variable == "SecurityProfile":
        data = (profiles.profile(name) or _defaults(station)) | {"securityProfile": int(text)}
        return _why_not_as_safe(station, data | {"ocppCsmsUrl": "wss:"}) or None
    return None


_MEMBERS = {
    "OcppCsmsUrl": "ocppCsmsUrl",
    "OcppInterface": "ocppInterface",
    "OcppTransport": "ocppTransport",
    "OcppVersion": "ocppVersion",
    "MessageTimeout": "messageTimeout",
    "SecurityProfile": "securityProfile",
    "Identity": "identity",
    "BasicAuthPassword": "basicAuthPassword",
}


def shown(station: Station, slot: Slot) -> str | None:
    """The value of a variable of NetworkConfiguration: as its profile has it (B09.FR.09), or the station's start."""
    profiles, name = existing(station, NetworkProfiles), slot.component_instance
    data = profiles.profile(name) if profiles is not None else _started(station) if name == FIRST else None
    value = data.get(_MEMBERS[slot.definition.variable]) if data is not None else None
    return None if value is None else str(value)


def _started(station: Station) -> Payload:
    """The profile that the first slot holds until the CSMS sets it."""
    return _defaults(station) | {"ocppCsmsUrl": station.setup.csms, "identity": station.id}


def _defaults(station: Station) -> Payload:
    """What a profile has as long as nobody says otherwise."""
    model = station.model
    return {
        "ocppCsmsUrl": "",
        "ocppInterface": "Any",
        "ocppTransport": "JSON",
        "ocppVersion": "OCPP21",
        "securityProfile": model.integer("SecurityCtrlr.SecurityProfile"),
        "messageTimeout": model.integer("OCPPCommCtrlr.MessageTimeout[Default]"),
    }


def active(station: Station, slot: Slot) -> str:
    """ActiveNetworkProfile."""
    profiles = existing(station, NetworkProfiles)
    return profiles.active if profiles is not None else FIRST
