"""Tellers: functions that make the station tell something now, registered by message and version.

    @tells("Heartbeat", V16, V201, V21)
    def tell_heartbeat(station: Station, evse: int | None, connector: int | None) -> None: ...

TriggerMessage, a prompt and a scenario reach them by name through `Station.trigger`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from shared.versions import Version

if TYPE_CHECKING:
    from charge_point.station import Station

Teller = Callable[["Station", int | None, int | None], None]


def tells(message: str, *versions: Version) -> Callable[[Teller], Teller]:
    """Register the decorated function as what tells `message` on `versions`."""

    def register(function: Teller) -> Teller:
        told = (*getattr(function, "__tells__", ()), (message, versions))
        function.__tells__ = told  # type: ignore[attr-defined]
        return function

    return register


def table(version: Version, modules: Iterable[ModuleType]) -> dict[str, Teller]:
    """Message -> teller on `version`; ValueError when two tell one message. Built once per version."""
    return _table(version, tuple(modules))


@lru_cache(maxsize=16)
def _table(version: Version, modules: tuple[ModuleType, ...]) -> dict[str, Teller]:
    tellers: dict[str, Teller] = {}
    for module in modules:
        for function in vars(module).values():
            for message, versions in getattr(function, "__tells__", ()):
                if version not in versions:
                    continue
                if tellers.get(message, function) is not function:
                    raise ValueError(f"two tellers of {message} on OCPP {version}, one in {module.__name__}")
                tellers[message] = function
    return tellers
