"""Central systems that misbehave: what each does on the wire, and that our own station lives with it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from csms import persona, persona_keys
from csms.making import admission_of, csms_of, listen
from csms.options import resolve
from csms.persona import Handshake
from shared.clock import Clock, parse
from shared.dialer import DialFailed, Target, dial
from shared.faults import parse as fault
from shared.journal.entry import CLOSE, FRAME, IN, OUT, Entry
from shared.journal.journal import Journal
from shared.option_fields import UsageError, as_json
from shared.report.events import Verdict
from shared.versions import V16, VERSIONS, Version
from tests.csms.dialled import tries
from tests.scenario.played import Played, play
from tests.support import each_version, in_real_time

NAMES = persona.names()

SESSION = """
  - registered
  - plug_in
  - present: $tokens.valid
  - wait: 3min
  - present: $tokens.valid
  - wait: 2min
  - unplug
  - wait: 3min
  - check: {station.online: true, station.transactions: 0, station.owed: 0, station.status: Available}
"""
"""What somebody does at a station, whatever the central system makes of it. At the end nothing may be owed, be it
delivered or given up after the attempts that there are (1.6 §3.7; E13)."""

BREAKS_THE_BOOT = {"extra_fields", "null_fields", "time_without_offset"}
"""Whose boot answers break the schema: a station that insists on it is never registered."""

NOBODY_CHARGES = {"empty_answers", "slow_authorization"}
"""Who never says in time that a token may charge."""

TAKES_LONG = {"slow_answers"}
"""Who makes a station try each message as often as it does."""

AT_THE_STATION = {"two_calls_at_once": "late_answer:after=5,action=GetLocalListVersion"}
"""Faults at the station's end without which nothing shows."""

AT_THE_HANDSHAKE = {
    "one_version_parser",
    "first_version_only",
    "unoffered_subprotocol",
    "no_subprotocol_answer",
    "ignored_pings",
}
"""Who shows over sockets only."""


class Seen(NamedTuple):
    """One frame as the station saw it: seconds, whether it came from the central system, and its parts."""

    at: float
    came: bool
    kind: int
    id: Any
    rest: list[Any]

    @property
    def action(self) -> str:
        """Of a call."""
        return str(self.rest[0]) if self.kind == 2 else ""


class Wire:
    """A conversation at the station's end."""

    def __init__(self, entries: list[Entry], version: Version) -> None:
        ours = [e for e in entries if e.end == "charge_point"]
        self.version = version
        self.frames = [_seen(e) for e in ours if e.sort == FRAME and e.dir in (IN, OUT)]
        self.closes = [str(e.what) for e in ours if e.sort == CLOSE]
        self.findings = Counter((e.end, e.note) for e in entries if e.clause)

    def calls(self, *actions: str, came: bool = False) -> list[Seen]:
        """Calls of these actions, of the station unless they `came`."""
        return [f for f in self.frames if f.kind == 2 and f.came is came and f.action in actions]

    @property
    def starts(self) -> list[Seen]:
        """The first messages of transactions."""
        return [c for c in self.calls("StartTransaction", "TransactionEvent") if _is_start(c)]

    @property
    def ends(self) -> list[Seen]:
        """The last messages of transactions."""
        ended = [c for c in self.calls("TransactionEvent") if c.rest[1]["eventType"] == "Ended"]
        return self.calls("StopTransaction") + ended

    def replies(self, call: Seen) -> list[Seen]:
        """The frames under the id of a call that answer it, in the other direction."""
        return [f for f in self.frames if f.kind in (3, 4) and f.came is not call.came and f.id == call.id]

    def reply(self, call: Seen) -> Seen:
        """The first of them."""
        return self.replies(call)[0]

    def payloads(self, *actions: str) -> list[Any]:
        """The payloads of the answers that came to the station's calls of these actions."""
        return [f.rest[0] for call in self.calls(*actions) for f in self.replies(call) if f.kind == 3]

    def answered_by_station(self, action: str) -> list[Any]:
        """What the station answered to calls of `action`: payloads, or the codes of its errors."""
        return [f.rest[0] for call in self.calls(action, came=True) for f in self.replies(call)]

    @property
    def boots(self) -> list[Any]:
        """The answers to the boots."""
        return self.payloads("BootNotification")

    def token_infos(self, *actions: str) -> list[Any]:
        """What the answers say of the token."""
        found = [a.get("idTagInfo") or a.get("idTokenInfo") for a in self.payloads(*actions)]
        return [info for info in found if info]


