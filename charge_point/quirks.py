"""What real stations do otherwise than the specification says: each habit one key, to be put together at will.

Most are faults on the wire (`shared.faults`), which `QUIRKS` spells out; the few that need to know how the station
stands are fields of `Quirks`, and the station's code asks for each in one place. A station without any has the one
object `NONE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.clock import Clock
from shared.persona_keys import Check, Key, number, one_of, spread, truth, whole, words
from shared.versions import V2X, V16, VERSIONS, Version

if TYPE_CHECKING:
    from charge_point.evse import Evse
    from charge_point.setup import StationSetup
    from charge_point.station import Station

UNAWAITED = "unawaited-"
"""What the ids of calls begin with whose answers nobody waits for."""

STATUSES = (
    *("Available", "Preparing", "Charging", "SuspendedEVSE", "SuspendedEV", "Finishing", "Reserved"),
    *("Occupied", "Unavailable", "Faulted"),
)


@dataclass(frozen=True, slots=True)
class Quirks:
    """What the station itself does otherwise; the help of each stands in `QUIRKS`."""

    double_boot: bool = False
    slow_boot: tuple[float, float] = (0.0, 0.0)
    boots_late: bool = False
    calls_at_once: bool = False
    offline_transaction_id: str = ""
    late_stop: bool = False
    clock_at_start: str = ""
    clock_drift: float = 0.0
    register_resets: str = ""
    second_socket: float = 0.0
    status_order: str = ""
    skipped_statuses: tuple[str, ...] = ()
    flapping: int = 0
    ignored_settings: tuple[str, ...] = ()
    ignores_filter: bool = False
    token: str = ""
    reset_ignored: bool = False
    late_token: bool = False
    running_seq_no: bool = False
    reports_from_one: bool = False
    low_limit: str = ""


NONE = Quirks()
"""A station that does what it should."""


class Quirk(NamedTuple):
    """One habit. `faults` gives what it is on the wire; without, it is a field of `Quirks`, or of the setup."""

    key: Key
    versions: tuple[Version, ...] = VERSIONS
    faults: Callable[[Any], list[str]] | None = None
    setup: str = ""
    """The field of `StationSetup` that it is."""


def _quirk(check: Check, help: str, of: str, **rest: Any) -> Quirk:
    return Quirk(Key(check, help, of), **rest)


def _yes(*specs: str) -> Callable[[Any], list[str]]:
    return lambda value: list(specs) if value else []


def _members(value: Any) -> tuple[tuple[str, str], ...]:
    """Actions and the paths of their members: `BootNotification.chargingStation.firmwareVersion`."""
    several = [each.partition(".") for each in words(value)]
    for action, _, path in several:
        if not path:
            raise ValueError(f"{action!r} names no member, as in StatusNotification.timestamp")
    return tuple((action, path) for action, _, path in several)


_TRUTH = "true or false"
_RETRY = "drop:direction=in,kind=answer,action={on},times=1"
_STATUS = "StatusNotification+NotifyEvent"

QUIRKS: Mapping[str, Quirk] = {
    # --- boots and connections ---
    "boot_on_reconnect": _quirk(
        truth, "sends BootNotification after every reconnect", _TRUTH, setup="boot_on_reconnect"
    ),
    "double_boot": _quirk(
        truth, "sends a second BootNotification right after the first was accepted", _TRUTH
    ),
    "slow_boot": _quirk(
        spread, "takes so long from the connection to its BootNotification", "seconds, or [least, most]"
    ),
    "boots_late": _quirk(
        truth, "sends statuses and what it owes of transactions before the answer to its boot", _TRUTH
    ),
    "calls_at_once": _quirk(
        truth, "does not wait for answers to what needs none before the next call", _TRUTH
    ),
    "half_open": _quirk(
        whole(1),
        "goes silent on an open socket from this heartbeat on, for good",
        "number",
        faults=lambda nth: [f"half_open:action=Heartbeat,kind=call,nth={nth}"],
    ),
    "second_socket": _quirk(
        number(1),
        "after so long connects again without closing the first socket, which stays open",
        "seconds",
    ),
    # --- messages of transactions ---
    "resends_start": _quirk(
        one_of("new_id", "same_id"),
        "misses the answer to the first start, and sends it again under a new or the same message id",
        "text",
        faults=lambda how: _resent("tx.started", how),
    ),
    "resends_stop": _quirk(
        one_of("new_id", "same_id"),
        "the same with the first end of a transaction",
        "text",
        faults=lambda how: _resent("tx.ended", how),
    ),
    "offline_transaction_id": _quirk(
        one_of("zero", "minus_one", "stale"),
        "what comes before the start was answered bears 0, -1 or the id of the last transaction",
        "text",
        versions=(V16,),
    ),
    "late_stop": _quirk(
        truth, "restarts before the last messages of its transactions have left: they follow the boot", _TRUTH
    ),
    "late_token": _quirk(
        truth, "says whose transaction it is only in the second event", _TRUTH, versions=V2X
    ),
    "running_seq_no": _quirk(truth, "counts seqNo on over transactions", _TRUTH, versions=V2X),
    # --- time ---
    "clock_at_start": _quirk(
        one_of("1970"), "believes that it is 1970 until the CSMS tells the time", "text"
    ),
    "clock_drift": _quirk(number(), "its clock gains so much in an hour (negative: loses)", "seconds"),
    "timestamps": _quirk(
        one_of("no_offset", "local", "microseconds", "whole_seconds"),
        "how it writes every time: local time without an offset, with one, with six digits, with none",
        "text",
        faults=lambda form: [f"retime:path=*,form={form}" + (",ahead=7200" if form == "no_offset" else "")],
    ),
    # --- meters ---
    "register_resets": _quirk(
        one_of("session", "reboot"), "its register begins at 0 with every transaction, or start", "text"
    ),
    "energy": _quirk(
        one_of("kWh", "kWh_as_Wh"),
        "reports energy in kWh, and says so or not",
        "text",
        faults=lambda how: [f"readings:energy={how}"],
    ),
    "without_unit": _quirk(
        truth, "names no unit of what it measures", _TRUTH, faults=_yes("readings:unit=false")
    ),
    "without_measurand": _quirk(
        truth, "does not say what it measures", _TRUTH, faults=_yes("readings:measurand=false")
    ),
    "phases": _quirk(
        one_of("neutral", "none"),
        "names phases L1-N in the place of L1, or none",
        "text",
        faults=lambda how: [f"readings:phases={how}"],
    ),
    "stops_below_start": _quirk(
        truth,
        "says a meterStop of 0, which is below its meterStart unless that was 0 (see `register`)",
        _TRUTH,
        versions=(V16,),
        faults=_yes("change:action=StopTransaction,path=meterStop,value=0"),
    ),
    "leaves_out": _quirk(
        _members,
        "never sends these members, as in `StatusNotification.timestamp`",
        "text or texts",
        faults=lambda members: [f"change:action={a},path={path},remove=true" for a, path in members],
    ),
    # --- statuses ---
    "status_order": _quirk(
        one_of("before", "after"),
        "reports a status before, or after, the start or stop that goes with it, whichever would be right",
        "text",
    ),
    "skipped_statuses": _quirk(
        lambda value: tuple(words(value, STATUSES)), "never reports these", "text or texts"
    ),
    "flapping": _quirk(whole(1, 20), "reports each change so many times over, back and forth", "number"),
    "faulted_no_error": _quirk(
        truth,
        "reports Faulted with errorCode NoError",
        _TRUTH,
        versions=(V16,),
        faults=_yes("change:action=StatusNotification,path=errorCode,value=NoError,where.status=Faulted"),
    ),
    # --- answers ---
    "ignored_settings": _quirk(
        lambda value: tuple(words(value)),
        "accepts changes of these keys or variables (`*`: of all) without effect",
        "text or texts",
    ),
    "ignores_filter": _quirk(
        truth, "answers GetConfiguration with every key, and GetReport with every variable", _TRUTH
    ),
    "reset_ignored": _quirk(truth, "accepts a Reset and does nothing", _TRUTH),
    "unsupported": _quirk(
        one_of("slow", "silent"),
        "answers what it does not support after 40 seconds, or never",
        "text",
        faults=lambda how: ["late_answer:after=40,kind=error" if how == "slow" else "drop:kind=error"],
    ),
    "reports_from_one": _quirk(truth, "counts the parts of its reports from 1", _TRUTH, versions=V2X),
    # --- limits ---
    "low_limit": _quirk(
        one_of("six_amps"),
        "charges with 6 A where a limit above 0 and below 6 A is a pause to others (AC)",
        "text",
    ),
    # --- tokens ---
    "token": _quirk(
        one_of("upper", "lower", "reversed", "padded", "empty"),
        "what its reader makes of a token: case, bytes in the other order, zeros before it up to 20, nothing",
        "text",
    ),
}
"""Every habit. Limits in A only are `rate_units` of the setup."""


def _resent(fact: str, how: str) -> list[str]:
    lost = _RETRY.format(on=fact)
    return [lost] if how == "new_id" else [lost, f"duplicate:action={fact},kind=call,times=1,gap=5"]


def made(setup: StationSetup, wanted: Mapping[str, Any]) -> StationSetup:
    """`setup` with the quirks of `wanted`: their checked values by name."""
    from shared.faults import parse

    known = {field.name for field in fields(Quirks)}
    specs: list[str] = []
    own: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in wanted.items():
        quirk = QUIRKS[name]
        if quirk.faults is not None:
            which = (
                "" if quirk.versions == VERSIONS else f",version={'+'.join(v.name for v in quirk.versions)}"
            )
            specs += [f"{spec}{which}" for spec in quirk.faults(value)]
        elif quirk.setup:
            settings[quirk.setup] = value
        else:
            assert name in known
            own[name] = value
    if wanted.get("calls_at_once"):
        specs.append(f"drop:direction=in,kind=answer+error,message_id={UNAWAITED}*")
    faults = (*setup.faults, *(parse(spec) for spec in specs))
    return replace(setup, **settings, quirks=replace(setup.quirks, **own), faults=faults)


# --- what the station's code asks for -------------------------------------------------------------------------


def spelled(token: str, how: str) -> str:
    """What a reader with this quirk makes of a token."""
    if how == "upper":
        return token.upper()
    if how == "lower":
        return token.lower()
    if how == "reversed":  # byte by byte, two digits each
        return "".join(token[at : at + 2] for at in range(0, len(token), 2)[::-1])
    return token.rjust(20, "0") if how == "padded" else "" if how == "empty" else token


class DriftingClock(Clock):
    """A clock that gains `rate` seconds in an hour."""

    __slots__ = ("rate",)

    def __init__(self, clock: Clock, rate: float) -> None:
        super().__init__(clock.elapsed, clock.epoch)
        self.rate = rate

    def time(self) -> float:
        """Unix seconds, as far as it knows."""
        return super().time() + self.elapsed() * self.rate / 3600

    def now(self) -> str:
        """The same as a wire timestamp."""
        return self.text(self.time())


def slowness(station: Station) -> float:
    """Seconds from the connection to the BootNotification."""
    least, most = station.setup.quirks.slow_boot
    return station.stream(f"boot at {station.clock.elapsed()}").uniform(least, most) if most else 0.0


def started(station: Station) -> None:
    """The station starts, for the first time or anew: its clock and registers are what its quirks make of them."""
    quirks = station.setup.quirks
    if quirks is NONE:
        return
    if quirks.clock_drift and not isinstance(station.clock, DriftingClock):
        station.clock = DriftingClock(station.clock, quirks.clock_drift)
    if quirks.clock_at_start:
        station.clock.offset -= station.clock.time() - 1  # one second into 1970
    if quirks.register_resets == "reboot":
        to_zero(*getattr(station, "evses", ()))  # none at the first start


def to_zero(*evses: Evse) -> None:
    """Let registers show nothing and count on from there; what they have really counted stays."""
    from charge_point.meter_faults import spoil

    for evse in evses:
        spoil(evse.meter, "rolled_back", None, evse.station.clock.elapsed())
