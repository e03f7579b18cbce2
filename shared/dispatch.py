"""Handlers: plain functions that see the wire, registered by action and version.

    @on("Authorize", V16)
    def authorize_16(session: Session, request: Payload) -> Payload:
        return {"idTagInfo": ...}

A handler gets the owner of the connection (a `Session` at the CSMS, a `Station` at the charge point) and the
request's payload, and gives the answer's payload, as a dict in OCPP's spelling or as one of `ocpp`'s
`call_result` dataclasses. A synchronous handler is answered inline, an asynchronous one in a task of its own.
Signatures are looked at once, when registered.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from types import ModuleType
from typing import Any, NamedTuple

from shared.actions import ACTIONS
from shared.versions import Version

Payload = dict[str, Any]
Consequence = Callable[[], Awaitable[object] | None]


class Refuse(Exception):
    """Raised by a handler to answer with a CALLERROR on purpose.

    `code` is one of `shared.versions.ERROR_CODES` for the connection's version. Never use it for a business
    refusal: that is a status in the answer (OCPP-J 1.6 §4.2.2, 2.x part 4 §4.2.2).
    """

    def __init__(self, code: str, description: str = "", details: Payload | None = None) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details = details or {}


class Answer(NamedTuple):
    """An answer whose consequence must come after it on the wire (FR.05; F06.FR.04; 1.6 §5.17).

    `then` takes no arguments, is called once the answer has been handed to the link, and may be asynchronous.
    """

    payload: Payload
    then: Consequence


class NoAnswer(Exception):
    """Raised by a handler whose version demands silence (a rejected 1.6 station: 1.6 §4.2)."""


class Handler(NamedTuple):
    """One registered handler: the function, and whether it is asynchronous."""

    function: Callable[[Any, Payload], Any]
    is_async: bool


Table = dict[str, Handler]
"""Action -> handler, for one role and version."""


def on(action: str, *versions: Version) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the handler of `action` on `versions` (all that know it if none given).

    Raises ValueError when a version does not know the action.
    """
    catalogued = ACTIONS.get(action)
    if catalogued is None:
        raise ValueError(f"@on: there is no action {action!r}")
    chosen = versions or catalogued.versions
    unknown = [v.name for v in chosen if v not in catalogued.versions]
    if unknown:
        raise ValueError(f"@on: {action} does not exist in OCPP {', '.join(unknown)}")

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        served = (*getattr(function, "__serves__", ()), (action, chosen))
        function.__serves__ = served  # type: ignore[attr-defined]
        return function

    return register


def table(version: Version, modules: Iterable[ModuleType]) -> Table:
    """The handlers that `modules` register for `version`; ValueError when two serve one action."""
    handlers: Table = {}
    for module in modules:
        for function in vars(module).values():
            for action, versions in getattr(function, "__serves__", ()):
                if version not in versions:
                    continue
                if action in handlers and handlers[action].function is not function:
                    raise ValueError(f"two handlers for {action} on OCPP {version}, one in {module.__name__}")
                handlers[action] = Handler(function, inspect.iscoroutinefunction(function))
    return handlers