def _seen(entry: Entry) -> Seen:
    kind, unique, *rest = json.loads(entry.what)
    return Seen(entry.t, entry.dir == "in", kind, unique, rest)


def _is_start(call: Seen) -> bool:
    return call.action == "StartTransaction" or call.rest[1]["eventType"] == "Started"


def wires(name: str, version: Version, steps: str = SESSION, **bench: Any) -> tuple[Played, Wire]:
    """A session of our station with a persona on one version."""
    if name in TAKES_LONG:
        steps = steps.replace("wait: 3min\n  - check", "wait: 2h\n  - check")
    head = f"role: charge_point\ncsms: {{persona: {name}}}"
    inject = tuple(fault(AT_THE_STATION[each]) for each in AT_THE_STATION if each == name)
    played = play(steps, head=head, versions=[version], inject=inject, **bench)
    return played, Wire(played.journals[0], version)


# --- what each does -------------------------------------------------------------------------------------------


Shows = Callable[[Wire], bool]
SHOWN: dict[str, Shows] = {}


def shows(name: str) -> Callable[[Shows], Shows]:
    """What a persona is to be seen doing."""

    def register(look: Shows) -> Shows:
        SHOWN[name] = look
        return look

    return register


@shows("transaction_id_zero")
def _(w: Wire) -> bool:
    (start,) = w.payloads("StartTransaction") if w.version is V16 else [w.reply(w.starts[0]).rest[0]]
    if w.version is not V16:  # C10/E05: DeAuthorized ends it
        return start["idTokenInfo"]["status"] == "Invalid" and len(w.ends) == 1
    (stop,) = w.calls("StopTransaction")  # 1.6 §4.8, StopTransactionOnInvalidId: under the id that was given
    reason = (stop.rest[1]["reason"], stop.rest[1]["transactionId"])
    return start == {"transactionId": 0, "idTagInfo": {"status": "Invalid"}} and reason == ("DeAuthorized", 0)


def _numbered(w: Wire, *ids: int) -> bool:
    given = tuple(a["transactionId"] for a in w.payloads("StartTransaction"))
    stopped = tuple(c.rest[1]["transactionId"] for c in w.calls("StopTransaction"))
    return w.version is not V16 or given == stopped == ids


@shows("transaction_id_reused")
def _(w: Wire) -> bool:
    return _numbered(w, 7)


@shows("transaction_id_beyond_32_bits")
def _(w: Wire) -> bool:
    return _numbered(w, 2147483648)


@shows("commands_before_boot_answer")
def _(w: Wire) -> bool:
    boot = w.reply(w.calls("BootNotification")[0])
    early = [f for f in w.frames if f.kind == 2 and f.came and f.at < boot.at]
    return len(early) == 2 and all(w.reply(call).at < boot.at for call in early)


def _latest(w: Wire, *actions: str) -> float:
    return max(w.reply(c).at - c.at for c in w.calls(*actions) if w.replies(c))


@shows("slow_answers")
def _(w: Wire) -> bool:
    return _latest(w, "StartTransaction", "TransactionEvent") >= 40


@shows("slow_authorization")
def _(w: Wire) -> bool:
    return _latest(w, "Authorize") >= 40


@shows("answers_out_of_order")
def _(w: Wire) -> bool:
    return _latest(w, *{c.action for c in w.frames if c.kind == 2}) >= 5


@shows("interval_zero")
def _(w: Wire) -> bool:
    first, second = w.calls("BootNotification")
    answers = [(a["status"], a["interval"]) for a in w.boots]
    # B02.FR.07, 1.6 §4.2: then a wait of its own choice, "to avoid flooding"
    return answers == [("Pending", 0), ("Accepted", 0)] and second.at - first.at >= 5


