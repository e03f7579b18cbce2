"""Reservations by the ids of the certification suites (H of 2.x; TC_046 to TC_053 of 1.6), and what is between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.definitions import FEATURES
from charge_point.outbox import Store
from charge_point.reservations import Reservations
from charge_point.station import Station
from shared.dispatch import NoAnswer
from shared.versions import V16, V21, V201, Version
from tests.charge_point.wired import TOKEN, Wired
from tests.support import each_2x

Payload = dict[str, Any]

OTHER = Token("04FFFFFF")
GROUP = "G1"
QUIET: Payload = {"SampledDataCtrlr.TxUpdatedInterval": 0, "AuthorizeRemoteTxRequests": True}


class Kept(Wired):
    """A wired station that can be reserved at."""

    @classmethod
    async def at(cls, version: Version, evses: int = 1, **setup: Any) -> Kept:
        variables = QUIET | setup.pop("variables", {})
        made = cls(version, **{"evses": ((1,),) * evses, "variables": variables} | setup)
        await made.start()
        return made

    def tokens(self, **groups: str) -> None:
        """All are accepted; `groups`: token -> its group."""

        def info(request: Payload) -> Payload:
            id = request["idTag"] if self.version is V16 else request["idToken"]["idToken"]
            group = groups.get(f"t{id}")
            if group is None:
                return self.info()
            more = (
                {"parentIdTag": group}
                if self.version is V16
                else {"groupIdToken": {"idToken": group, "type": "Central"}}
            )
            answer = self.info()
            return {name: known | more for name, known in answer.items()}

        self.script["Authorize"] = info

    async def reserve(
        self, evse: int | None = 1, token: Token = TOKEN, *, id: int = 5, seconds: float = 600, **more: Any
    ) -> str:
        until = self.journal.clock.text(self.journal.clock.time() + seconds)
        group = more.pop("group", None)
        if self.version is V16:
            request = {
                "connectorId": evse or 0,
                "expiryDate": until,
                "idTag": token.id,
                "reservationId": id,
            } | ({"parentIdTag": group} if group else {})
        else:
            request = {
                "id": id,
                "expiryDateTime": until,
                "idToken": {"idToken": token.id, "type": token.type},
            } | ({"evseId": evse} if evse else {})
            request |= {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
        answer = await self.ask("ReserveNow", request | more)
        return str(answer["status"])

    async def cancel(self, id: int = 5) -> str:
        answer = await self.ask("CancelReservation", {"reservationId": id})
        return str(answer["status"])

    async def change(self, operative: bool, evse: int | None = None) -> str:
        kind = "Operative" if operative else "Inoperative"
        if self.version is V16:
            request: Payload = {"connectorId": evse or 0, "type": kind}
        else:
            request = {"operationalStatus": kind} | ({"evse": {"id": evse}} if evse else {})
        answer = await self.ask("ChangeAvailability", request)
        return str(answer["status"])

    async def start_remotely(self, evse: int | None = 1, token: Token = TOKEN, group: str = "") -> str:
        if self.version is V16:
            request: Payload = {"idTag": token.id} | ({"connectorId": evse} if evse else {})
            answer = await self.ask("RemoteStartTransaction", request)
        else:
            request = {"idToken": {"idToken": token.id, "type": token.type}, "remoteStartId": 3}
            request |= {"evseId": evse} if evse else {}
            request |= {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
            answer = await self.ask("RequestStartTransaction", request)
        return str(answer["status"])

    async def present(self, token: Token = TOKEN, evse: int | None = None) -> str:
        outcome = (await self.station.present(token, evse)).outcome
        await self.settle()
        return outcome

    async def plug(self, evse: int = 1) -> None:
        self.station.plug_in(evse)
        await self.settle(2)

    def states(self, evse: int | None = None) -> list[str]:
        """The statuses told since `forget`."""
        at = 1 if self.version is V16 else 0
        return [place[2] for place in self.statuses() if evse is None or place[at] == evse]

    def updates(self) -> list[tuple[int, str]]:
        return [
            (p["reservationId"], p["reservationUpdateStatus"]) for p in self.of("ReservationStatusUpdate")
        ]

    def named(self) -> list[int | None]:
        """The reservation that each start of a transaction, or event with a token, names."""
        if self.version is V16:
            return [p.get("reservationId") for p in self.of("StartTransaction")]
        return [p.get("reservationId") for p in self.of("TransactionEvent") if "idToken" in p]

    @property
    def charges(self) -> bool:
        return any(one.energy.value == "flowing" for one in self.station.evses)


# --- used by who has reserved ---------------------------------------------------------------------------------


async def test_tc_h_01_tc_046_1__who_has_reserved_uses_it(version: Version) -> None:
    at = await Kept.at(version)
    assert await at.reserve() == "Accepted"
    assert at.actions()[0] == "> ReserveNow"
    assert at.states() == ["Reserved"]
    at.forget()
    assert await at.present() == "started"
    assert at.states() == (["Preparing"] if version is V16 else ["Available"])  # H03.FR.10
    await at.plug()
    assert at.named() == [5]  # H01.FR.15
    assert at.charges
    assert at.updates() == []
    await at.present()
    at.station.unplug()
    await at.settle()
    assert at.states()[-1] == "Available"
    await at.end()


async def test_tc_046_2__who_has_reserved_is_started_remotely_with_the_cable_in(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve()
    await at.plug()
    assert at.states() == ["Reserved"]  # G01.FR.09
    assert await at.start_remotely() == "Accepted"
    await at.settle(2)
    assert at.states()[1] == ("Preparing" if version is V16 else "Occupied")  # G01.FR.06
    assert at.named() == [5]
    assert at.charges
    await at.end()


@each_2x
async def test_a_transaction_that_waits_at_a_reserved_evse_is_told_of_the_reservation(
    version: Version,
) -> None:
    at = await Kept.at(
        version, variables={"TxStartPoint": "EVConnected,Authorized", "TxStopPoint": "EVConnected"}
    )
    await at.reserve()
    await at.plug()
    assert at.events() == [("Started", "CablePluggedIn", "")]
    assert await at.present(OTHER) == "refused"
    assert not at.charges
    assert at.states() == ["Reserved"]
    await at.present()
    assert at.named() == [5]
    assert at.states()[-1] == "Occupied"
    await at.end()


async def test_tc_h_02_tc_051__others_are_refused(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve()
    await at.plug()
    assert await at.present(OTHER) == "refused"
    assert at.of("Authorize") == []  # no group could let them in
    assert await at.start_remotely(1, OTHER) == "Rejected"  # F01.FR.21
    assert await at.start_remotely(None, OTHER) == "Rejected"
    await at.settle(60)
    assert not at.charges
    assert at.named() == []
    await at.end()


async def test_tc_h_19_tc_053_1__one_of_the_group_uses_it(version: Version) -> None:
    at = await Kept.at(version)
    at.tokens(t04FFFFFF="g1", t04EEEEEE="G2")
    assert await at.reserve(group=GROUP) == "Accepted"
    assert await at.present(Token("04EEEEEE")) == "refused"
    assert len(at.of("Authorize")) == 1  # H03.FR.08
    assert at.states() == ["Reserved"]
    assert await at.present(OTHER) == "started"
    await at.plug()
    assert at.named() == [5]
    assert at.charges
    await at.end()


async def test_tc_053_2__one_of_the_group_is_started_remotely(version: Version) -> None:
    at = await Kept.at(version, variables={"AuthorizeRemoteTxRequests": False})
    at.tokens(t04FFFFFF="G1", t04EEEEEE="G2")
    await at.reserve(group=GROUP)
    await at.plug()
    refused = await at.start_remotely(1, Token("04EEEEEE"), "G2")
    assert refused == (
        "Accepted" if version is V16 else "Rejected"
    )  # F01.FR.22; in 1.6 the CSMS is asked first
    assert not at.charges
    assert await at.start_remotely(1, OTHER, "g1") == "Accepted"
    await at.settle(2)
    assert at.named() == [5]
    assert at.charges
    await at.end()


@each_2x
async def test_a_group_that_is_not_said_counts_when_it_is_cached(version: Version) -> None:
    at = await Kept.at(version)
    at.tokens(t04FFFFFF="G1")
    await at.reserve(group=GROUP)
    assert await at.start_remotely(1, OTHER) == "Rejected"
    await at.station.decide(OTHER)
    assert await at.start_remotely(1, OTHER) == "Accepted"
    await at.end()


async def test_a_reservation_that_is_claimed_and_not_used(version: Version) -> None:
    at = await Kept.at(version, variables={"EVConnectionTimeOut": 20})
    await at.reserve()
    at.forget()
    await at.present()
    await at.settle(25)
    if version is V16:  # it ends with a transaction only (§5.13), and is back after B1, A7 of §4.9
        assert at.states() == ["Preparing", "Available", "Reserved"]
        assert await at.present(OTHER) == "refused"
    else:
        assert at.states() == ["Available"]
        assert at.updates() == ([(5, "NoTransaction")] if version is V21 else [])  # H03.FR.11
        assert await at.present(OTHER) == "started"
    await at.end()


# --- refused --------------------------------------------------------------------------------------------------


async def test_tc_h_03_04_tc_048_2__what_is_reserved_or_in_use_is_occupied(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve()
    assert await at.reserve(1, OTHER, id=6) == "Occupied"
    assert await at.reserve(1, TOKEN, id=6) == "Occupied"
    await at.cancel()
    await at.charging()
    assert await at.reserve(1, OTHER, id=6) == "Occupied"
    await at.end()


async def test_a_plugged_car_occupies(version: Version) -> None:
    at = await Kept.at(version)
    await at.plug()
    assert await at.reserve() == "Occupied"
    await at.end()


async def test_tc_h_06_tc_048_1_048_3__what_is_unavailable_or_faulted_says_so(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.change(False, 1)
    assert await at.reserve() == "Unavailable"
    at.station.fault(2)
    assert await at.reserve(2) == "Faulted"
    assert await at.reserve(None) == "Unavailable"
    await at.change(False)
    assert await at.reserve(None) == "Unavailable"  # TC_H_12, TC_050_3
    await at.end()


async def test_tc_050_1__a_station_with_nothing_but_faults(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    at.station.fault(1)
    at.station.fault(2)
    assert await at.reserve(None) == "Faulted"
    await at.end()


async def test_tc_h_22_tc_048_4__a_station_without_reservations(version: Version) -> None:
    at = await Kept.at(version, features=FEATURES - {"reservation"})
    assert await at.reserve() == "Rejected"
    assert await at.cancel() == "Rejected"
    await at.end()


@each_2x
async def test_tc_h_22__reservations_that_are_switched_off(version: Version) -> None:
    at = await Kept.at(version, variables={"ReservationCtrlr.Enabled": False})
    assert await at.reserve() == "Rejected"
    await at.end()


async def test_tc_h_13_tc_050_4__no_evse_is_named_and_one_has_to_be(version: Version) -> None:
    at = await Kept.at(version, variables={"ReservationCtrlr.NonEvseSpecific": False})
    assert await at.reserve(None) == "Rejected"
    assert await at.reserve(1) == "Accepted"
    await at.end()


async def test_what_is_not_there_and_what_is_over_is_rejected(version: Version) -> None:
    at = await Kept.at(version)
    assert await at.reserve(9) == "Rejected"
    assert await at.reserve(1, seconds=-5) == "Rejected"
    if version is not V16:
        assert await at.reserve(1, connectorType="cG105") == "Rejected"
    assert at.states() == []
    await at.end()


# --- any EVSE -------------------------------------------------------------------------------------------------


async def test_tc_h_08_tc_049__any_evse_of_a_station_that_has_one_left(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.change(False, 2)
    at.forget()
    assert await at.reserve(None) == "Accepted"
    assert at.states() == ["Reserved"]
    assert await at.present(OTHER) == "refused"
    assert await at.present() == "started"
    await at.plug()
    assert at.named() == [5]
    await at.end()


async def test_tc_h_14_h_09__reservations_fill_the_station(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    assert await at.reserve(None) == "Accepted"
    assert at.states() == []  # one of the two can be spared
    assert await at.reserve(None, OTHER, id=6) == "Accepted"
    assert at.states() == ["Reserved", "Reserved"]  # H01.FR.20
    assert await at.reserve(None, Token("04EEEEEE"), id=7) == "Occupied"
    assert await at.cancel(6) == "Accepted"
    assert at.states()[2:] == ["Available", "Available"]  # H02.FR.06
    await at.end()


async def test_tc_h_10_tc_050_2__every_evse_is_in_use(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    for evse in (1, 2):
        at.station.plug_in(evse)
        await at.station.present(Token(f"0{evse}"), evse)
    await at.settle(5)
    assert await at.reserve(None) == "Occupied"
    await at.end()


async def test_the_last_free_evse_is_kept_when_somebody_takes_the_other(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(None)
    assert await at.present(OTHER, 1) == "started"
    assert at.states(2) == ["Reserved"]  # H01.FR.07
    assert await at.present(Token("04EEEEEE"), 2) == "refused"
    assert await at.present(OTHER, 1) == "stopped"
    assert at.states(2) == ["Reserved", "Available"]
    await at.end()


async def test_a_reader_of_the_station_leads_to_the_evse_that_is_kept(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(2)
    await at.present()
    assert at.station.evses[1].is_authorized
    await at.end()


async def test_who_has_not_reserved_is_not_followed_to_an_evse_that_is_kept(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(2)
    assert await at.present(OTHER) == "started"
    await at.plug(2)
    assert not at.charges
    await at.plug(1)
    assert at.charges
    assert at.named() == [None]
    await at.end()


async def test_who_reserved_any_evse_is_followed_to_the_one_they_plug_in_at(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(None)
    await at.present()
    await at.plug(2)
    assert at.named() == [5]
    assert not at.station.part(Reservations).held
    await at.end()


MIXED: Payload = {
    "variables": {"Connector#1.1.ConnectorType": "cCCS2", "Connector#2.1.ConnectorType": "cType2"},
}


@each_2x
async def test_tc_h_15_h_16__a_type_of_connector(version: Version) -> None:
    at = await Kept.at(version, evses=3, **MIXED)
    assert await at.reserve(None, connectorType="cCCS2") == "Accepted"
    assert at.statuses() == [(1, 1, "Reserved")]  # H01.FR.24: there is one of them
    assert await at.reserve(None, OTHER, id=6, connectorType="cCCS2") == "Occupied"
    assert await at.present(OTHER, 2) == "started"
    assert await at.present(TOKEN, 1) == "started"
    await at.plug(1)
    assert at.named() == [5]
    await at.end()


@each_2x
async def test_types_and_any_share_what_there_is(version: Version) -> None:
    at = await Kept.at(version, evses=2, **MIXED)
    assert await at.reserve(None, id=1) == "Accepted"
    assert await at.reserve(None, id=2, connectorType="cCCS2") == "Accepted"
    assert sorted(at.statuses()) == [(1, 1, "Reserved"), (2, 1, "Reserved")]
    await at.cancel(1)
    assert at.statuses()[2:] == [(2, 1, "Available")]
    await at.end()


@each_2x
async def test_tc_h_24__a_group_and_any_evse(version: Version) -> None:
    at = await Kept.at(version)
    at.tokens(t04FFFFFF=GROUP)
    assert await at.reserve(None, group=GROUP) == "Accepted"
    assert at.states() == ["Reserved"]
    assert await at.present(OTHER) == "started"
    await at.plug()
    assert at.named() == [5]
    await at.end()


async def test_all_connectors_of_an_evse_are_reserved(version: Version) -> None:
    at = Kept(version, evses=((1, 2),))
    await at.start()
    await at.reserve(1)
    assert at.states() == ["Reserved", "Reserved"]  # H01.FR.23
    await at.end()


# --- how it ends ----------------------------------------------------------------------------------------------


async def test_tc_h_07_tc_047__it_expires(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve(seconds=60)
    at.forget()
    await at.settle(58)
    assert at.states() == []
    await at.settle(5)
    assert at.states() == ["Available"]  # H04.FR.03
    assert at.updates() == ([] if version is V16 else [(5, "Expired")])
    assert await at.present(OTHER) == "started"
    await at.plug()
    assert at.named() == [None]
    await at.end()


async def test_it_expires_offline_and_is_told_of_afterwards(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve(seconds=60)
    at.connection.go_offline()
    await at.settle(90)
    at.forget()
    at.connection.come_online()
    await at.settle(5)
    assert at.states()[-1:] == ["Available"]
    assert at.updates() == ([] if version is V16 else [(5, "Expired")])
    await at.end()


@each_2x
async def test_what_the_link_swallowed_is_told_again(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve(seconds=60)

    def silence(request: Payload) -> Payload:
        raise NoAnswer

    at.script["ReservationStatusUpdate"] = silence
    await at.settle(62)
    assert at.updates() == [(5, "Expired")]
    at.connection.go_offline()
    await at.settle(5)
    del at.script["ReservationStatusUpdate"]
    at.forget()
    at.connection.come_online()
    await at.settle(5)
    assert at.updates() == [(5, "Expired")]
    at.connection.go_offline()
    await at.settle(5)
    at.forget()
    at.connection.come_online()
    await at.settle(5)
    assert at.updates() == []
    await at.end()


async def test_each_expires_at_its_own_time(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(1, id=5, seconds=600)
    await at.reserve(2, OTHER, id=6, seconds=60)
    at.forget()
    await at.settle(65)
    assert [place for *_, place in at.statuses()] == ["Available"]
    at.forget()
    await at.settle(500)
    assert at.states() == []
    await at.settle(50)
    assert at.states() == ["Available"]
    await at.end()


async def test_tc_h_17_h_18_tc_051_tc_052__it_is_cancelled(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve()
    assert await at.cancel(1) == "Rejected"
    at.forget()
    assert await at.cancel() == "Accepted"
    assert at.heard()[0][0] == "> CancelReservation"
    assert at.states() == ["Available"]
    assert await at.cancel() == "Rejected"
    assert await at.present(OTHER) == "started"
    await at.plug()
    assert at.named() == [None]
    assert at.updates() == []
    await at.end()


async def test_tc_h_20_h_21__a_fault_or_the_operator_ends_it(version: Version) -> None:
    at = await Kept.at(version)
    for cause in ("operator", "fault"):
        assert await at.reserve() == "Accepted"
        at.forget()
        if cause == "operator":
            assert await at.change(False, 1) == "Accepted"
        else:
            at.station.fault()
            await at.settle()
        assert at.states() == ["Unavailable" if cause == "operator" else "Faulted"]
        assert at.updates() == ([] if version is V16 else [(5, "Removed")])  # H01.FR.16, .17
        if cause == "operator":
            await at.change(True, 1)
    at.station.clear_fault()
    assert await at.present(OTHER) == "started"
    await at.end()


async def test_any_evse_is_given_up_only_when_none_is_left(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(None)
    await at.change(False, 1)
    assert at.states(2) == ["Reserved"]
    await at.change(False, 2)
    assert at.updates() == ([] if version is V16 else [(5, "Removed")])
    assert not at.station.part(Reservations).held
    await at.end()


async def test_tc_h_23__the_same_id_replaces(version: Version) -> None:
    at = await Kept.at(version)
    await at.reserve()
    assert await at.reserve(1, OTHER) == "Accepted"  # H01.FR.02
    assert at.states() == ["Reserved"]
    assert await at.present() == "refused"
    assert await at.present(OTHER) == "started"
    await at.end()


async def test_the_same_id_moves_to_another_evse(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(1)
    assert await at.reserve(2) == "Accepted"
    assert (at.states(1), at.states(2)) == (["Reserved", "Available"], ["Reserved"])
    await at.end()


async def test_a_claim_in_1_6_can_be_cancelled() -> None:
    at = await Kept.at(V16)
    await at.reserve()
    await at.present()
    assert await at.cancel() == "Accepted"
    await at.plug()
    assert at.named() == [None]
    await at.end()


# --- restarts -------------------------------------------------------------------------------------------------


async def test_it_survives_a_reset(version: Version) -> None:
    at = await Kept.at(version, evses=2)
    await at.reserve(2, seconds=120)
    at.forget()
    await at.ask("Reset", {"type": "Soft" if version is V16 else "Immediate"})
    await at.settle(20)
    assert (at.states(1), at.states(2)) == (["Available"], ["Reserved"])  # B11.FR.05
    assert await at.present(OTHER, 2) == "refused"
    at.forget()
    await at.settle(120)
    assert at.states(2) == ["Available"]
    await at.end()


async def test_it_survives_the_process(version: Version, tmp_path: Path) -> None:
    store = Store(tmp_path / "kept")
    first = await Kept.at(version, store=store)
    await first.reserve(1, group=GROUP, seconds=3600)
    await first.end()
    second = Kept(version, store=store, evses=((1,),), variables=QUIET)
    assert second.station.part(Reservations).held == first.station.part(Reservations).held
    await second.start()
    assert second.station.evses[0].reserved
    assert await second.present(OTHER) == "refused"
    assert await second.present() == "started"
    await second.plug()
    assert second.named() == [5]
    await second.end()
    store.close()


async def test_what_expired_while_the_process_was_gone_is_told_of(tmp_path: Path) -> None:
    store = Store(tmp_path / "kept")
    first = await Kept.at(V201, store=store)
    await first.reserve(seconds=60)
    await first.end()
    first.station.switch_off()
    await first.settle(100)
    second = Kept(V201, store=store)
    second.tasks.spawn(second.connection.run())
    await second.settle()
    assert second.states() == ["Available"]
    assert second.updates() == [(5, "Expired")]
    await second.end()
    third = Station("CP1", second.station.setup, second.journal, second.tasks, version=V201, store=store)
    assert third.part(Reservations).as_kept() is None
    store.close()


async def test_what_expired_offline_is_free_before_the_first_connection(
    version: Version, tmp_path: Path
) -> None:
    store = Store(tmp_path / "kept")
    first = await Kept.at(version, store=store, variables={"AllowOfflineTxForUnknownId": True})
    await first.reserve(seconds=60)
    await first.end()
    first.station.switch_off()
    second = Kept(version, store=store, evses=((1,),), variables=QUIET | {"AllowOfflineTxForUnknownId": True})
    second.station.setup = replace(second.station.setup, transactions_before_accepted=True)
    assert await second.present(OTHER) == "refused"
    await second.settle(100)
    assert await second.present(OTHER) == "started"
    await second.tasks.end()
    store.close()


# --- the device model -----------------------------------------------------------------------------------------


async def test_the_station_says_that_it_can_be_reserved() -> None:
    at = await Kept.at(V16)
    answer = await at.ask(
        "GetConfiguration", {"key": ["SupportedFeatureProfiles", "ReserveConnectorZeroSupported"]}
    )
    profiles, zero = (one["value"] for one in answer["configurationKey"])
    assert "Reservation" in profiles.split(",")
    assert zero == "true"
    await at.end()


@each_2x
@pytest.mark.parametrize("variable", ["Available", "Enabled", "NonEvseSpecific"])
async def test_the_device_model_says_so_too(version: Version, variable: str) -> None:
    at = await Kept.at(version)
    asked = {"component": {"name": "ReservationCtrlr"}, "variable": {"name": variable}}
    answer = await at.ask("GetVariables", {"getVariableData": [asked]})
    assert answer["getVariableResult"][0]["attributeValue"] == "true"
    await at.end()
