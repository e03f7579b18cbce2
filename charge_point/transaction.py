"""A transaction: when it begins and ends, what its messages are numbered, and what each has to carry.

The rules, in one place for all versions:

* A transaction begins when a *point* of TxStartPoint comes true and ends when one of TxStopPoint is lost
  (E01.FR.01-06, E06.FR.01-07). Points are read off the regions of an EVSE before and after each event; 1.6 has
  them fixed: power path closed, authorization lost (1.6 §4.8, §4.10, and §9.1.23 for the unplugged EV).
* `seqNo` counts from 0 per transaction and is given when the event arises, not when it is sent (E01.FR.07, part 2
  E §1.3.2); timestamps likewise. A message that is sent again is the same message.
* Some things are owed to the *next* message, whatever it is about: the token once authorized (E01.FR.10, E03.FR.01),
  evse and connector once plugged in (E01.FR.16), the trigger RemoteStart with its remoteStartId (F01.FR.19, .25), the
  begin values once the EVSE is known (E01.FR.09, .17), reservationId (E01.FR.13).

`Event` is what came to pass, free of any version. `charge_point.blocks.transactions` spells it; the outbox
delivers it. The regions and what moves them are in `charge_point.evse`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntFlag
from typing import TYPE_CHECKING, Any, NamedTuple

from charge_point.connector import Authorization, Cable, Energy, Regions
from charge_point.measurands import Sample

if TYPE_CHECKING:
    from charge_point.authorization import Token


class Point(IntFlag):
    """The conditions that can begin and end a transaction (TxStartPointEnumType, TxStopPointEnumType)."""

    NONE = 0
    ParkingBayOccupancy = 1
    EVConnected = 2
    Authorized = 4
    PowerPathClosed = 8
    EnergyTransfer = 16
    DataSigned = 32


FIXED_START_16 = Point.PowerPathClosed
FIXED_STOP_16 = Point.Authorized
"""1.6 has no variables for them: StartTransaction when an authorized EV is plugged in, StopTransaction when the
authorization has ended, be it by token, command, refusal or (if configured) the unplugged EV."""


def points(names: Iterable[str]) -> Point:
    """The points of a TxStartPoint or TxStopPoint value; unknown names are no points."""
    found = Point.NONE
    for name in names:
        found |= Point.__members__.get(name, Point.NONE)
    return found


def reached(regions: Regions, *, bay: bool = False, signed: bool = False) -> Point:
    """The points that hold while an EVSE is in `regions`; `bay`: a vehicle is seen; `signed`: the meter signs."""
    found = Point.ParkingBayOccupancy if bay else Point.NONE
    connected = regions.cable is Cable.BOTH_ENDS
    authorized = regions.authorization is Authorization.GRANTED
    if connected:
        found |= Point.EVConnected
    if authorized:
        found |= Point.Authorized
    if connected and authorized:
        found |= Point.PowerPathClosed
        if signed:
            found |= Point.DataSigned
    if regions.energy is Energy.FLOWING:
        found |= Point.EnergyTransfer
    return found


class Phase(Enum):
    """How far a transaction is."""

    NONE = "none"
    ONGOING = "ongoing"
    OVER = "over"


PHASE: dict[tuple[Phase, str], Phase] = {
    (Phase.NONE, "Started"): Phase.ONGOING,
    (Phase.ONGOING, "Updated"): Phase.ONGOING,
    (Phase.ONGOING, "Ended"): Phase.OVER,
}


class Event(NamedTuple):
    """One thing that came to pass in a transaction; `sort` is Started, Updated or Ended.

    `time` is Unix seconds; `evse` and `connector` are 0 when they are not to be told; `meter` is the register in Wh.
    `offline` is whether the station was offline when it came to pass (E08.FR.07).
    """

    sort: str
    transaction: Transaction
    number: int
    time: float
    trigger: str
    charging_state: str
    offline: bool
    meter: float
    reason: str = ""
    token: Token | None = None
    evse: int = 0
    connector: int = 0
    remote_start_id: int | None = None
    reservation: int | None = None
    phases: int | None = None
    mode: str = ""
    samples: tuple[Sample, ...] = ()
    limit: dict[str, float] | None = None
    more: dict[str, Any] | None = None
    """What the station's parts have to say: `tariffId` and `costDetails` of 2.1."""


class Transaction:
    """One transaction. Owned by its EVSE; `id` is ours (2.x), `number` the CSMS's (1.6, None until answered).

    `connector` is the flat 1.6 connector number. `starter` is who was authorized, `group` their group.
    `stopping` is the reason for which it is to end once its stop point is lost. `key_told`: the public key of the
    meter has been sent. `limits`: see `charge_point.transaction_limits`. `ended` samples wait for the
    last message; at most `MAX_SAMPLES`, of which every second in between goes first (E06.FR.13).
    """

    __slots__ = (
        "allowance",
        "begin",
        "charging_state",
        "connector",
        "cost",
        "group",
        "id",
        "key_told",
        "limits",
        "meter_start",
        "number",
        "owed_begin",
        "owed_evse",
        "owed_limit",
        "owed_mode",
        "owed_remote",
        "owed_reservation",
        "owed_token",
        "owed_trigger",
        "phase",
        "phases",
        "refused",
        "samples",
        "seq",
        "starter",
        "stopping",
        "time",
    )

    def __init__(self, id: str, time: float, meter_start: float) -> None:
        self.id = id
        self.time = time
        self.meter_start = meter_start
        self.number: int | None = None
        self.connector = 0
        self.seq = 0
        self.phase = Phase.NONE
        self.starter: Token | None = None
        self.group = ""
        self.stopping = ""
        self.refused = False
        self.key_told = False
        self.limits: dict[str, float] | None = None
        self.allowance: float | None = None
        self.cost: float | None = None
        self.charging_state = ""
        self.phases: int | None = None
        self.owed_mode = ""
        self.begin: Sample | None = None
        self.samples: list[Sample] | None = None
        self.owed_token: Token | None = None
        self.owed_trigger = ""
        self.owed_remote: int | None = None
        self.owed_reservation: int | None = None
        self.owed_limit: dict[str, float] | None = None
        self.owed_evse = True
        self.owed_begin = True

    @property
    def ongoing(self) -> bool:
        """Whether it has begun and not ended."""
        return self.phase is Phase.ONGOING

    def told(self) -> None:
        """A message was made: the next has the next number, and what this one carried is owed no longer."""
        self.seq += 1
        self.owed_trigger = self.owed_mode = ""
        self.owed_token = self.owed_remote = self.owed_reservation = self.owed_limit = None
        self.owed_evse = False

    def keep(self, sample: Sample) -> None:
        """Keep a sample for the last message."""
        if self.samples is None:
            self.samples = []
        self.samples.append(sample)
        if len(self.samples) > MAX_SAMPLES:
            del self.samples[1:-1:2]


MAX_SAMPLES = 100
"""What StopTransactionMaxMeterValues says (1.6 errata 4.0)."""