@shows("interval_one_second")
def _(w: Wire) -> bool:
    return len(w.calls("Heartbeat")) > 300


@shows("interval_of_decades")
def _(w: Wire) -> bool:
    return w.boots[0]["interval"] == 2**31 - 1 and not w.calls("Heartbeat")


def _timed(w: Wire, pattern: str, ahead: float = 0.0) -> bool:
    """The times that came look so, and the station's own are as far ahead of the true ones."""
    came = [a["currentTime"] for a in w.boots + w.payloads("Heartbeat")]
    start = w.starts[0]
    told = parse(start.rest[1]["timestamp"]) - EPOCH - start.at
    return all(re.fullmatch(pattern, each) for each in came) and abs(told - ahead) < 2


EPOCH = parse("2026-01-01T10:00:00Z")
_DAY, _TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"

SHOWN |= {
    "skewed_clock": lambda w: _timed(w, rf"{_DAY}T{_TIME}\.\d\d\dZ", 5400),
    "time_without_offset": lambda w: _timed(w, f"{_DAY}T{_TIME}"),
    "local_time": lambda w: _timed(w, rf"{_DAY}T{_TIME}\+02:00"),
    "time_with_microseconds": lambda w: _timed(w, rf"{_DAY}T{_TIME}\.\d{{6}}Z"),
}


@shows("expired_tokens")
def _(w: Wire) -> bool:
    dates = {
        i.get("expiryDate") or i.get("cacheExpiryDateTime")
        for i in w.token_infos("Authorize", "StartTransaction")
    }
    return dates == {"2020-01-01T00:00:00Z"}


@shows("doubled_answers")
def _(w: Wire) -> bool:
    *calls, _ = [c for c in w.frames if c.kind == 2 and not c.came]  # the last may be on its way
    return len(calls) > 10 and all(len(w.replies(c)) == 2 for c in calls)


@shows("wrong_answer_ids")
def _(w: Wire) -> bool:
    asked = {f.id for f in w.frames if f.kind == 2}
    astray = [f for f in w.frames if f.came and f.kind == 3 and f.id not in asked]
    return bool(astray) and len(astray) == len([f for f in w.frames if f.came and f.kind == 3]) // 4


@shows("empty_answers")
def _(w: Wire) -> bool:
    return {} in w.payloads("Authorize") and {} in w.payloads("Heartbeat") and w.boots[0] != {}


@shows("extra_fields")
def _(w: Wire) -> bool:
    answers = w.payloads(*{c.action for c in w.frames if c.kind == 2 and not c.came})
    return all(a["vendorHint"] == "none" and a["debug"] == {"node": 3} for a in answers)


@shows("null_fields")
def _(w: Wire) -> bool:
    if w.version is not V16:
        return w.boots[0]["statusInfo"] is None
    return all(i["expiryDate"] is None and "parentIdTag" in i for i in w.token_infos("StartTransaction"))


@shows("no_token_info")
def _(w: Wire) -> bool:
    return not w.token_infos("StartTransaction", "TransactionEvent") and bool(w.starts)


@shows("boot_answer_to_a_transaction")
def _(w: Wire) -> bool:
    return w.reply(w.starts[0]).rest[0]["interval"] == 300


def _codes(w: Wire, *actions: str) -> set[str]:
    return {f.rest[0] for c in w.calls(*actions) for f in w.replies(c) if f.kind == 4}


@shows("made_up_errors")
def _(w: Wire) -> bool:
    return _codes(w, "StatusNotification", "NotifyEvent", "MeterValues") == {"ServiceTemporarilyDown"}


@shows("not_supported")
def _(w: Wire) -> bool:
    return w.version is V16 or _codes(w, "NotifyEvent", "SecurityEventNotification") == {"NotImplemented"}


def _came(w: Wire) -> list[Seen]:
    return [f for f in w.frames if f.kind == 2 and f.came]


