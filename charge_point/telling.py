"""From a change of an EVSE's regions to the messages of its transaction.

`happened` compares the start and stop points before and after; `tell` makes a message and lets it carry what is owed to
the next one, whatever that is about (see `charge_point.transaction`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.connector import Cable, charging_state, follow
from charge_point.measurands import Sample
from charge_point.parts import tell_parts
from charge_point.quirks import to_zero
from charge_point.sampling import begin_samples, ended_samples
from charge_point.transaction import FIXED_START_16, FIXED_STOP_16, PHASE, Event, Point, Transaction, points
from shared.versions import V16, V21

RESUMPTION = "resumption"
"""The limit that holds energy back in a transaction that was interrupted (`charge_point.resuming`)."""

if TYPE_CHECKING:
    from charge_point.authorization import Token
    from charge_point.evse import Evse


def happened(evse: Evse, trigger: str, before: Point, *, reason: str = "", ends: bool = False) -> None:
    """Draw the conclusion: begin, end or update the transaction."""
    now = evse.points()
    transaction = evse.transaction
    if transaction is None:
        new, starts = now & ~before, start_points(evse)
        # whoever is authorized where a transaction has ended and its start point holds still: no energy without one
        if new & starts or (new & Point.Authorized and now & starts):
            begin(evse, trigger)
    elif ends or before & ~now & stop_points(evse):
        end(evse, trigger, transaction.stopping or reason)
    else:
        evse.tell(trigger)
    evse.station.changed()


def start_points(evse: Evse) -> Point:
    """What begins a transaction: TxStartPoint, or what 1.6 has fixed."""
    if evse.station.version is V16:
        return FIXED_START_16
    return points(evse.station.model.members("TxStartPoint"))


def stop_points(evse: Evse) -> Point:
    """What ends a transaction when it is lost: TxStopPoint, or what 1.6 has fixed."""
    if evse.station.version is V16:
        return FIXED_STOP_16
    return points(evse.station.model.members("TxStopPoint"))


def begin(evse: Evse, trigger: str) -> None:
    """Begin a transaction with its first message."""
    station = evse.station
    quirks, now = station.setup.quirks, station.clock.time()
    if quirks.register_resets == "session":
        to_zero(evse)
    transaction = Transaction(station.new_transaction_id(), now, evse.meter.advance(station.clock.elapsed()))
    if quirks.running_seq_no and evse.last is not None:
        transaction.seq = evse.last.seq
    transaction.connector = evse.active.number
    transaction.owed_evse = evse.active.cable is Cable.BOTH_ENDS or not evse.floating
    evse.transaction = transaction
    if evse.is_authorized:
        remote = evse.remote_id is not None
        owe_token(evse, transaction, "RemoteStart" if remote else "")
    evse.tell(trigger, "Started")
    evse.sampler.on()
    tell_parts(station, lambda part: part.transaction_began(evse))


def owe_token(evse: Evse, transaction: Transaction, trigger: str) -> None:
    """The next message carries the token, and says why it came (E02.FR.01, E02.FR.20, F01.FR.19, .25)."""
    transaction.starter, transaction.group = evse.token, evse.group
    transaction.owed_token = evse.token
    transaction.owed_trigger = trigger
    transaction.owed_remote = evse.remote_id
    transaction.owed_reservation, evse.reservation = evse.reservation, None
    evse.remote_id = None


def owe_evse(evse: Evse) -> None:
    """The next message says which EVSE and connector it is (E01.FR.16)."""
    if evse.transaction is not None:
        evse.transaction.owed_evse = True  # E01.FR.16
        evse.transaction.connector = evse.active.number


def end(evse: Evse, trigger: str, reason: str) -> None:
    """End the transaction with its last message."""
    transaction = evse.transaction
    assert transaction is not None
    evse.sampler.off()
    evse.tell(trigger, "Ended", reason=reason)
    evse.last, evse.transaction = transaction, None
    evse.car_gone()
    if evse.limits and RESUMPTION in evse.limits:  # it held for this transaction
        evse.limits = {name: one for name, one in evse.limits.items() if name != RESUMPTION} or None
    tell_parts(evse.station, lambda part: part.transaction_ended(evse, transaction))
    charged = evse.meter.advance(evse.station.clock.elapsed()) - transaction.meter_start
    evse.station.transaction_over(evse, charged)


def _with_car(evse: Evse, token: Token | None) -> Token | None:
    """`token` with the EVCCID of a car of ISO 15118-20, by which a CSMS may know it (2.1 Q01.FR.02)."""
    if token is None or evse.ev is None or evse.ev.kind.iso15118 != "20" or evse.station.version is not V21:
        return token
    from charge_point.connected_ev import vehicle_id  # few cars have one

    return token._replace(details=(*token.details, ("EVCCID", vehicle_id(evse, evse.ev))))


def tell(
    evse: Evse, trigger: str, sort: str = "Updated", *, reason: str = "", samples: tuple[Sample, ...] = ()
) -> None:
    """Make the transaction's next message and hand it to the station."""
    station, transaction = evse.station, evse.transaction
    if transaction is None:
        return
    transaction.phase = follow(PHASE, transaction.phase, sort)
    now = station.clock.time()
    plugged = evse.active.cable is Cable.BOTH_ENDS
    state = charging_state(evse.regions())
    used = evse.meter.used if state == "Charging" else 0
    phases = used if used and used != transaction.phases else None  # E02.FR.18, E02.FR.19
    transaction.phases = phases or transaction.phases
    if sort == "Ended":
        samples = ended_samples(evse)
    elif transaction.owed_begin and transaction.owed_evse:
        transaction.owed_begin = False
        samples = begin_samples(evse) + samples
    elif station.setup.sample_on_change and state != transaction.charging_state and not samples:
        taken = evse.read("Other", station.model.members("SampledDataCtrlr.TxUpdatedMeasurands"))
        samples = (taken,) if taken.values else ()
    told = transaction.owed_evse
    late = transaction.owed_token if sort == "Started" and station.setup.quirks.late_token else None
    if late is not None:
        transaction.owed_token = None
    more: dict[str, Any] = {}
    tell_parts(station, lambda part: more.update(part.tells(evse, transaction, sort)))
    event = Event(
        sort,
        transaction,
        number=transaction.seq,
        time=now,
        trigger=transaction.owed_trigger or trigger,
        charging_state=state,
        offline=not station.is_online,
        meter=evse.meter.register(station.clock.elapsed()),
        reason=reason,
        token=_with_car(evse, transaction.owed_token),
        evse=evse.id if told else 0,
        connector=evse.active.id if told and plugged else 0,
        remote_start_id=transaction.owed_remote,
        reservation=transaction.owed_reservation,
        phases=phases,
        mode=transaction.owed_mode,
        samples=samples,
        limit=transaction.owed_limit,
        more=more or None,
    )
    transaction.charging_state = state
    transaction.told()
    transaction.owed_token = late
    station.owe(event)
    if sort == "Started" and samples and station.version is V16:
        # StartTransaction has no room for them: a MeterValues follows (application note on signed values, §3.3.4)
        station.owe(event._replace(sort="Updated"))
