"""What kind of station it is: shared by all stations of a fleet that are alike, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from charge_point.catalogue import Override, Settable, Topology
from charge_point.definitions import FEATURES

KNOWN_VENDORS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"TestVendor": MappingProxyType({"TestMessage": None})}
)
"""DataTransfer: vendorId -> messageId -> the data of the answer, or None. By default one for trying it out."""

_NOTHING: Mapping[str, Settable | Override] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StationSetup:
    """Identity, layout, electrics and habits of a kind of station.

    `evses`: the connector ids of EVSE 1, 2, ...  `amps` per phase. `status_by` says how 2.1 reports a status
    ("event": NotifyEvent; "notification": StatusNotification). `run_id` keeps ids apart from those of an earlier
    start (0 in memory). `reboot_seconds`: from a reset to the next connection. `transactions_before_accepted`: C16
    §4.2.1, B02.FR.03. `heartbeat`: seconds between heartbeats whatever the CSMS says, 0 to do as it says.
    `vendors`: whose DataTransfer the station knows, as `KNOWN_VENDORS`. `variables` are presets; a version takes those
    that it has.
    """

    vendor: str = "Example"
    model: str = "Mock station"
    serial: str = ""
    firmware: str = "1.0.0"
    iccid: str = ""
    imsi: str = ""
    evses: Topology = ((1,),)
    phases: int = 3
    amps: float = 32.0
    tethered: bool = False
    noise: bool = False
    status_by: str = "event"
    boot_on_reconnect: bool = False
    heartbeat: float = 0.0
    transactions_before_accepted: bool = False
    reboot_seconds: float = 5.0
    seed: int = 0
    run_id: str = "0"
    variables: Mapping[str, Settable | Override] = field(default_factory=lambda: _NOTHING)
    features: frozenset[str] = FEATURES
    vendors: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: KNOWN_VENDORS)