@shows("two_calls_at_once")
def _(w: Wire) -> bool:
    first, second = _came(w)
    between = [
        f for f in w.frames[w.frames.index(first) : w.frames.index(second)] if f.kind == 3 and not f.came
    ]
    return (
        not between and [len(w.replies(c)) for c in (first, second)] == [1, 1] and bool(w.calls("Heartbeat"))
    )


@shows("numeric_message_ids")
def _(w: Wire) -> bool:
    (call,) = _came(w)
    refused = [f for f in w.frames if f.kind == 4 and not f.came]
    return isinstance(call.id, int) and [f.id for f in refused] == [str(call.id)]


@shows("upper_case_message_ids")
def _(w: Wire) -> bool:
    (call,) = _came(w)
    return call.id == call.id.upper() != call.id.lower() and w.reply(call).rest[0] == {"status": "Accepted"}


@shows("unknown_variables")
def _(w: Wire) -> bool:
    if w.version is V16:  # 1.6 §5.4, §5.8
        unknown = w.answered_by_station("GetConfiguration")[0]["unknownKey"]
        return (
            w.answered_by_station("ChangeConfiguration") == [{"status": "NotSupported"}] and len(unknown) == 1
        )
    (one,) = w.answered_by_station("SetVariables")[0]["setVariableResult"]
    (two,) = w.answered_by_station("GetVariables")[0]["getVariableResult"]
    return one["attributeStatus"] == two["attributeStatus"] == "UnknownComponent"  # B05.FR.04, B06.FR.06


@shows("unknown_actions")
def _(w: Wire) -> bool:
    codes = [w.answered_by_station(action)[0] for action in ("VendorReboot", "Heartbeat")]
    (transfer,) = w.answered_by_station("DataTransfer")
    return (
        all(c in ("NotImplemented", "NotSupported") for c in codes)
        and transfer["status"] == "UnknownVendorId"
    )


@shows("unasked_commands")
def _(w: Wire) -> bool:
    stops = w.answered_by_station("RemoteStopTransaction") + w.answered_by_station("RequestStopTransaction")
    return [each["status"] for each in stops] == ["Rejected"] and all(w.reply(c).kind == 3 for c in _came(w))


@shows("probing_commands")
def _(w: Wire) -> bool:
    return len(_came(w)) == (1 if w.version is V16 else 2) and all(len(w.replies(c)) == 1 for c in _came(w))


@shows("closes_idle_connections")
def _(w: Wire) -> bool:
    return "1000 idle" in w.closes and len(w.calls("BootNotification")) == 1


@shows("cuts_without_close_frame")
def _(w: Wire) -> bool:
    return any(each.startswith("1006") for each in w.closes[:-1]) and len(w.calls("BootNotification")) == 1


@shows("silent_on_transactions")
def _(w: Wire) -> bool:
    return [len(w.replies(c)) for c in w.starts] == [0, 0, 1]


@pytest.mark.parametrize("name", [n for n in NAMES if n not in AT_THE_HANDSHAKE | {"pending_for_ever"}])
@each_version
def test_a_persona_does_what_it_says_and_our_station_charges_all_the_same(
    name: str, version: Version
) -> None:
    played, wire = wires(name, version, schema="warn" if name in BREAKS_THE_BOOT else "strict")
    assert played.verdicts == {Verdict.PASSED}, played.reason
    assert SHOWN[name](wire), wire.frames[:40]
    assert not [
        finding for finding in wire.findings if finding[0] == "csms"
    ]  # nothing is the station's fault
    ended = {json.dumps(c.rest[1]) for c in wire.ends}  # the same however often it was sent
    assert len(ended) == (0 if name in NOBODY_CHARGES else 1)


@each_version
def test_a_station_that_is_never_accepted_boots_again_and_again_and_sends_nothing_else(
    version: Version,
) -> None:
    _, wire = wires("pending_for_ever", version, "  - wait: 5min\n")
    boots = wire.calls("BootNotification")
    assert len(boots) == 30  # B02.FR.08: every ten seconds, as the answer says
    assert all(9 <= later.at - first.at <= 11 for first, later in pairwise(boots))
    assert {c.action for c in wire.frames if c.kind == 2} == {"BootNotification"}  # B01.FR.08, 1.6 §4.2


