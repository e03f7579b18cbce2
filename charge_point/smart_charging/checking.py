"""Whether a charging profile may be set: every rule that a station applies, with its reason code and clause."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from charge_point.smart_charging.balancing import MODE as BALANCING
from charge_point.smart_charging.balancing import thresholds_of
from charge_point.smart_charging.composite import Supply
from charge_point.smart_charging.modes import BY_ITSELF, BY_LIMIT, BY_SETPOINT, MODES
from charge_point.smart_charging.profile import (
    DEFAULT,
    EXTERNAL,
    LOCAL,
    MAX,
    PRIORITY,
    TX,
    Payload,
    Period,
    Profile,
    Schedule,
)
from shared.versions import V16, V21

if TYPE_CHECKING:
    from charge_point.device_model import DeviceModel


class Unfit(Exception):
    """A profile that may not be set: the reason code of 2.x (part 2 appendix 5) and words for a person."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Question(NamedTuple):
    """A profile that is to be set, and what decides about it.

    `others` are the profiles that are there, without those that it replaces by its id. `supplies` are those of the
    EVSEs that it applies to. `iso15118`: the session speaks it, so that there may be several schedules.
    """

    model: DeviceModel
    profile: Profile
    others: tuple[Profile, ...]
    supplies: tuple[Supply, ...]
    iso15118: bool = False


def check(asked: Question) -> None:
    """Raise Unfit when the profile may not be set."""
    for rule in _RULES:
        rule(asked)
    for schedule in asked.profile.schedules:
        for rule_of_schedule in _OF_A_SCHEDULE:
            rule_of_schedule(asked, schedule)


def _purpose(asked: Question) -> None:
    """Which purpose may be set where."""
    profile, old = asked.profile, asked.model.version is V16
    if profile.purpose == EXTERNAL:  # K01.FR.22
        raise Unfit("InvalidProfile", f"{EXTERNAL} is for external systems only")
    if profile.purpose in (PRIORITY, LOCAL):  # K01.FR.120
        path = "SmartChargingCtrlr.SupportedAdditionalPurposes"
        if not asked.model.has(path) or profile.purpose not in asked.model.members(path):
            raise Unfit("UnsupportedPurpose", f"{profile.purpose} is not supported")
    if profile.purpose in (MAX, LOCAL) and profile.place != 0:  # K04.FR.03; 1.6 §3.13.1
        raise Unfit("InvalidProfile", f"{profile.purpose} is for the whole station, {_place(old)} 0")
    if profile.purpose == TX and profile.place == 0:  # K01.FR.16; 1.6 §3.13.1
        raise Unfit("InvalidProfile", f"{TX} is for a single {_place(old)}")


def _place(old: bool) -> str:
    return "connector" if old else "EVSE"


def _id(asked: Question) -> None:
    path = "SmartChargingCtrlr.MaxExternalConstraintsId"
    if asked.model.has(path) and asked.model.text(path) and asked.profile.id <= asked.model.integer(path):
        raise Unfit(
            "InvalidProfileId", f"ids up to {asked.model.text(path)} are external limits'"
        )  # K01.FR.81


def _kind(asked: Question) -> None:
    """What the kind asks of the profile and forbids."""
    profile, model = asked.profile, asked.model
    if profile.kind == "Relative" and profile.purpose == MAX:  # K01.FR.38
        raise Unfit("InvalidProfile", f"{MAX} cannot be Relative")
    if profile.kind == "Recurring" and not profile.every:
        raise Unfit("InvalidProfile", "a Recurring profile needs a recurrencyKind")
    if profile.kind == "Dynamic":
        if not _supports(model, "DynamicProfiles"):  # K01.FR.121
            raise Unfit("UnsupportedKind", "dynamic profiles are not supported")
        if len(profile.schedules) > 1 or len(profile.schedule.periods) > 1:  # K28.FR.01, .03
            raise Unfit("InvalidSchedule", "a Dynamic profile has one schedule with one period")
    elif "dynUpdateInterval" in profile.wire or "dynUpdateTime" in profile.wire:  # K01.FR.122, K28.FR.04
        raise Unfit("InvalidProfile", "only a Dynamic profile is updated dynamically")


