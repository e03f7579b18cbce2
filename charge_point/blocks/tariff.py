"""Tariffs of 2.1: default ones set, asked for and cleared, and that of a transaction changed (I07, I09 to I11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charge_point.statuses import status
from shared.answers import answers
from shared.dispatch import Answer, Refuse, on
from shared.versions import V21

if TYPE_CHECKING:
    from charge_point.station import Station
    from charge_point.tariffs import Tariffs

Payload = dict[str, Any]


def _tariffs(station: Station) -> Tariffs:
    """The tariffs of a station that calculates costs; else raises what the standard wants."""
    from charge_point.tariffs import Tariffs, supports

    if not supports(station):
        raise Refuse("NotSupported", "this station calculates no cost")
    return station.part(Tariffs)


@on("SetDefaultTariff", V21)
@answers(
    "status",
    "TooManyElements and ConditionNotSupported for what TariffCostCtrlr does not allow; DuplicateTariffId for an id "
    "that is here; Rejected for an EVSE that there is not and a tariff that makes no sense; else Accepted, and it "
    "holds from now or from its validFrom on; CALLERROR NotSupported without TariffCostCtrlr.Enabled[Tariff]",
    clause="I07.FR.01-I07.FR.24",
    state=True,
)
def set_default_tariff(station: Station, request: Payload) -> Payload:
    """Take a default tariff for one EVSE or all."""
    from charge_point.tariff_checks import unfit

    tariffs, tariff = _tariffs(station), request["tariff"]
    refused = unfit(station, tariff)
    if refused is not None:
        return status(V21, refused.status, refused.code, refused.words)
    if not station.evses_of(request["evseId"]):
        return status(V21, "Rejected", "UnknownEvse", "there is no such EVSE")
    if tariff["tariffId"] in tariffs.ids():
        return status(V21, "DuplicateTariffId", "InvalidValue", "a tariff with this id is here")
    tariffs.install(request["evseId"], tariff)
    station.changed()
    return status(V21, "Accepted")


@on("GetTariffs", V21)
@answers(
    "status, tariffAssignments",
    "the default tariffs with the EVSEs that have them, and those of drivers that are in use with their tokens and "
    "the EVSEs where they charge; NoTariff when there are none; Rejected for an EVSE that there is not",
    clause="I09.FR.01-I09.FR.07",
    state=True,
)
def get_tariffs(station: Station, request: Payload) -> Payload:
    """What tariffs are here."""
    from charge_point.parts import existing
    from charge_point.tariffs import Tariffs

    evses = [one.id for one in station.evses_of(request["evseId"])]
    if not evses:
        return status(V21, "Rejected", "UnknownEvse", "there is no such EVSE")
    tariffs = existing(station, Tariffs)
    found = _assignments(tariffs, evses, bool(request["evseId"])) if tariffs is not None else []
    if not found:
        return status(V21, "NoTariff", "NotFound", "there is no tariff")
    return status(V21, "Accepted") | {"tariffAssignments": found}


def _assignments(tariffs: Tariffs, evses: list[int], single: bool) -> list[Payload]:
    found: dict[str, Payload] = {}
    for evse in evses:
        tariffs.default(evse)  # what is outdated goes
        for since_and in tariffs.defaults.get(evse, ()):
            tariff = since_and.tariff
            entry = found.setdefault(
                tariff["tariffId"],
                {"tariffId": tariff["tariffId"], "tariffKind": "DefaultTariff", "evseIds": []}
                | ({"validFrom": tariff["validFrom"]} if "validFrom" in tariff else {}),
            )
            entry["evseIds"].append(evse)
    for key, driven in tariffs.drivers.items():
        if tariffs.in_use(key):
            where = [
                one.id
                for one in tariffs.station.evses
                if one.id in evses and one.is_authorized and one.token is not None and one.token.key == key
            ]
            if single and not where:
                continue
            id = driven.tariff["tariffId"]
            entry = found.setdefault(id, {"tariffId": id, "tariffKind": "DriverTariff", "idTokens": []})
            entry.setdefault("idTokens", []).append(driven.id)
            if where:
                entry.setdefault("evseIds", []).extend(where)
    return list(found.values())


@on("ClearTariffs", V21)
@answers(
    "clearTariffsResult",
    "Accepted for each tariff that is cleared, of the ids and the EVSE that are named, else of all; a transaction goes "
    "on by its own; one NoTariff, without tariffId, when none fits",
    clause="I10.FR.01-I10.FR.07",
    state=True,
)
def clear_tariffs(station: Station, request: Payload) -> Payload:
    """Remove tariffs."""
    from charge_point.parts import existing
    from charge_point.tariffs import Tariffs

    tariffs = existing(station, Tariffs)
    cleared = _clear(tariffs, request) if tariffs is not None else []
    if tariffs is None or not cleared:
        return {"clearTariffsResult": [{"status": "NoTariff"}]}
    tariffs.keep()
    station.changed()
    return {"clearTariffsResult": [{"tariffId": id, "status": "Accepted"} for id in cleared]}


def _clear(tariffs: Tariffs, request: Payload) -> list[str]:
    """Remove what is asked for; gives the ids, each once."""
    wanted, evse = request.get("tariffIds"), request.get("evseId")
    cleared: dict[str, None] = {}
    for one in tariffs.station.evses_of(evse):
        held = tariffs.defaults.get(one.id, [])
        gone = [other for other in held if wanted is None or other.tariff["tariffId"] in wanted]
        cleared |= dict.fromkeys(other.tariff["tariffId"] for other in gone)
        tariffs.defaults[one.id] = [other for other in held if other not in gone]
    for key, driven in list(tariffs.drivers.items()):
        at = [e.id for e in tariffs.station.evses if e.is_authorized and e.token and e.token.key == key]
        if (wanted is None or driven.tariff["tariffId"] in wanted) and (not evse or evse in at):
            if tariffs.in_use(key):
                cleared[driven.tariff["tariffId"]] = None
            del tariffs.drivers[key]
    return list(cleared)


@on("ChangeTransactionTariff", V21)
@answers(
    "status",
    "TooManyElements and ConditionNotSupported for what TariffCostCtrlr does not allow; TxNotFound; NoCurrencyChange "
    "for another currency; Rejected for a tariff that makes no sense; else Accepted, and TransactionEvent with "
    "TariffChanged follows; CALLERROR NotSupported without TariffCostCtrlr.Enabled[Tariff]",
    clause="I11.FR.01-I11.FR.08",
    state=True,
)
def change_transaction_tariff(station: Station, request: Payload) -> Payload | Answer:
    """Another tariff for a transaction, from now on."""
    from charge_point.tariff_checks import unfit

    tariffs, tariff = _tariffs(station), request["tariff"]
    refused = unfit(station, tariff)
    if refused is not None:
        return status(V21, refused.status, refused.code, refused.words)
    evse = station.transaction(request["transactionId"])
    if evse is None:
        return status(V21, "TxNotFound", "TxNotFound", "there is no such transaction")
    running = tariffs.running.get(evse.id)
    if running is not None and running[1].tariff["currency"] != tariff["currency"]:
        return status(V21, "NoCurrencyChange", "InvalidValue", "a transaction keeps its currency")
    return Answer(status(V21, "Accepted"), lambda: tariffs.change(evse, tariff))