@pytest.mark.parametrize("name", sorted(BREAKS_THE_BOOT))
@each_version
def test_a_boot_answer_against_the_schema_is_none_to_a_strict_station_which_asks_again(
    name: str, version: Version
) -> None:
    played, wire = wires(name, version, "  - wait: 5min\n")
    assert played.verdicts == {Verdict.PASSED}
    if ("charge_point", "invalid_answer") in wire.findings:
        assert len(wire.calls("BootNotification")) > 2
        assert not wire.calls("Heartbeat", "StatusNotification", "NotifyEvent")


def test_every_persona_is_tried() -> None:
    assert set(NAMES) - set(SHOWN) == AT_THE_HANDSHAKE | {"pending_for_ever"}
    assert set(SHOWN) <= set(NAMES)


@tries("persona")
def test_there_are_enough_of_them_and_each_says_what_it_does_in_a_sentence() -> None:
    assert len(NAMES) >= 10
    for name in NAMES:
        about = persona.load(name).about
        assert 20 < len(about) <= 120
        assert about.endswith(".")
        assert about[0].isupper()
        assert resolve(["--persona", name], {}).persona == persona.load(name)


# --- the handshake --------------------------------------------------------------------------------------------


def over_socket(name: str, *versions: Version, **target: Any) -> Any:
    """Dial a persona with our dialler, offering `versions`; gives the version, or why there was no connection."""

    async def main() -> Any:
        import asyncio

        options = resolve(["--persona", name, "--port", "0"], {})
        csms = csms_of(options, Journal(Clock.of_loop(asyncio.get_running_loop())))
        port = await listen(csms, options, admission_of(options))
        try:
            link, version = await dial(Target(f"ws://127.0.0.1:{port}", "CP1", versions, **target))
            ended = ""
            if target:
                try:
                    await link.recv()
                except Exception as closed:
                    ended = str(closed)
            await link.close()
            return (version, ended) if target else version
        except DialFailed as failed:
            return str(failed)
        finally:
            await csms.stop()

    return in_real_time(main())


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("name", "offered", "said"),
    [
        ("one_version_parser", VERSIONS, "400 Bad Request"),
        ("one_version_parser", VERSIONS[1:2], VERSIONS[1]),
        ("first_version_only", VERSIONS[::-1], "400 Bad Request"),
        ("first_version_only", VERSIONS, V16),
        ("unoffered_subprotocol", VERSIONS, "ocpp1.5"),
        ("no_subprotocol_answer", VERSIONS, "without a subprotocol"),
    ],
)
def test_a_handshake_that_goes_wrong_is_explained_and_one_that_fits_is_not(
    name: str, offered: tuple[Version, ...], said: Any
) -> None:
    got = over_socket(name, *offered)
    assert (said in got) if isinstance(said, str) else got is said, got


@pytest.mark.sockets
def test_a_station_that_pings_leaves_a_central_system_that_never_answers() -> None:
    version, ended = over_socket("ignored_pings", V16, ping_interval=0.05)
    assert version is V16
    assert "1011" in ended  # what `websockets` closes with when no pong has come


@pytest.mark.parametrize(
    ("reads", "headers", "offered"),
    [
        ("list", ["a, b", "c"], ["a", "b", "c"]),
        ("first", ["a, b", "c"], ["a"]),
        ("only", ["a, b"], ["a, b"]),
        ("only", ["a"], ["a"]),
        ("untrimmed", ["a, b,c"], ["a", " b", "c"]),
    ],
)
def test_the_header_is_read_as_it_should_or_as_it_is_by_some(
    reads: str, headers: list[str], offered: list[str]
) -> None:
    assert Handshake(reads).offered(headers) == offered


