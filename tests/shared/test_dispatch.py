"""Registering handlers by action and version."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from shared.dispatch import Refuse, on, table
from shared.versions import V2X, V16, V21, V201


def module(*functions: Any, name: str = "block") -> ModuleType:
    made = ModuleType(name)
    for function in functions:
        setattr(made, function.__name__, function)
    return made


def test_a_handler_is_in_the_table_of_its_versions_only() -> None:
    @on("Authorize", *V2X)
    def authorize(context: Any, request: Any) -> Any: ...

    blocks = [module(authorize)]
    assert table(V16, blocks) == {}
    assert table(V201, blocks)["Authorize"].function is authorize
    assert table(V21, blocks)["Authorize"].function is authorize


def test_without_versions_it_serves_all_that_know_the_action() -> None:
    @on("TransactionEvent")
    def transaction(context: Any, request: Any) -> Any: ...

    assert [bool(table(v, [module(transaction)])) for v in (V16, V201, V21)] == [False, True, True]


def test_one_function_may_serve_several_actions() -> None:
    @on("Heartbeat")
    @on("StatusNotification", V16)
    def either(context: Any, request: Any) -> Any: ...

    assert set(table(V16, [module(either)])) == {"Heartbeat", "StatusNotification"}
    assert set(table(V201, [module(either)])) == {"Heartbeat"}


def test_the_table_knows_which_handler_is_asynchronous() -> None:
    @on("Heartbeat")
    def quick(context: Any, request: Any) -> Any: ...

    @on("Authorize")
    async def slow(context: Any, request: Any) -> Any: ...

    handlers = table(V16, [module(quick, slow)])
    assert not handlers["Heartbeat"].is_async
    assert handlers["Authorize"].is_async


def test_an_unknown_action_is_an_error_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="there is no action 'Autorize'"):
        on("Autorize", V16)


def test_so_is_an_action_that_the_version_does_not_have() -> None:
    with pytest.raises(ValueError, match=r"StartTransaction does not exist in OCPP 2\.0\.1"):
        on("StartTransaction", V201)


def test_two_handlers_for_one_action_are_an_error() -> None:
    @on("Heartbeat")
    def one(context: Any, request: Any) -> Any: ...

    @on("Heartbeat", V16)
    def two(context: Any, request: Any) -> Any: ...

    with pytest.raises(ValueError, match=r"two handlers for Heartbeat on OCPP 1\.6, one in second"):
        table(V16, [module(one), module(two, name="second")])
    assert table(V201, [module(one), module(two)])["Heartbeat"].function is one


def test_one_handler_may_be_imported_by_a_second_module() -> None:
    @on("Heartbeat")
    def one(context: Any, request: Any) -> Any: ...

    assert table(V16, [module(one), module(one)])["Heartbeat"].function is one


def test_a_refusal_says_its_code_and_description() -> None:
    refused = Refuse("SecurityError", "not yet")
    assert (str(refused), refused.code, refused.details) == ("SecurityError: not yet", "SecurityError", {})
    assert str(Refuse("GenericError")) == "GenericError"