def _supports(model: DeviceModel, feature: str) -> bool:
    return model.flag(f"SmartChargingCtrlr.SupportsFeature[{feature}]")


def _stack(asked: Question) -> None:
    highest = asked.model.integer("SmartChargingCtrlr.ProfileStackLevel")
    if asked.profile.stack > highest:  # 1.6 §9.4.1
        raise Unfit("InvalidStackLevel", f"the highest stack level is {highest}")
    if asked.profile.stack < 0:
        raise Unfit("InvalidStackLevel", "the lowest stack level is 0")


def _validity(asked: Question) -> None:
    if asked.profile.valid_from >= asked.profile.valid_to:
        raise Unfit("InvalidProfile", "validTo is not after validFrom")
    if "maxOfflineDuration" in asked.profile.wire and not _supports(asked.model, "MaxOfflineDuration"):
        raise Unfit("InvalidProfile", "maxOfflineDuration is not supported")


def _schedules(asked: Question) -> None:
    """K01.FR.34; ChargingProfileType: several schedules are for an ISO 15118 session to choose from."""
    if len(asked.profile.schedules) > 1 and not (asked.profile.purpose == TX and asked.iso15118):
        raise Unfit("InvalidProfile", "several schedules are for an ISO 15118 session only")


def _duplicate(asked: Question) -> None:
    """K01.FR.06, .39, .52, .53; a 1.6 station replaces the other instead (1.6 §3.13.2)."""
    if asked.model.version is V16:
        return
    for other in asked.others:
        if rivals(asked.profile, other):
            words = f"profile {other.id} has this purpose and stack level already"
            raise Unfit("DuplicateProfile", words)


def rivals(one: Profile, other: Profile) -> bool:
    """Whether two profiles of different ids claim the same purpose, stack level and place at the same time."""
    if (one.purpose, one.stack) != (other.purpose, other.stack) or EXTERNAL in (one.purpose, other.purpose):
        return False
    if one.purpose == TX:
        return one.transaction == other.transaction  # K01.FR.39
    if one.place != other.place:
        return one.purpose == DEFAULT and 0 in (one.place, other.place)  # K01.FR.52, .53
    return one.valid_from < other.valid_to and other.valid_from < one.valid_to  # K01.FR.06


def _room(asked: Question) -> None:
    limit = room(asked.model)
    if limit is not None and len(asked.others) >= limit:
        raise Unfit("OutOfStorage", f"no more than {limit} profiles can be installed")


def room(model: DeviceModel) -> int | None:
    """How many profiles can be installed: MaxChargingProfilesInstalled, in 2.x the limit of Entries."""
    if model.version is V16:
        return model.integer("MaxChargingProfilesInstalled")
    high = model.slot("SmartChargingCtrlr.Entries[ChargingProfiles]").definition.high
    return None if high is None else int(high)


_RULES: tuple[Callable[[Question], None], ...] = (
    _id,
    _purpose,
    _kind,
    _stack,
    _validity,
    _schedules,
    _duplicate,
    _room,
)


# --- a schedule --------------------------------------------------------------------------------------------


def _unit(asked: Question, schedule: Schedule) -> None:
    allowed = rate_units(asked.model)
    if schedule.unit not in allowed:  # K01.FR.26
        raise Unfit("UnsupportedRateUnit", f"the rate units are {', '.join(allowed)}")


def rate_units(model: DeviceModel) -> tuple[str, ...]:
    """The rate units of the station in the spelling of a schedule; 1.6 calls them Current and Power (§9.4.2)."""
    names = {"Current": "A", "Power": "W"}
    return tuple(names.get(one, one) for one in model.members("SmartChargingCtrlr.RateUnit"))


