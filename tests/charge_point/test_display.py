"""Display messages: what may be set, when it is seen, and what is told of it. The ids are the OCTT's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charge_point.authorization import Token
from charge_point.display import TURN, cycle, showing
from charge_point.outbox import Store
from shared.clock import text
from shared.versions import V21, V201, Version
from tests.charge_point.wired import TOKEN, Wired

Payload = dict[str, Any]


def message(id: int = 1, content: str = "hello", *, priority: str = "NormalCycle", **more: Any) -> Payload:
    said = {"format": "UTF8", "content": content} | more.pop("message", {})
    return {"message": {"id": id, "priority": priority, "message": said} | more}


async def shown(wired: Wired) -> list[str]:
    """The texts that take turns now."""
    await wired.settle(0.1)
    return cycle(wired.station)


async def put(wired: Wired, *args: Any, **more: Any) -> str:
    status: str = (await wired.ask("SetDisplayMessage", message(*args, **more)))["status"]
    return status


async def listed(wired: Wired, **wanted: Any) -> list[Payload] | str:
    """What NotifyDisplayMessages say after GetDisplayMessages, or the status of its answer."""
    wired.forget()
    answer = await wired.ask("GetDisplayMessages", {"requestId": 7} | wanted)
    pages = wired.of("NotifyDisplayMessages")
    assert all(page["requestId"] == 7 for page in pages)
    assert [page.get("tbc", False) for page in pages] == [True] * (len(pages) - 1) + [False] * bool(pages)
    if not pages:
        return str(answer["status"])
    assert answer["status"] == "Accepted"
    return [one for page in pages for one in page["messageInfo"]]


def at(wired: Wired, seconds: float) -> str:
    return text(wired.station.clock.time() + seconds)


async def test_a_message_is_seen_and_told_as_it_was_set(version_2x: Version) -> None:  # TC_O_01, TC_O_07
    wired = await Wired(version_2x).start()
    assert await shown(wired) == []
    assert await put(wired, 3) == "Accepted"
    assert await shown(wired) == ["hello"]
    assert await listed(wired, id=[3]) == [message(3)["message"]]
    assert wired.station.model.text("DisplayMessageCtrlr.DisplayMessages") == "1"
    await wired.end()


async def test_the_same_id_replaces_a_message(version_2x: Version) -> None:  # TC_O_12
    wired = await Wired(version_2x).start()
    await put(wired, 3)
    assert await put(wired, 3, "other") == "Accepted"
    assert await shown(wired) == ["other"]
    await wired.end()


@pytest.mark.parametrize("in_transaction", [False, True], ids=["alone", "in a transaction"])
async def test_a_message_is_seen_from_its_start_to_its_end(
    version_2x: Version, in_transaction: bool
) -> None:  # TC_O_13, TC_O_14, TC_O_27, TC_O_28
    wired = await Wired(version_2x).start()
    bound = {"transactionId": await wired.charging()} if in_transaction else {}
    times = {"startDateTime": at(wired, 60), "endDateTime": at(wired, 120)}
    assert await put(wired, 1, **times, **bound) == "Accepted"
    found = await listed(wired, id=[1])
    assert isinstance(found, list)
    assert times.items() <= found[0].items()
    assert await shown(wired) == []
    await wired.settle(60)
    assert await shown(wired) == ["hello"]
    await wired.settle(60)
    assert await shown(wired) == []
    assert await listed(wired, id=[1]) == "Unknown"
    await wired.end()


@pytest.mark.parametrize(
    ("presets", "asked", "status"),
    [
        ({"DisplayMessageCtrlr.SupportedPriorities": "InFront"}, {}, "NotSupportedPriority"),  # TC_O_17
        ({}, {"message": {"format": "HTML"}}, "NotSupportedMessageFormat"),  # TC_O_19
        ({}, {"transactionId": "none"}, "UnknownTransaction"),  # TC_O_10
        ({}, {"display": {"name": "Billboard"}}, "Rejected"),  # O01.FR.22
        ({"DisplayMessageCtrlr.Enabled": False}, {}, "Rejected"),
        ({}, {"endDateTime": "1999-01-01T00:00:00Z"}, "Rejected"),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    version_2x: Version, presets: Payload, asked: Payload, status: str
) -> None:
    wired = await Wired(version_2x, variables=presets).start()
    answer = await wired.ask("SetDisplayMessage", message(1, **asked))
    assert answer["status"] == status
    assert answer["statusInfo"]["reasonCode"]
    assert await listed(wired) == "Unknown"
    await wired.end()


@pytest.mark.parametrize(
    ("version", "state"), [(V201, "Suspended"), (V21, "Discharging")], ids=["2.0.1", "2.1"]
)
async def test_a_state_that_is_not_supported_is_refused(version: Version, state: str) -> None:  # TC_O_18
    presets = {"DisplayMessageCtrlr.SupportedStates": ("Charging", "Idle")} if version is V21 else {}
    wired = await Wired(version, variables=presets).start()
    if version is V21:
        assert await put(wired, 1, state=state) == "NotSupportedState"
    await wired.end()


async def test_the_language_is_the_drivers_and_has_to_be_known() -> None:  # TC_O_100, TC_O_101, O01.FR.19
    wired = await Wired(V21).start()
    assert await put(wired, 1, message={"language": "it"}) == "LanguageNotSupported"
    extra = [{"format": "UTF8", "language": "de", "content": "hallo"}]
    assert await put(wired, 1, message={"language": "en-GB"}, messageExtra=extra) == "Accepted"
    assert await shown(wired) == ["hello"]
    wired.script["Authorize"] = lambda request: {"idTokenInfo": {"status": "Accepted", "language1": "de-AT"}}
    await wired.charging()
    assert await shown(wired) == ["hallo"]
    await wired.end()


async def test_messages_and_their_rest_survive_a_restart(
    version_2x: Version, tmp_path: Path
) -> None:  # TC_O_20
    store = Store(tmp_path)
    wired = await Wired(version_2x, store=store).start()
    await put(wired, 3, state="Idle")
    await put(wired, 4, endDateTime=at(wired, 60))
    await wired.tasks.end()
    again = await Wired(version_2x, store=store).start()
    assert await listed(again, id=[3]) == [message(3, state="Idle")["message"]]
    await again.settle(60)
    assert await listed(again, id=[4]) == "Unknown"
    await again.end()


async def test_messages_in_front_take_turns_and_hide_the_normal_cycle(
    version_2x: Version,
) -> None:  # TC_O_22, _30
    wired = await Wired(version_2x).start()
    id = await wired.charging()
    await put(wired, 9, "normal")
    await put(wired, 1, "one", priority="InFront", transactionId=id)
    await put(wired, 2, "two", priority="InFront", transactionId=id)
    assert await shown(wired) == ["one", "two"]
    first = showing(wired.station)
    await wired.settle(TURN)
    assert {first, showing(wired.station)} == {"one", "two"}
    await wired.end()


async def test_what_is_always_in_front_is_alone_and_takes_the_place_of_the_one_before(
    version_2x: Version,
) -> None:
    wired = await Wired(version_2x).start()  # TC_O_24, TC_O_32
    await put(wired, 5, "in front", priority="InFront")
    await put(wired, 1, "one", priority="AlwaysFront")
    await put(wired, 2, "two", priority="AlwaysFront")
    assert await shown(wired) == ["two"]
    assert await listed(wired, id=[1]) == "Unknown"
    assert len(await listed(wired)) == 2
    await wired.end()


async def test_a_message_is_seen_in_its_state_only(version_2x: Version) -> None:  # TC_O_36 to TC_O_39
    wired = await Wired(version_2x).start()
    for id, state in enumerate(("Charging", "Idle", "Unavailable", "Faulted")):
        assert await put(wired, id, state, state=state) == "Accepted"
    assert await shown(wired) == ["Idle"]
    await wired.charging()
    assert await shown(wired) == ["Charging"]
    await wired.station.present(TOKEN, 1)
    wired.station.unplug(1)
    assert await shown(wired) == ["Idle"]
    await wired.ask("ChangeAvailability", {"operationalStatus": "Inoperative"})
    assert await shown(wired) == ["Unavailable"]
    await wired.ask("ChangeAvailability", {"operationalStatus": "Operative"})
    wired.station.fault(1)
    assert await shown(wired) == ["Faulted"]
    wired.station.clear_fault(1)
    assert await shown(wired) == ["Idle"]
    found = await listed(wired, state="Faulted")
    assert isinstance(found, list)
    assert [one["id"] for one in found] == [3]
    await wired.end()


async def test_a_session_that_is_held_up_is_suspended_on_2_1() -> None:
    wired = await Wired(V21).start()
    await put(wired, 1, "held up", state="Suspended")
    await wired.charging()
    assert await shown(wired) == []
    wired.station.evses[0].ev_pauses()
    assert await shown(wired) == ["held up"]
    await wired.end()


async def test_a_message_of_a_transaction_ends_with_it(version_2x: Version) -> None:  # TC_O_06
    wired = await Wired(version_2x).start()
    await put(wired, 1, transactionId=await wired.charging())
    assert await shown(wired) == ["hello"]
    await wired.station.present(TOKEN, 1)
    assert await shown(wired) == []
    assert await listed(wired, id=[1]) == "Unknown"
    await wired.end()


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [1, 2, 3]),  # TC_O_02
        ({"id": [1, 3]}, [1, 3]),  # TC_O_07
        ({"priority": "InFront"}, [2]),  # TC_O_08
        ({"state": "Charging"}, [3]),  # TC_O_09
        ({"id": [9]}, "Unknown"),  # TC_O_11
        ({"id": [3], "state": "Idle"}, "Unknown"),  # TC_O_34
        ({"id": [3], "priority": "InFront"}, "Unknown"),  # TC_O_35
    ],
)
async def test_messages_are_found_by_id_priority_and_state(
    version_2x: Version, wanted: Payload, ids: list[int] | str
) -> None:
    wired = await Wired(version_2x).start()
    assert await listed(wired, **wanted) == "Unknown"  # TC_O_03, TC_O_33
    await put(wired, 1)
    await put(wired, 2, priority="InFront")
    await put(wired, 3, state="Charging")
    found = await listed(wired, **wanted)
    assert (found if isinstance(found, str) else [one["id"] for one in found]) == ids
    await wired.end()


async def test_a_cleared_message_is_gone(version_2x: Version) -> None:  # TC_O_04, TC_O_05
    wired = await Wired(version_2x).start()
    await put(wired, 1)
    assert (await wired.ask("ClearDisplayMessage", {"id": 2}))["status"] == "Unknown"
    assert (await wired.ask("ClearDisplayMessage", {"id": 1}))["status"] == "Accepted"
    assert (await shown(wired), await listed(wired)) == ([], "Unknown")
    await wired.end()


async def test_no_more_are_taken_than_fit_and_many_come_in_pages(version_2x: Version) -> None:  # O01.FR.11
    wired = await Wired(version_2x).start()
    for id in range(20):
        assert await put(wired, id) == "Accepted"
    assert await put(wired, 20) == "Rejected"
    assert await put(wired, 19, "in its place") == "Accepted"
    assert len(await listed(wired)) == 20
    assert len(wired.of("NotifyDisplayMessages")) == 4
    await wired.end()


async def test_a_station_without_a_display_says_so(version_2x: Version) -> None:
    from charge_point.definitions import FEATURES

    wired = await Wired(version_2x, features=FEATURES - {"display"}).start()
    assert await wired.refused("SetDisplayMessage", message()) == "NotSupported"
    assert await listed(wired) == "Unknown"
    assert (await wired.ask("ClearDisplayMessage", {"id": 1}))["status"] == "Unknown"
    await wired.end()


# --- what the station itself shows (I01 to I06) ---------------------------------------------------------------

PRICE = {"personalMessage": {"format": "UTF8", "content": "0.30 per kWh"}}


def costly(answer: Payload) -> Any:
    """A CSMS that answers each TransactionEvent with this, of its token nothing new."""
    return lambda request: answer | ({"idTokenInfo": {"status": "Accepted"}} if "idToken" in request else {})


async def test_tariff_running_cost_and_total_are_seen(
    version_2x: Version,
) -> None:  # TC_I_01, TC_I_02, TC_I_07
    wired = await Wired(version_2x).start()
    wired.script["Authorize"] = lambda request: {"idTokenInfo": {"status": "Accepted"} | PRICE}
    id = await wired.charging()
    assert await shown(wired) == ["0.30 per kWh"]
    await wired.ask("CostUpdated", {"transactionId": id, "totalCost": 1.5})
    assert await shown(wired) == ["0.30 per kWh", "1.50 EUR"]
    update = {"updatedPersonalMessage": {"format": "UTF8", "content": "0.40 per kWh"}, "totalCost": 2}
    wired.script["TransactionEvent"] = costly(update)
    wired.station.evses[0].ev_pauses()
    assert await shown(wired) == ["0.40 per kWh", "2.00 EUR"]
    wired.script["TransactionEvent"] = costly({"totalCost": 3.25})
    await wired.station.present(TOKEN, 1)
    assert await shown(wired) == ["3.25 EUR"]
    wired.station.unplug(1)
    assert await shown(wired) == ["3.25 EUR"]
    await wired.settle(60)
    assert await shown(wired) == []
    await wired.end()


async def test_what_is_not_known_has_a_text_that_stands_in(
    version_2x: Version,
) -> None:  # I04.FR.01, I05.FR.02
    language = "[en]" if version_2x is V21 else ""
    presets = {
        f"TariffCostCtrlr.TariffFallbackMessage{language}": "ask at the desk",
        f"TariffCostCtrlr.TotalCostFallbackMessage{language}": "see your bill",
    }
    wired = await Wired(version_2x, variables=presets).start()
    await wired.charging()
    assert await shown(wired) == ["ask at the desk"]
    await wired.station.present(Token("04A1B2C3"), 1)
    assert await shown(wired) == ["see your bill"]
    wired.station.unplug(1)
    assert await shown(wired) == []
    await wired.end()
