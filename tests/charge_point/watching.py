"""A station on the wire and a CSMS that has its variables watched, for the tests of monitoring."""

from __future__ import annotations

from typing import Any

from shared.versions import Version
from tests.charge_point.wired import WIDE, Wired

Payload = dict[str, Any]


class Watching(Wired):
    """Names are written `Component#evse.connector.Variable`; an item is the SetMonitoringData of one."""

    def __init__(self, version: Version, **setup: Any) -> None:
        variables = {**WIDE, **setup.pop("variables", {})}
        super().__init__(version, variables=variables, **setup)

    async def start(self) -> Watching:
        await super().start()
        return self

    def item(self, name: str, type: str, value: float, severity: int = 5, **more: Any) -> Payload:
        """One SetMonitoringData."""
        return place(name) | {"type": type, "value": value, "severity": severity} | more

    async def set(self, *items: Payload) -> list[Payload]:
        """Set monitors; gives the results, which name what was asked for (N04.FR.01, .02)."""
        answer = await self.ask("SetVariableMonitoring", {"setMonitoringData": list(items)})
        results: list[Payload] = answer["setMonitoringResult"]
        for item, result in zip(items, results, strict=True):
            for name in ("type", "severity", "component", "variable"):
                assert result[name] == item[name]
            assert ("id" in result) is (result["status"] == "Accepted" or "id" in item)
        return results

    async def statuses_of(self, *items: Payload) -> list[str]:
        """Set monitors; gives the statuses."""
        return [result["status"] for result in await self.set(*items)]

    async def watch(self, name: str, type: str, value: float, severity: int = 5, **more: Any) -> int:
        """Set one; gives its id."""
        (result,) = await self.set(self.item(name, type, value, severity, **more))
        assert result["status"] == "Accepted", result
        id: int = result["id"]
        return id

    async def monitors(self, *names: str, criteria: list[str] | None = None) -> list[Payload]:
        """The monitors reported, each with `name`; [] for EmptyResultSet."""
        before = len(self.of("NotifyMonitoringReport"))
        request: Payload = {"requestId": 7}
        if names:
            request["componentVariable"] = [place(name) for name in names]
        if criteria:
            request["monitoringCriteria"] = criteria
        answer = await self.ask("GetMonitoringReport", request)
        await self.settle(2)
        pages = self.of("NotifyMonitoringReport")[before:]
        assert answer["status"] == ("Accepted" if pages else "EmptyResultSet")
        assert [page["seqNo"] for page in pages] == list(range(len(pages)))
        assert [page["tbc"] for page in pages] == [True] * (len(pages) - 1) + [False] * bool(pages)
        assert all(page["requestId"] == 7 for page in pages)
        return [
            one | {"name": spelled(entry)}
            for page in pages
            for entry in page["monitor"]
            for one in entry["variableMonitoring"]
        ]

    def told(self, id: int | None = None) -> list[Payload]:
        """The events of monitors that were told, or those of this one."""
        every = [event for notice in self.of("NotifyEvent") for event in notice["eventData"]]
        assert all(notice["seqNo"] == 0 for notice in self.of("NotifyEvent"))  # N07.FR.07
        mine = [event for event in every if "variableMonitoringId" in event]
        return [event for event in mine if id in (None, event["variableMonitoringId"])]

    def values(self, id: int) -> list[str]:
        """The values that were told of it."""
        return [event["actualValue"] for event in self.told(id)]


def place(name: str) -> Payload:
    """`EVSE#1.Power` -> component and variable of the wire; without a variable, the component alone."""
    component, _, rest = name.partition("#")
    variable = ""
    evse: Payload = {}
    if rest:
        parts = rest.split(".")
        evse["id"] = int(parts[0])
        if len(parts) > 1 and parts[1].isdigit():
            evse["connectorId"] = int(parts[1])
        variable = "" if parts[-1].isdigit() else parts[-1]
    else:
        component, _, variable = name.partition(".")
    found: Payload = {"component": {"name": component} | ({"evse": evse} if evse else {})}
    return found | ({"variable": {"name": variable}} if variable else {})


def spelled(entry: Payload) -> str:
    """The name of what an entry or event is about."""
    evse = entry["component"].get("evse", {})
    where = ".".join(str(evse[name]) for name in ("id", "connectorId") if name in evse)
    return f"{entry['component']['name']}{'#' if where else ''}{where}.{entry['variable']['name']}"