def _extras(asked: Question, schedule: Schedule) -> None:
    """What 2.1 adds to a schedule, where the station has it (K01.FR.70, .95, .123-.125)."""
    model, purpose = asked.model, asked.profile.purpose
    for wire in _wire_schedules(asked.profile.wire["chargingSchedule"]):
        if wire.get("useLocalTime") and not _supports(model, "UseLocalTime"):
            raise Unfit("InvalidSchedule", "useLocalTime is not supported")
        if wire.get("randomizedDelay", 0) > 0 and not _supports(model, "RandomizedDelay"):
            raise Unfit("InvalidSchedule", "randomizedDelay is not supported")
        if "limitAtSoC" in wire and not _supports(model, "LimitAtSoC"):
            raise Unfit("InvalidSchedule", "limitAtSoC is not supported")
    if schedule.delay and purpose not in (TX, DEFAULT):
        raise Unfit("InvalidSchedule", "only a TxProfile or TxDefaultProfile has random delays")
    if purpose == PRIORITY and schedule.duration < inf:
        raise Unfit("InvalidSchedule", "priority charging has no duration")


def _modes(asked: Question, schedule: Schedule) -> None:
    """The operation modes of 2.1 and what each of them needs and forbids (Q chapter 2, Q08-Q10, K01.FR.71)."""
    if asked.model.version is not V21:
        return
    place = f"V2XChargingCtrlr#{asked.profile.place or 1}"
    supported = asked.model.members(f"{place}.SupportedOperationModes")
    if not asked.model.flag(f"{place}.Enabled"):  # 2.1 part 2 §2.18.1: switched off by the CSMS
        supported = tuple(mode for mode in supported if mode == "ChargingOnly")
    for period, wire in zip(
        schedule.periods, _wire_periods(asked.profile.wire["chargingSchedule"]), strict=False
    ):
        if period.mode not in MODES[asked.profile.purpose]:
            raise Unfit("InvalidSchedule", f"{asked.profile.purpose} has no mode {period.mode}")
        if period.mode not in supported:  # Q09.FR.01
            raise Unfit("UnsupportedParam", f"the mode {period.mode} is not supported")
        if period.mode == "LocalFrequency" and (
            len(period.curve) < 2 or "v2xBaseline" not in wire
        ):  # Q08.FR.03
            raise Unfit("NoFreqWattCurve", "LocalFrequency needs v2xBaseline and a curve of two points")
        if period.mode == "LocalFrequency" and schedule.unit != "W":  # Q08.FR.05
            raise Unfit("InvalidSchedule", "LocalFrequency is in W")
        if period.mode == BALANCING:
            _balancing(asked, schedule, wire)
        elif period.mode in BY_ITSELF and any(name.startswith(_SET) for name in wire):  # Q08.FR.04, Q10.FR.02
            raise Unfit("InvalidSchedule", f"{period.mode} has neither limits nor setpoints")
        if period.mode in BY_SETPOINT and period.setpoint is None:
            raise Unfit("InvalidSchedule", f"{period.mode} needs a setpoint")
        if wire.get("evseSleep") and not _supports(asked.model, "EvseSleep"):  # K01.FR.126
            raise Unfit("InvalidSchedule", "the EVSE cannot sleep")
        if period.setpoint is not None and not _within(period):  # V2X.05
            raise Unfit("InvalidSchedule", "the setpoint is outside of the limits")


def _balancing(asked: Question, schedule: Schedule, wire: Payload) -> None:
    """Q09: limits there may be (Q09.FR.05), but the setpoint is the station's, in the W of the thresholds."""
    if any(name.startswith("setpoint") for name in wire):
        raise Unfit("InvalidSchedule", f"{BALANCING} has no setpoints")
    if schedule.unit != "W":
        raise Unfit("InvalidSchedule", f"{BALANCING} is in W")
    if thresholds_of(asked.model, asked.profile.place or 1) is None:  # Q09.FR.02
        raise Unfit(
            "MissingDevModelInfo", "LocalLoadBalancing's thresholds and offsets are not set, or overlap"
        )


_SET = ("limit", "dischargeLimit", "setpoint")


def _within(period: Period) -> bool:
    assert period.setpoint is not None
    low = -inf if period.discharge is None else period.discharge
    return low <= period.setpoint <= (inf if period.limit is None else period.limit)


