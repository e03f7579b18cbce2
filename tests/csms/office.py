"""A CSMS without a network: stations that ask its handlers, with a clock that the test sets."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

from csms.authorizer import Authorizer, TokenPolicy
from csms.ledger import Ledger
from csms.payments import Payments
from csms.policies import Policies
from csms.registrar import Registrar
from csms.server import Csms, handlers
from csms.session import Session
from csms.tariff import Tariff
from csms.vendors import Vendors
from shared.actions import SENDS
from shared.clock import Clock, text
from shared.dispatch import Answer, Payload
from shared.journal.entry import NOTE, Entry
from shared.journal.journal import Journal
from shared.versions import V16, Version
from shared.wire.schema import document, schemas

EPOCH = 1_767_261_600.0
"""2026-01-01T10:00:00Z."""


def at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """What a handler gives that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


class Office:
    """One CSMS. Policies that a test does not name are the defaults."""

    def __init__(
        self,
        *,
        tokens: TokenPolicy | None = None,
        upstream: bool = False,
        registrar: Registrar | None = None,
        tariff: Tariff | None = None,
        vendors: Vendors | None = None,
        payments: Payments | None = None,
    ) -> None:
        self.elapsed = 0.0
        ledger = Ledger(upstream=upstream)
        self.policies = Policies(
            registrar=registrar or Registrar(upstream=upstream),
            authorizer=Authorizer(tokens, ledger),
            ledger=ledger,
            tariff=tariff or Tariff(upstream=upstream),
            vendors=vendors or Vendors(upstream=upstream),
            payments=payments,
            upstream=upstream,
        )
        self.journal = Journal(Clock(lambda: self.elapsed, EPOCH))
        self.csms = Csms(self.policies, self.journal)
        self.connections = 0

    def station(self, version: Version, id: str = "CP1", *, booted: bool = True) -> Station:
        """A new connection of the station called `id`, whose record is the one it had."""
        self.connections += 1
        station = Station(self, version, id, self.connections)
        if booted and station.record.registration is None:
            station.record.registration = "Accepted"
        return station


class Station:
    """One connection of a station: `ask` sends a request through gate and handler."""

    def __init__(self, office: Office, version: Version, id: str, number: int) -> None:
        self.office = office
        self.version = version
        records = office.csms.records
        self.record = records.get(id) or records.setdefault(id, office.policies.new_record(id, version))
        self.session = Session(office.csms, id, version, self.record, f"ws://127.0.0.1:9000/{id}", number)
        self.session.peer = SimpleNamespace(ref=number)  # type: ignore[assignment]

    def ask(self, action: str, payload: Payload | None = None, **members: Any) -> Payload:
        """The CSMS's answer; both are held against the schemas. Raises what gate or handler raise."""
        request = {**(payload or {}), **members}
        assert not (broken := schemas(self.version).violations(action, request)), broken
        self.office.policies.gate(self.session, action, request)
        answer = handlers(self.version)[action].function(self.session, request)
        if inspect.iscoroutine(answer):
            answer = at_once(answer)
        found: Payload = answer.payload if isinstance(answer, Answer) else answer
        if action not in SENDS:
            assert not (broken := schemas(self.version).violations(action, found, answer=True)), broken
        return found

    def called(self, action: str, request: Payload, answer: Payload | None = None) -> None:
        """The CSMS sends a call, and is answered unless `answer` is None."""
        assert not (broken := schemas(self.version).violations(action, request)), broken
        self.office.policies.expect(self.session, action, request)
        if answer is not None:
            assert not (broken := schemas(self.version).violations(action, answer, answer=True)), broken
            self.office.policies.answered(self.session, action, request, answer)

    def boot(self) -> Payload:
        """A BootNotification."""
        return self.ask("BootNotification", sample(self.version, "BootNotification"))

    def event(
        self,
        kind: str,
        number: int,
        transaction: str = "TX1",
        *,
        at: str = "",
        token: str = "",
        **members: Any,
    ) -> Payload:
        """A TransactionEvent."""
        request: Payload = {
            "eventType": kind,
            "timestamp": at or text(EPOCH + number),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": number,
            "transactionInfo": {"transactionId": transaction, **members.pop("info", {})},
        }
        if token:
            request["idToken"] = {"idToken": token, "type": "ISO14443"}
        return self.ask("TransactionEvent", {**request, **members})

    @property
    def notes(self) -> list[Entry]:
        """The notes about this station, oldest first."""
        return [e for e in self.office.journal if e.sort == NOTE and e.station == self.session.id]

    def noted(self, name: str) -> list[Entry]:
        """The notes called `name`."""
        return [entry for entry in self.notes if entry.note == name]


def token_of(version: Version, text: str) -> Payload:
    """An Authorize request."""
    return {"idTag": text} if version is V16 else {"idToken": {"idToken": text, "type": "ISO14443"}}


def status_of(answer: Payload) -> str:
    """The status of the token in an answer of any version."""
    info = answer.get("idTagInfo") or answer["idTokenInfo"]
    return str(info["status"])


def sample(version: Version, action: str, *, full: bool = False) -> Payload:
    """A request of `action` that obeys its schema, with the required members only or with all."""
    schema = document(version, action)
    made = _sample(schema, schema, full, 0)
    assert isinstance(made, dict)
    return made


def _sample(root: Payload, schema: Payload, full: bool, depth: int) -> Any:
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        wanted = schema.get("required", []) if not full else [*schema.get("properties", {})]
        return {name: _sample(root, schema["properties"][name], full, depth + 1) for name in wanted}
    if kind == "array":
        return [
            _sample(root, schema["items"], full, depth + 1) for _ in range(max(1, schema.get("minItems", 1)))
        ]
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1) if schema.get("maximum", 1) >= 1 else schema["maximum"]
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return "2026-01-01T10:00:00.000Z"
    return "http://x.example"[: schema.get("maxLength", 16)]
