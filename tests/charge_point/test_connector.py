"""A connector's regions: every row leads somewhere, every status is reached, and the rest is refused in words."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charge_point.connector import (
    AUTHORIZATION,
    AVAILABILITY,
    CABLE,
    ENERGY,
    HEALTH,
    LOCK,
    Authorization,
    Availability,
    Cable,
    Connector,
    Energy,
    Health,
    Lock,
    NotNow,
    Regions,
    charging_state,
    follow,
    status_2x,
    status_16,
)

TABLES = {
    "cable": CABLE,
    "lock": LOCK,
    "authorization": AUTHORIZATION,
    "energy": ENERGY,
    "health": HEALTH,
} | {"availability": AVAILABILITY}


@pytest.mark.parametrize("name", TABLES)
def test_every_state_of_a_region_is_reached_and_left(name: str) -> None:
    table = TABLES[name]
    states = set(type(next(iter(table))[0]))
    assert {before for before, _ in table} == states
    assert set(table.values()) == states


def test_an_illegal_event_names_what_would_be_possible() -> None:
    with pytest.raises(NotNow) as caught:
        follow(CABLE, Cable.BOTH_ENDS, "plugged_in")
    assert str(caught.value) == (
        "plugged_in is not possible while the cable is BOTH_ENDS; "
        "possible: ev_side_out, station_side_out, unplugged"
    )


def every() -> list[Regions]:
    return [
        Regions(*combination)
        for combination in product(Cable, Authorization, Energy, Availability, Health, (False, True))
    ]


def test_the_projections_reach_exactly_the_states_of_the_standards() -> None:
    assert {status_16(regions) for regions in every()} == set(
        "Available Preparing Charging SuspendedEVSE SuspendedEV Finishing Reserved Unavailable Faulted".split()
    )
    assert {status_2x(regions) for regions in every()} == set(
        "Available Occupied Reserved Unavailable Faulted".split()
    )
    assert {charging_state(regions) for regions in every()} == set(
        "Charging EVConnected SuspendedEV SuspendedEVSE Idle".split()
    )


@pytest.mark.parametrize(
    ("regions", "in_16", "in_2x"),
    [
        (Regions(), "Available", "Available"),
        (Regions(reserved=True), "Reserved", "Reserved"),
        (Regions(authorization=Authorization.GRANTED, reserved=True), "Preparing", "Reserved"),
        (Regions(Cable.BOTH_ENDS), "Preparing", "Occupied"),
        (Regions(Cable.BOTH_ENDS, Authorization.GRANTED, Energy.FLOWING), "Charging", "Occupied"),
        (Regions(Cable.STATION_END, Authorization.ENDED), "Finishing", "Occupied"),
        (Regions(Cable.BOTH_ENDS, Authorization.ENDED), "Finishing", "Occupied"),
        (Regions(Cable.BOTH_ENDS, availability=Availability.INOPERATIVE), "Unavailable", "Unavailable"),
        (Regions(availability=Availability.LEAVING), "Available", "Available"),
        (Regions(Cable.BOTH_ENDS, health=Health.FAULTED), "Faulted", "Faulted"),
    ],
)
def test_a_status_is_what_the_regions_say(regions: Regions, in_16: str, in_2x: str) -> None:
    assert (status_16(regions), status_2x(regions)) == (in_16, in_2x)


def test_a_locked_plug_stays_in_the_socket() -> None:
    connector = Connector(1, 1)
    connector.move_cable("plugged_in")
    connector.turn_lock("lock")
    connector.move_cable("ev_side_out")
    with pytest.raises(NotNow, match="while the lock is LOCKED; possible: unlock"):
        connector.move_cable("station_side_out")
    connector.turn_lock("unlock")
    connector.move_cable("station_side_out")
    assert connector.cable is Cable.OUT


def test_a_tethered_cable_that_leaves_the_car_is_out() -> None:
    connector = Connector(1, 1, tethered=True)
    connector.move_cable("plugged_in")
    connector.move_cable("ev_side_out")
    assert connector.cable is Cable.OUT


CABLE_EVENTS = sorted({event for _, event in CABLE})


@settings(max_examples=200, deadline=None)
@given(
    tethered=st.booleans(),
    events=st.lists(st.sampled_from([*CABLE_EVENTS, "lock", "unlock", "jam", "mend"]), max_size=30),
)
def test_a_connector_does_what_a_plug_with_two_ends_and_a_lock_can_do(
    tethered: bool, events: list[str]
) -> None:
    """Against a naive model: two ends that are in or out, and a bolt."""
    c = Connector(1, 1, tethered=tethered)
    station_in = ev_in = bolt = jammed = False
    for event in events:
        if event in ("jam", "mend"):
            c.lock_fails = jammed = event == "jam"
        elif event in ("lock", "unlock"):
            turned = c.turn_lock(event)
            assert turned is (tethered or not jammed)
            bolt = (event == "lock" if turned else bolt) and not tethered
        else:
            ends = _moved(event, station_in, ev_in)
            if ends is None or (bolt and ends == (False, False)):
                with pytest.raises(NotNow):
                    c.move_cable(event)
            else:
                c.move_cable(event)
                station_in, ev_in = ends
                if tethered:  # its other end is always in the station
                    station_in = ev_in
        assert c.cable is (Cable.BOTH_ENDS if ev_in else Cable.STATION_END if station_in else Cable.OUT)
        assert c.lock is (Lock.LOCKED if bolt else Lock.UNLOCKED)


def _moved(event: str, station: bool, ev: bool) -> tuple[bool, bool] | None:
    """Which ends are in after `event` (station, car), None when nobody could do that now."""
    match event:
        case "plugged_in":
            return None if ev else (True, True)
        case "station_side_in":
            return None if station else (True, ev)
        case "ev_side_in":
            return (True, True) if station and not ev else None
        case "ev_side_out":
            return (station, False) if ev else None
        case "station_side_out":
            return (False, False) if station else None
        case "unplugged":
            return (False, False) if station and ev else None
    raise AssertionError(event)