@pytest.mark.parametrize(
    ("answers", "named"), [("chosen", "x"), ("last", "x"), ("nothing", None), ("ocpp9", "ocpp9")]
)
def test_the_header_is_answered_as_it_should_or_not(answers: str, named: str | None) -> None:
    assert Handshake(answers=answers).answer("x") == named
    assert list(Handshake(answers=answers).preferred(["a", "b"])) == (
        ["b", "a"] if answers == "last" else ["a", "b"]
    )


# --- files ----------------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> str:
    """A persona of one's own; gives its path."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_persona_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    path = written(tmp_path, 'about = "Mine."\n[options]\nheartbeat_interval = 7\nversions = ["1.6"]\n')
    options = resolve(["--persona", path], {})
    assert (options.heartbeat_interval, options.versions, str(options.persona)) == (7, (V16,), "mine")
    assert json.loads(as_json(options))["persona"] == "mine"
    played = play(
        "  - {expect: {booted: {interval: 7}}}\n", head=f"csms: {{persona: {path}}}", versions=[V16]
    )
    assert played.verdicts == {Verdict.PASSED}, played.reason


def test_what_is_said_elsewhere_comes_before_the_options_of_the_persona(tmp_path: Path) -> None:
    path = written(tmp_path, 'about = "Mine."\n[options]\nheartbeat_interval = 7\nboot_status = "Pending"\n')
    options = resolve(["--persona", path, "--boot-status-sequence", "Rejected,Accepted"], {})
    assert (options.heartbeat_interval, options.boot_statuses) == (7, ("Rejected", "Accepted"))
    assert resolve(["--persona", path], {"OCPP_CSMS_HEARTBEAT_INTERVAL": "9"}).heartbeat_interval == 9
    assert resolve([], {"OCPP_CSMS_PERSONA": path}).boot_statuses == ("Pending",)


ALL_KEYS = """
about = "Everything."
transaction_ids = [1, 2]
faults = ["drop:action=Heartbeat", { fault = "delay", after = 2 }]
[options]
seed = 3
[[answers]]
action = ["Authorize", "tx.started"]
versions = ["1.6", "2.x"]
station = "CP*"
where = { "idTagInfo.status" = "Accepted" }
nth = 2
set = { a = { b = 1 } }
remove = "c"
null = ["d"]
error = "X"
description = "y"
after = 1.5
copies = 2
gap = 0.5
wrong_id = true
[[answers]]
every = 2
times = 3
exact = {}
behind = 2
[[answers]]
action = "Reset"
silence = true
[clock]
ahead = -1
form = "local"
hours = -3
[[commands]]
send = "reset:kind=Soft"
when = "connect"
after = 1
wait = false
versions = ["1.6"]
[[commands]]
call = { action = "X", payload = { a = 1 } }
when = "boot"
[handshake]
reads = "first"
answers = "last"
[socket]
pongs = false
close_idle_after = 9
close_code = 0
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    made = persona.load(written(tmp_path, ALL_KEYS))
    which = "action=Authorize+tx.started,kind=answer+error,version=1.6+2.x,nth=2,station=CP*"
    first = [each for each in made.faults if "CP*" in str(each)]
    assert [each.fault.name for each in first] == [
        *("merge", "change", "change", "call_error", "late_answer", "duplicate", "wrong_id")
    ]
    assert {(each.action, each.kind, each.version, each.nth) for each in first} == {
        (fault(f"drop:{which}").action, ("answer", "error"), ("1.6", "2.x"), 2)
    }
    assert [each.fault.name for each in made.faults if each not in first] == [
        *("drop", "delay", "merge", "reorder", "drop", "retime", "drop")
    ]
    assert made.commands[0] == ("reset:kind=Soft", "", "connect", 1, False, (V16,))
    assert made.commands[1][1:3] == ('{"action": "X", "payload": {"a": 1}}', "boot")
    assert (made.transaction_ids, made.handshake, made.socket) == ((1, 2), ("first", "last"), (False, 9, 0))
    used = {key for section in persona_keys.SECTIONS.values() for key in section}
    assert [key for key in used if not re.search(rf"(^|[\[ ]){key}\b", ALL_KEYS, re.MULTILINE)] == []


