"""Hostile frames, and what each version answers to them: one table for both ends.

A row is a function of the `Words` of one end in one version (what a peer may say to it) that gives the frames to
send and the answers to expect, in order, as (message type, id, code). No answer is silence. Whatever it was, the
next valid message must be served as if nothing had been.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from shared.versions import V16, V21, Version

Frame = str | bytes
Expected = list[tuple[int, str, str]]
Payload = dict[str, Any]

LONG = "x" * 600


class Words(NamedTuple):
    """What a peer may say to one end in one version, and how each can be got wrong."""

    version: Version
    good: tuple[str, Payload]
    missing: tuple[str, Payload]
    wrong_type: tuple[str, Payload]
    null_member: tuple[str, Payload]
    over_long: tuple[str, Payload]
    bad_enum: tuple[str, Payload]
    nested_extra: tuple[str, Payload]
    wrong_way: tuple[str, Payload]
    """A valid call of the other direction."""
    other_version: tuple[str, Payload]
    slow: tuple[str, Payload] | None = None
    """A valid call whose handler takes its time; None when this end has none."""

    def pick(self, v16: Expected, v201: Expected, v21: Expected) -> Expected:
        return (v16, v201, v21)[self.version.order]


class Row(NamedTuple):
    """What to send, what must come back, and the note that our journal has about it ("" for none)."""

    frames: list[Frame]
    expected: Expected
    note: str = ""


def call(unique_id: object, action: object, payload: object) -> str:
    return json.dumps([2, unique_id, action, payload], separators=(",", ":"))


Maker = Callable[[Words], Row | None]
ROWS: dict[str, Maker] = {}


def row(name: str) -> Callable[[Maker], Maker]:
    def add(maker: Maker) -> Maker:
        assert name not in ROWS, name
        ROWS[name] = maker
        return maker

    return add


# --- what has no readable id: silence in 1.6, "-1" in 2.x (part 4 §4.2.3) ------------------------------------

NO_ID: dict[str, Frame] = {
    "broken JSON": '[2,"h1","Heartbeat",{}',
    "an empty frame": "",
    "a frame of spaces": "  \n",
    "garbage behind the message": '[2,"h1","Heartbeat",{}] x',
    "two messages in one frame": '[2,"h1","Heartbeat",{}][2,"h2","Heartbeat",{}]',
    "a NUL behind the message": '[2,"h1","Heartbeat",{}]\x00',
    "a byte order mark": '\ufeff[2,"h1","Heartbeat",{}]',
    "single quotes": "[2,'h1','Heartbeat',{}]",
    "a trailing comma": '[2,"h1","Heartbeat",{},]',
    "a comment": '[2,"h1","Heartbeat",{}/**/]',
    "plain words": "GET / HTTP/1.1",
    "a binary frame": b"\x00\x01\x02",
    "a binary frame with a valid call": b'[2,"h1","Heartbeat",{}]',
    "an empty binary frame": b"",
    "invalid UTF-8": b'[2,"h1","Heartbeat",{"a":"\xff"}]',
    "a surrogate in UTF-8": b'[2,"\xed\xa0\x80","Heartbeat",{}]',
    "an object": '{"id":"h1"}',
    "a string": '"Heartbeat"',
    "a number": "2",
    "null": "null",
    "an empty array": "[]",
    "a type that is a string": '["2","h1","Heartbeat",{}]',
    "a type that is a float": '[2.0,"h1","Heartbeat",{}]',
    "a type that is a boolean": '[true,"h1","Heartbeat",{}]',
    "a type that is null": '[null,"h1","Heartbeat",{}]',
    "a type that is an array": '[[2,"h1","Heartbeat",{}]]',
    "a type of twenty digits": '[22222222222222222222,"h1","Heartbeat",{}]',
    "a call without an id": "[2]",
    "an id that is an object": call({"id": "h1"}, "Heartbeat", {}),
    "an id that is an array": call(["h1"], "Heartbeat", {}),
    "an id that is null": call(None, "Heartbeat", {}),
    "an id that is true": call(True, "Heartbeat", {}),
    "an empty id": call("", "Heartbeat", {}),
    "half a surrogate pair in the id": '[2,"\\ud800","Heartbeat",{}]',
    "half a surrogate pair in the payload": '[2,"h1","Heartbeat",{"a":"\\udfff"}]',
    "nesting 200,000 deep": "[" * 200_000,
    "nesting 200,000 deep, closed": "[2," + "[" * 200_000 + "]" * 200_000 + "]",
    "objects 100,000 deep": '{"a":' * 100_000,
    "an integer of 6,000 digits": '[2,"h1","Heartbeat",{"a":' + "9" * 6000 + "}]",
    "a type of 6,000 digits": "[" + "2" * 6000 + "]",
    "NaN": '[2,"h1","Heartbeat",{"a":NaN}]',
    "Infinity": '[2,"h1","Heartbeat",{"a":-Infinity}]',
    "1e400": '[2,"h1","Heartbeat",{"a":1e400}]',
}  # fmt: skip


def _no_id(frame: Frame) -> Maker:
    unreadable: Expected = [(4, "-1", "RpcFrameworkError")]
    return lambda w: Row([frame], w.pick([], unreadable, unreadable), "unusable_message")


for _name, _frame in NO_ID.items():
    ROWS[_name] = _no_id(_frame)


# --- what has an id but is no valid RPC request ----------------------------------------------------------------

NO_REQUEST: dict[str, tuple[Frame, str, str]] = {
    "a call without a payload": ('[2,"h1","Heartbeat"]', "h1", "unusable_message"),
    "a call without an action": ('[2,"h1"]', "h1", "unusable_message"),
    "a call of five elements": ('[2,"h1","Heartbeat",{},{}]', "h1", "unusable_message"),
    "a call of a thousand elements": (json.dumps([2, "h1", *range(998)]), "h1", "unusable_message"),
    "an id of 37 characters": (call("x" * 37, "Heartbeat", {}), "x" * 37, "unusable_message"),
    "an id of 37 characters outside ASCII": (call("ü" * 37, "Heartbeat", {}), "ü" * 37, "unusable_message"),
    "an id of 100,000 characters": (call("x" * 100_000, "Heartbeat", {}), "x" * 100_000, "unusable_message"),
    "an id that is a number": (call(5, "Heartbeat", {}), "5", "unusable_message"),
    "an id that is a fraction": (call(1.5, "Heartbeat", {}), "1.5", "unusable_message"),
    "an id that is minus one": (call(-1, "Heartbeat", {}), "-1", "unusable_message"),
    "an action that is an object": (call("h1", {}, {}), "h1", "unusable_message"),
    "an action that is an array": (call("h1", ["Heartbeat"], {}), "h1", "unusable_message"),
    "an action that is an array 1,000 deep": ('[2,"h1",' + "[" * 1000 + "]" * 1000 + ",{}]", "h1", "unusable_message"),
    "an action that is a number": (call("h1", 5, {}), "h1", "unusable_message"),
    "an action that is null": (call("h1", None, {}), "h1", "unusable_message"),
}  # fmt: skip


def _no_request(frame: Frame, unique_id: str, note: str) -> Maker:
    return lambda w: Row(
        [frame],
        [(4, unique_id, "FormationViolation" if w.version is V16 else "RpcFrameworkError")],
        note,
    )


for _name, _of in NO_REQUEST.items():
    ROWS[_name] = _no_request(*_of)


# --- message types that a version does not have ----------------------------------------------------------------

STREAM = {"id": 1, "pending": 0, "basetime": "2026-01-01T10:00:00Z", "data": [{"t": 1.0, "v": "230"}]}
SEND = "NotifyPeriodicEventStream"

TYPES: dict[str, tuple[str, str, str]] = {
    # frame, note in 1.6 and 2.0.1, note in 2.1; 1.6 §4.1.3 and 2.1 §4.4 ignore, 2.0.1 §4.4 answers under a readable id
    "message type 0": ('[0,"h1","Heartbeat",{}]', "unusable_message", "unusable_message"),
    "message type 7": ('[7,"h1","Heartbeat",{}]', "unusable_message", "unusable_message"),
    "message type -2": ('[-2,"h1"]', "unusable_message", "unusable_message"),
    "CALLRESULTERROR": ('[5,"h1","GenericError","why",{}]', "unusable_message", "answer_refused"),
    "CALLRESULTERROR with odd parts": ('[5,"h1",{"a":1},[[[]]]]', "unusable_message", "answer_refused"),
    "SEND": (json.dumps([6, "h1", SEND, STREAM]), "unusable_message", ""),
    "SEND that breaks its schema": (json.dumps([6, "h1", SEND, {}]), "unusable_message", "invalid_request"),
    "SEND whose payload is no object": (json.dumps([6, "h1", SEND, 5]), "unusable_message", "invalid_request"),
    "SEND of an unknown action": ('[6,"h1","Foo",{}]', "unusable_message", "unknown_action"),
    "SEND of a call": ('[6,"h1","DataTransfer",{"vendorId":"v"}]', "unusable_message", "wrong_message_type"),
    "SEND of five elements": (json.dumps([6, "h1", SEND, STREAM, 1]), "unusable_message", "unusable_message"),
}  # fmt: skip


def _other_type(frame: str, note: str, note_21: str) -> Maker:
    unsupported: Expected = [(4, "h1", "MessageTypeNotSupported")]

    def maker(w: Words) -> Row:
        noted = note_21 if w.version is V21 else note
        if w.version is V21 and SEND in frame and w.good[0] != "Heartbeat" and noted != "unusable_message":
            noted = "wrong_direction"  # only a station has anything to SEND
        return Row([frame], w.pick([], unsupported, []), noted)

    return maker


for _name, _types in TYPES.items():
    ROWS[_name] = _other_type(*_types)

for _name, _frame in {
    "message type 7 and nothing else": "[7]",
    "message type 7 and a numeric id": '[7,7,"h1"]',
}.items():
    ROWS[_name] = lambda w, frame=_frame: Row([frame], [], "unusable_message")  # type: ignore[misc]


@row("CALLRESULTERROR and nothing else")
def _(w: Words) -> Row:
    return Row(["[5]"], [], "answer_refused" if w.version is V21 else "unusable_message")


@row("SEND with a numeric id")
def _(w: Words) -> Row:
    return Row([json.dumps([6, 6, SEND, STREAM])], [], "unusable_message")


@row("the event stream as a call")
def _(w: Words) -> Row:
    """Only a station sends it, and only as SEND: NotSupported where it is known at all."""
    if w.version is not V21:
        return Row([call("h1", SEND, STREAM)], [(4, "h1", "NotImplemented")], "unknown_action")
    from_station = w.good[0] == "Heartbeat"
    return Row(
        [call("h1", SEND, STREAM)],
        [(4, "h1", "NotSupported")],
        "wrong_message_type" if from_station else "wrong_direction",
    )


# --- actions ----------------------------------------------------------------------------------------------------

for _name, _action in {
    "an unknown action": "Foo",
    "an empty action": "",
    "an action in lower case": "heartbeat",
    "an action in upper case": "DATATRANSFER",
    "an action with its suffix": "HeartbeatRequest",
    "an action with a space": " Heartbeat",
    "an action that means something to some languages": "__proto__",
    "an action of 100,000 characters": "A" * 100_000,
    "an action in another script": "Сердцебиение",
    "an action that is a path": "../../etc/passwd",
}.items():
    ROWS[_name] = lambda w, action=_action: Row(  # type: ignore[misc]
        [call("h1", action, {})], [(4, "h1", "NotImplemented")], "unknown_action"
    )


@row("an action of another version")
def _(w: Words) -> Row:
    return Row([call("h1", *w.other_version)], [(4, "h1", "NotImplemented")], "unknown_action")


@row("a known action in the wrong direction")
def _(w: Words) -> Row:
    return Row([call("h1", *w.wrong_way)], [(4, "h1", "NotSupported")], "wrong_direction")


# --- payloads ---------------------------------------------------------------------------------------------------


def _code(w: Words, v16: str, v2x: str) -> Expected:
    return [(4, "h1", v16 if w.version is V16 else v2x)]


@row("a required member missing")
def _(w: Words) -> Row:
    return Row(
        [call("h1", *w.missing)],
        _code(w, "ProtocolError", "OccurrenceConstraintViolation"),
        "invalid_request",
    )


@row("null as the payload of what needs one")
def _(w: Words) -> Row:
    expected = _code(w, "ProtocolError", "OccurrenceConstraintViolation")
    return Row([call("h1", w.missing[0], None)], expected, "invalid_request")


@row("a member of the wrong type")
def _(w: Words) -> Row:
    return Row([call("h1", *w.wrong_type)], [(4, "h1", "TypeConstraintViolation")], "invalid_request")


@row("a member that is null")
def _(w: Words) -> Row:
    return Row([call("h1", *w.null_member)], [(4, "h1", "TypeConstraintViolation")], "invalid_request")


@row("an over-long string")
def _(w: Words) -> Row:
    return Row([call("h1", *w.over_long)], [(4, "h1", "PropertyConstraintViolation")], "invalid_request")


@row("a bad enum value")
def _(w: Words) -> Row:
    return Row([call("h1", *w.bad_enum)], [(4, "h1", "PropertyConstraintViolation")], "invalid_request")


@row("an extra member")
def _(w: Words) -> Row:
    action, payload = w.good
    return Row(
        [call("h1", action, payload | {"extra": 1})],
        _code(w, "FormationViolation", "ProtocolError"),
        "invalid_request",
    )


@row("an extra member further in")
def _(w: Words) -> Row:
    return Row(
        [call("h1", *w.nested_extra)], _code(w, "FormationViolation", "ProtocolError"), "invalid_request"
    )


@row("an extra member 900 deep")
def _(w: Words) -> Row:
    action, _payload = w.good
    frame = f'[2,"h1","{action}",{{"extra":' + "[" * 900 + "]" * 900 + "}]"
    return Row([frame], _code(w, "FormationViolation", "ProtocolError"), "invalid_request")


@row("a hundred thousand extra members")
def _(w: Words) -> Row:
    payload = {f"extra{number}": number for number in range(20_000)}
    return Row(
        [call("h1", w.good[0], payload)], _code(w, "FormationViolation", "ProtocolError"), "invalid_request"
    )


for _name, _payload in {
    "a payload that is an array": [],
    "a payload that is a string": "{}",
    "a payload that is a number": 5,
    "a payload that is true": True,
}.items():
    ROWS[_name] = lambda w, payload=_payload: Row(  # type: ignore[misc]
        [call("h1", w.good[0], payload)],
        _code(w, "FormationViolation", "FormatViolation"),
        "invalid_request",
    )


# --- what is legal, odd as it looks ---------------------------------------------------------------------------


@row("null instead of an empty payload")
def _(w: Words) -> Row:
    """1.6 Table 4, 2.x §4.1.5."""
    return Row([call("h1", w.good[0], None)], [(3, "h1", "")])


@row("an id of 36 characters")
def _(w: Words) -> Row:
    return Row([call("ü" * 36, *w.good)], [(3, "ü" * 36, "")])


@row("ids with quotes, controls and the dreaded -1")
def _(w: Words) -> Row:
    ids = ['"', "\\", "\x00", "-1", "a\nb", "\U0001f50c", "\u2028", " "]
    return Row([call(unique_id, *w.good) for unique_id in ids], [(3, unique_id, "") for unique_id in ids])


@row("a message with spaces and escapes")
def _(w: Words) -> Row:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in w.good[0])
    payload = json.dumps(w.good[1])
    return Row([f' [ 2 ,\n"h1" ,\t"{escaped}" , {payload} ]\r\n'], [(3, "h1", "")])


@row("the id of a call that was answered")
def _(w: Words) -> Row:
    """May be a retry: J-errata 3.1, 2.0.1 errata 4.6, 2.1 §4.1.4."""
    return Row([call("h1", *w.good), call("h1", *w.good)], [(3, "h1", ""), (3, "h1", "")])


@row("a hundred calls at once")
def _(w: Words) -> Row:
    ids = [f"h{number}" for number in range(100)]
    answers = [(3, unique_id, "") for unique_id in ids]
    return Row([call(unique_id, *w.good) for unique_id in ids], answers, "overlapping_calls")


# --- calls that overlap ----------------------------------------------------------------------------------------


@row("the id of a call that is in work")
def _(w: Words) -> Row | None:
    if w.slow is None:
        return None
    code = "GenericError" if w.version is V16 else "RpcFrameworkError"
    again = [(4, "h1", code), (3, "h1", "")]
    return Row([call("h1", *w.slow), call("h1", *w.good)], again, "duplicate_id")


@row("calls behind one that is in work")
def _(w: Words) -> Row | None:
    """Answers keep the order of the calls, errors included."""
    if w.slow is None:
        return None
    return Row(
        [call("h1", *w.slow), call("h2", *w.good), call("h3", "Foo", {}), call("h4", *w.good)],
        [(3, "h1", ""), (3, "h2", ""), (4, "h3", "NotImplemented"), (3, "h4", "")],
        "overlapping_calls unknown_action",
    )


# --- answers: never answered -----------------------------------------------------------------------------------

ANSWERS: dict[str, tuple[str, str]] = {
    "an answer to nothing": ('[3,"h1",{}]', "unknown_answer"),
    "an answer to nothing, with a huge id": (json.dumps([3, "x" * 100_000, {}]), "unknown_answer"),
    "an answer with a numeric id": ("[3,5,{}]", "unusable_message"),
    "an answer and nothing else": ("[3]", "unusable_message"),
    "an error to nothing": ('[4,"h1","GenericError","",{}]', "unknown_answer"),
    "an error and nothing else": ("[4]", "unusable_message"),
    "an error with odd parts": ('[4,"h1",{"a":[]},' + "[" * 900 + "]" * 900 + "]", "unknown_answer"),
    "an error under -1": ('[4,"-1","RpcFrameworkError","",{}]', "unreadable_call"),
    "an error under -1 with odd parts": ('[4,"-1",[[]],{"a":1}]', "unreadable_call"),
    "an error under -1 and nothing else": ('[4,"-1"]', "unreadable_call"),
}


for _name, (_text, _note) in ANSWERS.items():
    ROWS[_name] = lambda w, text=_text, note=_note: Row([text], [], note)  # type: ignore[misc]


@row("ten thousand answers to nothing")
def _(w: Words) -> Row:
    frames = [f'[3,"h{number}",{{}}]' for number in range(5000)]
    frames += [f'[4,"h{number}","GenericError","",{{}}]' for number in range(5000)]
    return Row(list(frames), [], "unknown_answer")


def words(end: str, version: Version, *, slow: bool) -> Words:
    """The words of a peer of `end` ("csms" or "charge_point")."""
    at_csms = end == "csms"
    transfer = ("DataTransfer", {"vendorId": "slow"}) if slow else None
    other = ("TransactionEvent", {}) if version is V16 else ("StartTransaction", {})
    reset = ("Reset", {"type": "Hard" if version is V16 else "Immediate"})
    if at_csms and version is V16:
        boot = {"chargePointVendor": "V", "chargePointModel": "M"}
        sample = [{"timestamp": "2026-01-01T10:00:00Z", "sampledValue": [{"value": "1", "extra": 1}]}]
        return Words(
            version,
            good=("Heartbeat", {}),
            missing=("BootNotification", {"chargePointVendor": "V"}),
            wrong_type=("BootNotification", boot | {"chargePointModel": 5}),
            null_member=("BootNotification", boot | {"iccid": None}),
            over_long=("BootNotification", boot | {"chargePointModel": LONG}),
            bad_enum=(
                "StatusNotification",
                {"connectorId": 1, "errorCode": "NoError", "status": "available"},
            ),
            nested_extra=("MeterValues", {"connectorId": 1, "meterValue": sample}),
            wrong_way=reset,
            other_version=other,
            slow=transfer,
        )
    if at_csms:
        station = {"vendorName": "V", "model": "M"}
        boot = {"reason": "PowerUp", "chargingStation": station}
        return Words(
            version,
            good=("Heartbeat", {}),
            missing=("BootNotification", {"reason": "PowerUp"}),
            wrong_type=("BootNotification", {"reason": "PowerUp", "chargingStation": "V"}),
            null_member=("BootNotification", boot | {"chargingStation": station | {"modem": None}}),
            over_long=("BootNotification", boot | {"chargingStation": station | {"model": LONG}}),
            bad_enum=("BootNotification", boot | {"reason": "Boot"}),
            nested_extra=("BootNotification", boot | {"chargingStation": station | {"extra": 1}}),
            wrong_way=reset,
            other_version=other,
            slow=transfer,
        )
    if version is V16:
        entry = {"idTag": "A", "extra": 1}
        full = {"listVersion": 1, "updateType": "Full"}
        return Words(
            version,
            good=("GetLocalListVersion", {}),
            missing=("ChangeAvailability", {"connectorId": 1}),
            wrong_type=("ChangeAvailability", {"connectorId": "1", "type": "Operative"}),
            null_member=("RemoteStartTransaction", {"idTag": "A", "connectorId": None}),
            over_long=("RemoteStartTransaction", {"idTag": LONG}),
            bad_enum=("ChangeAvailability", {"connectorId": 1, "type": "operative"}),
            nested_extra=("SendLocalList", full | {"localAuthorizationList": [entry]}),
            wrong_way=("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}),
            other_version=("GetBaseReport", {}),
            slow=transfer,
        )
    return Words(
        version,
        good=("GetLocalListVersion", {}),
        missing=("ChangeAvailability", {"evse": {"id": 1}}),
        wrong_type=("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": "1"}}),
        null_member=("ChangeAvailability", {"operationalStatus": "Operative", "evse": None}),
        over_long=("RequestStopTransaction", {"transactionId": LONG}),
        bad_enum=("ChangeAvailability", {"operationalStatus": "operative"}),
        nested_extra=("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 1, "extra": 1}}),
        wrong_way=("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}),
        other_version=("GetConfiguration", {}),
        slow=transfer,
    )  # fmt: skip
