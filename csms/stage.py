"""The central system as a scenario's stage: listens or is dialled in memory, sends commands, knows how things stand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from csms import commands
from csms.making import admission_of, csms_of, library_of, tls_of
from csms.server import Csms, handlers
from csms.stage_door import door_of
from csms.stage_options import options_of
from shared.link import Link
from shared.option_fields import UsageError
from shared.peer import CallFailed
from shared.scenario.stage import Broken, CannotConnect, CannotDo, NotHere, NotMet, Setting, Stub, overlaid

if TYPE_CHECKING:
    from csms.files_servers import FileServers
    from csms.session import Session
    from shared.peer import Peer
    from shared.transfer import Transport
    from shared.versions import Version

NEUTRAL = {
    "authorize_remote_start": "AuthCtrlr.AuthorizeRemoteStart",
    "heartbeat_interval": "OCPPCommCtrlr.HeartbeatInterval",
    "meter_interval": "SampledDataCtrlr.TxUpdatedInterval",
    "plug_timeout": "TxCtrlr.EVConnectionTimeOut",
    "stop_on_invalid": "TxCtrlr.StopTxOnInvalidId",
    "local_list": "LocalAuthListCtrlr.Enabled",
}
"""Settings of a station in our words, and the variable that each is; a 1.6 key is found by it."""


class CsmsStage:
    """One central system. Owns its `Csms`; `station` of every method is an identity."""

    role = "csms"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.options = options_of(setting)
        self.csms: Csms
        self._stubs: dict[str, Stub] = {}
        self._changed: dict[tuple[str, str], str] = {}
        self._arrived: asyncio.Event = asyncio.Event()
        self._servers: FileServers | None = None

    @property
    def bugs(self) -> list[BaseException]:
        """Errors of our own."""
        return self.csms.bugs if hasattr(self, "csms") else []

    # --- its life -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen where the program's options say, and wait for a station; in a pair only be there."""
        self._make()
        if self._setting.options is None:
            return
        # a station that comes back does not boot again (OCPP-J 1.6 §5.4; 2.x part 4 §5.3/5.4)
        self.csms.remember(self._setting.memory.get("records", {}))
        if self.options.files is not None:
            await self._serve_files()
        try:
            port = await door_of(self._setting.memory).open(self.csms, self.options)
        except OSError as problem:
            where = f"{self.options.host}:{self.options.port}"
            raise CannotConnect(f"cannot listen on {where}: {problem.strerror or problem}") from None
        try:
            async with asyncio.timeout(self._setting.patience):
                await self._arrived.wait()
                while (before := self._setting.memory.get("station under test")) and not self.csms.find(
                    before
                ):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            if self.present:  # the one of the scenario before stays away; another will do
                return
            raise CannotConnect(
                f"no station connected to port {port} within {self._setting.patience:g} s (--wait-for SECONDS)"
            ) from None

    def _make(self) -> None:
        setting = self._setting
        options = replace(
            self.options,
            run_id=setting.run_id,
            seed=setting.seed,
            schema=setting.schema,
            message_timeout=setting.timeout,
        )
        self.csms = csms_of(options, self._setting.journal)
        self.csms.on_change = self._on_change
        if setting.options is None:
            self.csms.files = library_of(self.options, self.csms)
        for injection in self._setting.inject:
            self.csms.faults.add(injection)

    @property
    def network(self) -> Transport | None:
        """How the stations of a pair reach files: those that this central system serves."""
        from csms.files_memory import MemoryNetwork

        return None if self.csms.files is None else MemoryNetwork(self.csms.files)

    async def listen(self) -> str:
        """Accept stations on a free port of this machine; gives the address to dial."""
        self._make()
        port = await self.csms.listen("127.0.0.1", 0, admission_of(self.options))
        return f"ws://127.0.0.1:{port}"

    def accept(self, link: Link, identity: str, version: Version, url: str) -> None:
        """Serve a station that came in memory; RuntimeError when a fault turns it down."""
        turned_down = self.csms.faults.handshake(identity) if len(self.csms.faults) else None
        if turned_down is not None:
            raise RuntimeError(f"{url}: turned down: {turned_down.reason}")
        self.csms.tasks.spawn(self.csms.serve(link, identity, version, url))

    async def stop(self) -> None:
        """Close everything."""
        if hasattr(self, "csms"):
            if self._servers is not None:
                await self._servers.stop()
            await self.csms.stop()
            self._setting.memory["records"] = self.csms.records

    @property
    def present(self) -> list[tuple[str, Version]]:
        """The stations that are connected, the first first, with their versions."""
        return [(session.id, session.version) for session in self.csms.sessions.values()]

    # --- what a stage does --------------------------------------------------------------------------------

    def peer(self, station: str) -> Peer | None:
        """The connection of a station."""
        session = self.csms.find(station)
        return session.peer if session is not None else None

    async def act(self, verb: str, station: str, arguments: Mapping[str, Any]) -> Any:
        """`build` and `call` a command, `restore_config`, and what a station's operator cannot do."""
        act = getattr(self, f"_do_{verb}", None)
        if act is None:
            raise NotHere(f"a central system cannot {verb}")
        return await act(station, **arguments)

    def ask(self, question: str, station: str) -> Any:
        """billed (Wh of the closed transactions), open, closed, status, registration, boots, connected."""
        answer = QUESTIONS.get(question)
        if answer is None:
            raise Broken(f"nobody can ask a central system {question!r} ({', '.join(QUESTIONS)})")
        return answer(self.csms, station)

    async def meet(self, need: str, wanted: Any, station: str) -> None:
        """`token`: it is known, with its `status` (Accepted unless it says otherwise). `files`: they are served."""
        if need == "files":
            await self._serve_files()
            return
        if need != "token":
            raise NotMet(f"a central system of ours cannot see to {need!r}")
        token, status = wanted, "Accepted"
        if isinstance(wanted, dict):
            token, status = wanted["token"], wanted.get("status", "Accepted")
        try:
            self.csms.authorizer.set_status(str(token), status)
        except ValueError as wrong:
            raise Broken(str(wrong)) from None

    async def _serve_files(self) -> None:
        """Serve files to stations that are not ours; ours reach them anyhow."""
        if self.csms.files is not None:
            return
        from csms.files_servers import FileServers

        self._servers = FileServers(self.csms, self.options)
        try:
            await self._servers.begin(tls_of(self.options))
        except UsageError as wrong:
            raise NotMet(str(wrong)) from None

    def stub(self, action: str, answer: Stub | None) -> None:
        """Serve an action otherwise."""
        if answer is None:
            self._stubs.pop(action, None)
        else:
            self._stubs[action] = answer
        for session in self.csms.sessions.values():
            self._overlay(session)

    def _overlay(self, session: Session) -> None:
        if self._stubs:
            session.peer.handlers = overlaid(handlers(session.version), self._stubs)

    def _on_change(self, session: Session, what: str) -> None:
        if what == "connected":
            self._overlay(session)
            self._arrived.set()

    def _session(self, station: str) -> Session:
        session = self.csms.find(station)
        if session is None:
            raise CannotDo(f"{station} is not connected")
        return session

    # --- commands -----------------------------------------------------------------------------------------

    async def _do_build(self, station: str, name: str, options: Any) -> tuple[str, dict[str, Any]]:
        """The action and payload of a command; a neutral setting is written as the version's variable."""
        session = self._session(station)
        if not isinstance(options, Mapping):  # a bare value is the command's first option
            words = options if isinstance(options, list) else [options]
            wanted = commands.Options(words=tuple(map(_text, words)))
        elif name == "set_config":
            options = {NEUTRAL.get(key, key): _text(value) for key, value in options.items()}
            for key in options:
                await self._remember(session, key)
            wanted = commands.given(dict(options))
        else:
            wanted = commands.given(dict(options))
        try:
            request = commands.build(session, name, wanted)
        except commands.NotOnThisVersion as missing:
            raise NotHere(str(missing)) from None
        except UsageError as wrong:
            raise Broken(str(wrong)) from None
        return request.action, request.payload

    async def _do_call(self, station: str, action: str, payload: Any, timeout: float | None = None) -> Any:
        """Call a station, and take note of what may follow."""
        session = self._session(station)
        return await self.csms.call(session, action, payload, timeout=timeout)

    async def _remember(self, session: Session, key: str) -> None:
        """The value that a variable has before it is changed, once."""
        if (session.id, key) in self._changed:
            return
        try:
            request = commands.build(session, "get_variables", commands.given({"names": [key]}))
        except (UsageError, commands.NotOnThisVersion) as wrong:
            raise Broken(str(wrong)) from None
        answer = await self.csms.call(session, request.action, request.payload)
        value = _value_in(answer)
        if value is None:
            raise NotHere(f"{session.id} has no variable {key}")
        self._changed[session.id, key] = value

    async def _do_files_fault(self, station: str, fault: str) -> None:
        """Let something go wrong with files, or nothing any more."""
        from csms.files_faults import file_faults

        if self.csms.files is None:
            raise NotHere("no files are served")
        try:
            made = [] if fault == "none" else list(file_faults([fault]))
        except ValueError as wrong:
            raise Broken(f"files: {wrong}") from None
        self.csms.files.faults = [*self.csms.files.faults, *made] if made else []

    async def _do_rollout(
        self,
        station: str,
        stations: list[str],
        file: str,
        wave: int,
        most_failures: int,
        patience: float,
    ) -> dict[str, list[str]]:
        """Update stations in waves."""
        from csms.rollout import RollOut

        made = RollOut(self.csms, stations, wave=wave, most_failures=most_failures, patience=patience)
        try:
            await made.run(file=file)
        except UsageError as wrong:
            raise Broken(str(wrong)) from None
        return {"updated": made.updated, "failed": list(made.failed), "left": made.left}

    async def _do_open_page(self, station: str, url: str, timeout: int) -> dict[str, Any]:
        """Somebody opens the address in a QR code: of a genuine one the station is told (2.1 C25.FR.07, .08, .21)."""
        from csms.web_payments import opened

        session = self._session(station)
        try:
            page = opened(session.station, url, self.csms.clock.time())
        except ValueError as wrong:
            return {"valid": False, "why": str(wrong)}
        await self.csms.call(
            session, "NotifyWebPaymentStarted", {"evseId": page.evse, "timeout": timeout}, timeout=None
        )
        return {"valid": True, "why": "", "evse": page.evse, **page.limits}

    async def _do_restore_config(self, station: str) -> None:
        """Put back every variable of a station that was changed."""
        for name, key in [changed for changed in self._changed if changed[0] == station]:
            value = self._changed.pop((name, key))
            session = self._session(station)
            request = commands.build(session, "set_variables", commands.given({key: value}))
            await self.csms.call(session, request.action, request.payload)

    async def _do_ask_for_boot(self, station: str) -> None:
        """Have a station that does not boot say whether it is registered: it may know us from an earlier run.

        One that was accepted rejects the trigger (2.x F06.FR.17; 1.6 errata 3.35), and counts as registered; so does
        one that has no such trigger. Of the others a boot follows.
        """
        session = self._session(station)
        try:
            answer = await self.csms.call(session, "TriggerMessage", {"requestedMessage": "BootNotification"})
        except CallFailed as failed:
            answer = {"status": str(failed)}
        if answer["status"] != "Accepted" and session.station.registration is None:
            session.station.registration = "Accepted"
            words = f"counts as registered: asked to boot it said {answer['status']}"
            session.note("registered_before", words)

    async def _do_hang_up(self, station: str) -> None:
        """Cut the connection of a station."""
        self._session(station).peer.abort()

    async def _do_inject(self, station: str, spec: Any) -> None:
        """Put a fault of `shared.faults` in force at this end."""
        try:
            self.csms.faults.add(spec)
        except UsageError as wrong:
            raise Broken(f"inject: {wrong}") from None

    async def _do_reset_faults(self, station: str) -> None:
        """Take all faults away."""
        self.csms.faults.reset()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value_in(answer: Mapping[str, Any]) -> str | None:
    """The one value in the answer to GetConfiguration or GetVariables."""
    for entry in answer.get("configurationKey", ()):
        return str(entry.get("value", ""))
    for entry in answer.get("getVariableResult", ()):
        if entry.get("attributeStatus") == "Accepted":
            return str(entry.get("attributeValue", ""))
    return None