def _start(asked: Question, schedule: Schedule) -> None:
    """Which kinds have a startSchedule; 1.6 lets it be absent, relative to the start of charging (§7.13)."""
    kind, old = asked.profile.kind, asked.model.version is V16
    if kind in ("Absolute", "Recurring") and schedule.start is None and not old:  # K01.FR.40
        raise Unfit("InvalidSchedule", f"an {kind} profile needs a startSchedule".replace("an R", "a R"))
    if kind in ("Relative", "Dynamic") and schedule.start is not None and not old:  # K01.FR.41
        raise Unfit("InvalidSchedule", f"a {kind} profile has no startSchedule")


def _periods(asked: Question, schedule: Schedule) -> None:
    most = asked.model.integer("SmartChargingCtrlr.PeriodsPerSchedule")
    if len(schedule.periods) > most:  # 1.6 §9.4.3
        raise Unfit("TooManyElements", f"a schedule has at most {most} periods")
    starts = [period.start for period in schedule.periods]
    if not starts:  # which the schema of 1.6 allows
        raise Unfit("InvalidSchedule", "a schedule has at least one period")
    if starts[0] != 0:  # K01.FR.31; K28.FR.02; 1.6 §7.13
        raise Unfit("InvalidSchedule", "the first period starts at 0")
    if any(later <= earlier for earlier, later in pairwise(starts)):  # K01.FR.35
        raise Unfit("InvalidSchedule", "the periods are not in the order of their start")
    if schedule.duration < 0:
        raise Unfit("InvalidSchedule", "a duration is not negative")


def _limits(asked: Question, schedule: Schedule) -> None:
    for period in schedule.periods:
        if period.limit is not None and period.limit < 0 and asked.model.version is not V21:
            raise Unfit("InvalidSchedule", "a limit is not negative")
        if period.limit is None and period.mode in BY_LIMIT:
            raise Unfit("InvalidSchedule", f"a period of {period.mode} needs a limit")


def _phases(asked: Question, schedule: Schedule) -> None:
    """Whether the station can see to the phases that are asked for."""
    for period in schedule.periods:
        wire = asked.profile.wire
        for supply in asked.supplies:
            if supply.is_dc:
                direct = all(one.is_dc for one in asked.supplies)  # else it is for the others
                if (
                    direct and asked.model.version is V21 and (period.phases is not None or _uses(wire))
                ):  # K01.FR.44
                    raise Unfit("NoPhaseForDC", "a DC EVSE takes no choice of phases")
            elif period.phases is not None and not _can_limit(asked.model, period.phases, supply.phases):
                words = f"no more than {period.phases} phases cannot be ensured"
                raise Unfit("InvalidSchedule", words)  # K01.FR.43


def _can_limit(model: DeviceModel, wanted: int, there: int) -> bool:
    """K01.FR.43: fewer phases than there are can be ensured only by switching from three to one."""
    if wanted >= there:
        return True
    return wanted == 1 and model.flag("SmartChargingCtrlr.Phases3to1")


def _phase_to_use(asked: Question, schedule: Schedule) -> None:
    """K01.FR.19, .46, .48: this station cannot choose which phase goes to the EV; it is always the first."""
    wire = asked.profile.wire["chargingSchedule"]
    for period in _wire_periods(wire):
        if "phaseToUse" not in period or all(supply.is_dc for supply in asked.supplies):
            continue
        if period.get("numberPhases", 0) != 1:
            raise Unfit("InvalidSchedule", "phaseToUse is for one phase")
        if period["phaseToUse"] != 1 and not asked.model.flag("SmartChargingCtrlr.ACPhaseSwitchingSupported"):
            raise Unfit("InvalidSchedule", "the phase cannot be chosen")


def _wire_schedules(wire: Payload | list[Payload]) -> list[Payload]:
    return wire if isinstance(wire, list) else [wire]


def _wire_periods(wire: Payload | list[Payload]) -> Iterable[Payload]:
    for schedule in _wire_schedules(wire):
        yield from schedule["chargingSchedulePeriod"]


def _uses(wire: Payload) -> bool:
    return any("phaseToUse" in period for period in _wire_periods(wire["chargingSchedule"]))


_OF_A_SCHEDULE: tuple[Callable[[Question, Schedule], None], ...] = (
    _unit,
    _start,
    _periods,
    _extras,
    _modes,
    _limits,
    _phases,
    _phase_to_use,
)