WRONG = [
    ('abut = "x"', 1, "abut: no such key; did you mean 'about'?"),
    ("transaction_ids = [1]", 1, "needs about"),
    ('about = "x"\ntransaction_ids = "a"', 2, "transaction_ids: expected a list of whole numbers"),
    ('about = "x"\nfaults == 1', 2, "not TOML"),
    ('about = "x"\n[options]\nport = 1\nheartbeat_intervall = 3', 4, "did you mean 'heartbeat-interval'"),
    ('about = "x"\n[options]\nheartbeat_interval = -3', 3, "heartbeat_interval"),
    ('about = "x"\n[options]\ninject = ["drop"]', 3, "no such option"),
    ('about = "x"\nfaults = ["dropp"]', 2, "did you mean 'drop'?"),
    ('about = "x"\n\n[[answers]]\naction = "Authorise"\nafter = 1', 3, "did you mean 'Authorize'?"),
    ('about = "x"\n[[answers]]\naction = "Reset"', 2, "says nothing of the answer"),
    (
        'about = "x"\n[[answers]]\nafter = 1\n[[answers]]\nafter = "x"',
        5,
        "after: expected a number, not a text",
    ),
    ('about = "x"\n[[answers]]\nafter = 1\nversions = ["1.7"]', 4, "'1.7' is not one of the words"),
    ('about = "x"\n[[answers]]\nafter = 1\ngap = 3', 4, "gap: needs copies"),
    ('about = "x"\n[clock]\nform = "odd"', 3, "'odd' is not one of the words"),
    ('about = "x"\n[[commands]]\nsend = "rest"', 2, "did you mean 'reset'"),
    ('about = "x"\n[[commands]]\nafter = 1', 2, "needs either send or call"),
    ('about = "x"\n[[commands]]\nsend = "reset"\nwhen = "later"', 4, "'later' is not one of the words"),
    ('about = "x"\n[handshake]\nread = "first"', 3, "did you mean 'reads'?"),
    ('about = "x"\n[socket]\nclose_code = 1005', 3, "1005 must not stand in a close frame"),
    ('about = "x"\nanswers = [1]', 2, "expected tables"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_a_wrong_file_is_told_with_its_line_and_nothing_is_started(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as wrong:
        resolve(["--persona", path], {})
    assert str(wrong.value).startswith(f"--persona: {path}:{line}: "), wrong.value
    assert said in str(wrong.value)


def test_an_unknown_name_or_file_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'slow_answers'"):
        resolve(["--persona", "slow_answer"], {})
    with pytest.raises(UsageError, match=r"there\.toml: no such file"):
        resolve(["--persona", "not/there.toml"], {})


def test_a_persona_answers_by_itself_and_so_does_not_forward() -> None:
    with pytest.raises(UsageError, match="not together with --forward"):
        resolve(["--persona", "slow_answers", "--forward", "ws://127.0.0.1:1"], {})


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text without the blanks around them."""
    return (line.strip() for line in text.splitlines())


def test_the_list_names_each_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    from csms.__main__ import main

    assert main(["--persona", "list"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    said = " ".join(lines_of(out))
    for name in NAMES:
        assert name in said


# --- the page -------------------------------------------------------------------------------------------------


def test_the_page_is_what_the_files_and_the_keys_say() -> None:
    from scripts.docs_personas import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/docs_personas.py"


def test_every_command_and_file_on_the_page_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from csms.__main__ import main
    from scripts.docs_personas import PAGE

    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (own,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.toml").write_text(own, encoding="utf-8")
    (scenario,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert Played(scenario).verdicts == {Verdict.PASSED}
    commands = re.findall(r"^python -m csms (.*)$", text, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        words = command.split()
        if words[0] == "run" or words[-1] == "list":
            assert main(words) == 0
        else:  # it would serve until it is stopped
            assert resolve(words, {}).persona is not None
    assert "passed" in capsys.readouterr().out