def _record(csms: Csms, station: str) -> Any:
    found = next((r for name, r in csms.records.items() if name.lower() == station.lower()), None)
    if found is None:
        raise CannotDo(f"{station} never connected")
    return found


def _billed(csms: Csms, station: str) -> float:
    return float(sum(bill.energy or 0.0 for bill in csms.ledger.billed(_record(csms, station))))


def _status(csms: Csms, station: str) -> str:
    statuses = _record(csms, station).statuses or {}
    return next((status for (_, connector), status in statuses.items() if connector), "")


def _firmware(boot: Mapping[str, Any]) -> str:
    """The version that a station told when it booted last."""
    return str(boot.get("firmwareVersion") or boot.get("chargingStation", {}).get("firmwareVersion", ""))


def _uploads(csms: Csms, station: str) -> int:
    """How many files a station has brought."""
    return csms.files.count_of(station) if csms.files is not None else 0


QUESTIONS: dict[str, Callable[[Csms, str], Any]] = {
    "billed": _billed,
    "open": lambda csms, station: len(csms.ledger.open(_record(csms, station))),
    "closed": lambda csms, station: len(csms.ledger.billed(_record(csms, station))),
    "count_transactions": lambda csms, station: (
        len(csms.ledger.open(_record(csms, station))) + len(csms.ledger.billed(_record(csms, station)))
    ),
    "status": _status,
    "registration": lambda csms, station: _record(csms, station).registration or "",
    "boots": lambda csms, station: _record(csms, station).boots,
    "firmware": lambda csms, station: _firmware(_record(csms, station).boot or {}),
    "uploads": _uploads,
    "connected": lambda csms, station: csms.find(station) is not None,
    "local_list_version": lambda csms, station: _record(csms, station).local_list_version,
}
"""What can be asked of a central system of ours."""
