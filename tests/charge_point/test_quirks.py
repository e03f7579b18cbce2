"""Every habit of stations: what it shows on the wire of each version, and what our CSMS finds, or why it finds nothing.

Each row is played twice, with the quirk and without: only with it must it show, and without it nothing is found.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

import pytest

from charge_point.quirks import QUIRKS
from shared.versions import V2X, V16, V21, V201, Version
from tests.charge_point.quirky import (
    AGAIN,
    FAULT,
    OFFLINE,
    READY,
    RESET,
    SESSION,
    TWO,
    Call,
    Shows,
    Wire,
    wire,
)

Found = str | dict[Version, str]


@dataclass(frozen=True)
class Row:
    """One value of one quirk.

    `found` are the findings (with a clause), `remarks` the notes without one, on all versions or on some; exactly
    these are made. `legal` says why a version has no finding.
    """

    quirk: str
    value: str
    shows: Shows
    found: Found = ""
    legal: str = ""
    remarks: Found = ""
    steps: str = SESSION
    more: str | dict[Version, str] = ""
    registration: str = "strict"
    needs: str = ""
    """Another quirk without which it does not show."""

    def expected(self, what: Found, version: Version) -> set[str]:
        """The names of notes on one version."""
        return set((what if isinstance(what, str) else what.get(version, "")).split())


def resent(kind: str, *, same: bool) -> Shows:
    """Two messages of this kind that say the same, under the same id or not."""

    def shown(w: Wire) -> bool:
        calls = w.tx(kind)
        return len(calls) > 1 and (
            (calls[0].id == calls[1].id) is same and calls[0].payload == calls[1].payload
        )

    return shown


def offline_ids(number: int) -> Shows:
    """The messages of the offline transaction bear this transactionId."""
    return lambda w: {c.payload["transactionId"] for c in w.tx("Ended")[1:]} == {number}


def begins_at_zero(w: Wire) -> bool:
    """The first reading of the last transaction."""
    last = w.tx("Started")[-1].payload
    if "meterStart" in last:
        return bool(last["meterStart"] == 0)
    readings = [v["value"] for m in last.get("meterValue", ()) for v in m["sampledValue"]]
    return bool(readings) and readings[0] == 0


def stamp(form: str) -> Shows:
    """Every time of its statuses and transactions has this form."""

    def shown(w: Wire) -> bool:
        calls = [c for c in w.calls if "timestamp" in c.payload]
        return bool(calls) and all(re.fullmatch(form, c.payload["timestamp"]) for c in calls)

    return shown


def energies(w: Wire) -> str:
    """What it says of energy."""
    return json.dumps([v for v in w.samples if v.get("measurand", "Energy").startswith("Energy")])


POWER = "measurands: {sampled: [Energy.Active.Import.Register, Power.Active.Import, Voltage]}, "
PHASES: dict[Version, str] = {V16: POWER.replace("Voltage", "Voltage.L1"), V201: POWER, V21: POWER}
STATUS = ("StatusNotification", "NotifyEvent")
PLUG_STARTS = "tx_start: plugged_in, tx_stop: plugged_in, "
DAY = r"2026-01-01T"
ASK_ONE = """\
  - registered
  - {only: 1.6, command: {get_variables: {names: HeartbeatInterval}}}
  - {only: 2.x, command: {get_report: {names: OCPPCommCtrlr.HeartbeatInterval}}}
  - wait: 1min
"""
ASK_ALL = f"{READY}  - command: get_base_report\n  - wait: 1min\n"
SET = """\
  - registered
  - {command: {set_variables: {component: TxCtrlr, variable: EVConnectionTimeOut, value: 77}}}
  - {command: {get_variables: {names: TxCtrlr.EVConnectionTimeOut}}}
  - wait: 1min
"""
UNKNOWN = """\
  - registered
  - {send: NoSuchThing, at: csms, no_wait: true, valid: false}
  - wait: 2min
"""
REBOOT = f"{SESSION}  - power_cycle\n  - wait: 1min\n{AGAIN}"

NO_RULE_FOR_TOKENS = "any text may be a token; it is unknown to us, or the same in another case"
ISO_8601 = "1.6 §3.15 wants ISO 8601, which this is"

ROWS = [
    # --- boots and connections ---
    Row(
        "boot_on_reconnect",
        "true",
        lambda w: len(w.of("BootNotification")) == 2,
        legal="OCPP-J 1.6 §5.4 and 2.x part 4 §5.3 say 'should not', not SHALL NOT",
        steps=f"{READY}  - reconnect\n  - wait: 1min\n",
    ),
    Row(
        "double_boot",
        "true",
        lambda w: len(w.of("BootNotification")) == 2,
        legal="nothing forbids it to a station that is accepted",
        remarks="boot_again",
    ),
    Row(
        "slow_boot",
        "[20, 30]",
        lambda w: 20 <= w.of("BootNotification")[0].at <= 30,
        legal="a station may take its time: B01 and 1.6 §4.2 name none",
    ),
    Row(
        "boots_late",
        "true",
        lambda w: w.calls[0].action != "BootNotification",
        found="not_registered",
        steps="  - wait: 1min\n",
    ),
    Row(
        "boots_late",
        "true",
        lambda w: 0 < w.calls.index(w.tx("Started")[0]) < w.calls.index(w.of("BootNotification")[0]),
        legal="where registration is lenient, who has never booted is served, with a remark",
        remarks="never_booted",
        steps="  - plug_in\n  - present: 04a1b2c3\n  - wait: 2min\n",
        registration="lenient",
        needs="slow_boot: 60",
    ),
    Row(
        "calls_at_once",
        "true",
        lambda w: w.most_open > 1,
        found=dict.fromkeys(V2X, "overlapping_calls"),
        remarks={V16: "overlapping_calls"},
        legal="SHOULD NOT (OCPP-J 1.6 §4.1.1)",
    ),
    Row(
        "half_open",
        "1",
        lambda w: not [c for c in w.of("Heartbeat") if c.at < 7200],
        legal="who says nothing breaks no rule of OCPP; a ping that is not answered ends it (`--ping-interval`)",
        steps=f"{READY}  - wait: 2h\n",
    ),
    Row(
        "second_socket",
        "60",
        lambda w: sum(e.sort == "open" and e.end == "csms" for e in w.entries) == 2,
        legal="the newer connection replaces the older, which is no rule of OCPP",
        remarks="replaced",
        steps=f"{READY}  - wait: 90\n",
    ),
    # --- messages of transactions ---
    *(
        Row(
            quirk,
            value,
            resent(kind, same=value == "same_id"),
            legal="who had no answer sends again (1.6 §3.7.1, J-errata 3.1; E13.FR.02)",
            remarks={V16: doubled, **dict.fromkeys(V2X, "seqno_duplicate")},
        )
        for quirk, kind, doubled in (
            ("resends_start", "Started", "duplicate_start"),
            ("resends_stop", "Ended", "duplicate_stop"),
        )
        for value in ("new_id", "same_id")
    ),
    Row(
        "offline_transaction_id",
        "zero",
        offline_ids(0),
        found="unknown_transaction",
        remarks="late_event",
        steps=OFFLINE,
    ),
    Row(
        "offline_transaction_id",
        "minus_one",
        offline_ids(-1),
        legal="errata 3.18 has -1 for what was never answered",
        remarks="late_event unknown_transaction",
        steps=OFFLINE,
    ),
    Row(
        "offline_transaction_id",
        "stale",
        lambda w: w.tx("Ended")[1].payload["transactionId"] == w.tx("Ended")[0].payload["transactionId"],
        found="stale_transaction_id",
        remarks="late_event",
        steps=OFFLINE,
    ),
    Row(
        "late_stop",
        "true",
        lambda w: w.calls.index(w.tx("Ended")[0]) > w.calls.index(w.of("BootNotification")[1]),
        legal="1.6 §5.14, E12.FR.02: what could not be delivered follows the boot",
        remarks=dict.fromkeys(V2X, "late_event"),
        steps=RESET,
    ),
    Row(
        "late_token",
        "true",
        lambda w: (
            "idToken" not in w.tx("Started")[0].payload
            and any("idToken" in c.payload for c in w.tx("Updated"))
        ),
        found="authorized_without_token",
    ),
    Row(
        "running_seq_no",
        "true",
        lambda w: w.tx("Started")[1].payload["seqNo"] > 0,
        legal="part 2 E §1.3.2: a number that runs on is allowed",
        remarks="first_seq_no",
        steps=TWO,
    ),
    # --- time ---
    Row(
        "clock_at_start",
        "'1970'",
        lambda w: any("1970-" in json.dumps(c.payload) for c in w.calls),
        found="not_registered",
        remarks="clock_off",
        steps="  - wait: 1min\n",
        needs="boots_late: true",
    ),
    Row(
        "clock_drift",
        "36000",
        lambda w: w.tx("Ended")[0].payload["timestamp"] > f"{DAY}10:25",
        legal="setting the clock is RECOMMENDED (1.6 §4.2), and in 2.x a matter of TimeSource (B01.FR.06)",
        remarks="clock_off",
    ),
    Row(
        "timestamps",
        "no_offset",
        stamp(rf"{DAY}1[23]:\d\d:\d\d"),
        found={V201: "invalid_request", V21: "invalid_request"},
        legal=ISO_8601,
        remarks={V16: "clock_off no_offset", V201: "clock_off", V21: "clock_off"},
    ),
    Row(
        "timestamps",
        "local",
        stamp(rf"{DAY}[\d:.]+[+-]\d\d:\d\d"),
        legal="RFC 3339 and ISO 8601 know offsets; UTC is only recommended (1.6 §3.14, 2.x part 2 §3.1)",
    ),
    Row(
        "timestamps",
        "microseconds",
        stamp(rf"{DAY}[\d:]+\.\d{{6}}Z"),
        found={V201: "long_fraction", V21: "long_fraction"},
        legal="1.6 §3.15 lets a fraction be as long as it likes",
    ),
    Row(
        "timestamps",
        "whole_seconds",
        stamp(rf"{DAY}\d\d:\d\d:\d\dZ"),
        legal="a fraction may be omitted (1.6 §3.15), and better is (2.x part 2 §3.1)",
    ),
    # --- meters ---
    Row(
        "register_resets",
        "session",
        begins_at_zero,
        legal="J02.FR.16 binds the values of one transaction",
        remarks="register_reset",
        steps=TWO,
    ),
    Row(
        "register_resets",
        "reboot",
        begins_at_zero,
        legal="J02.FR.16 binds the values of one transaction",
        remarks="register_reset",
        steps=REBOOT,
    ),
    Row("energy", "kWh", lambda w: '"kWh"' in energies(w), legal="kWh that are called kWh (1.6 §7.45)"),
    Row(
        "energy",
        "kWh_as_Wh",
        lambda w: "kWh" not in energies(w) and all(float(v["value"]) < 50 for v in w.samples if is_energy(v)),
        legal="a number is a number: only the power tells that it cannot be",
        remarks="energy_disagrees",
        more=POWER,
    ),
    Row(
        "without_unit",
        "true",
        lambda w: bool(w.samples) and '"unit' not in json.dumps(w.samples),
        legal="an omitted unit is Wh (1.6 §7.43; UnitOfMeasureType)",
    ),
    Row(
        "without_measurand",
        "true",
        lambda w: bool(w.samples) and '"measurand' not in json.dumps(w.samples),
        legal="an omitted measurand is the import register (1.6 §7.31; SampledValueType), as it is here",
    ),
    Row(
        "without_measurand",
        "true",
        lambda w: bool(w.samples) and '"measurand' not in json.dumps(w.samples),
        found="meter_backwards",  # a voltage that is read as the register
        more=POWER,
    ),
    Row(
        "phases",
        "neutral",
        lambda w: '"L1-N"' in json.dumps(w.samples) and '"L1"' not in json.dumps(w.samples),
        legal="L1-N is a phase (1.6 §7.34; PhaseEnumType)",
        more=PHASES,
    ),
    Row(
        "phases",
        "none",
        lambda w: bool(w.samples) and '"phase"' not in json.dumps(w.samples),
        legal="an omitted phase is the sum (1.6 §7.43; SampledValueType)",
        more=PHASES,
    ),
    Row(
        "stops_below_start",
        "true",
        lambda w: w.tx("Ended")[0].payload["meterStop"] == 0,
        found="meter_stop_below_start",
    ),
    Row(
        "leaves_out",
        "[StatusNotification.timestamp, StopTransaction.idTag, TransactionEvent.offline]",
        lambda w: bool(w.statuses) and "timestamp" not in w.of("StatusNotification")[-1].payload,
        found={V201: "invalid_request", V21: "invalid_request"},
        legal="1.6 §6.47: it is optional there",
        more="status_by: notification, ",
    ),
    # --- statuses ---
    Row(
        "status_order",
        "before",
        lambda w: 0.04 < w.tx("Started")[0].at - last_status(w, w.tx("Started")[0]).at < 0.1,
        legal="1.6 §4.9 and G01 say nothing about the order of a status and a transaction",
        remarks={V16: "status_order"},
        more=PLUG_STARTS,
    ),
    Row(
        "status_order",
        "after",
        lambda w: 0.1 < next_status(w, w.tx("Ended")[0]).at - w.tx("Ended")[0].at < 0.3,
        legal="1.6 §4.9 and G01 say nothing about the order of a status and a transaction",
        more=PLUG_STARTS,
    ),
    Row(
        "skipped_statuses",
        "[Preparing, Occupied]",
        lambda w: not {"Preparing", "Occupied"} & set(w.statuses) and "Available" in w.statuses,
        found={V201: "status_missing", V21: "status_missing"},
        legal="1.6 §4.9: A3 leads past Preparing, and MinimumStatusDuration hides any",
    ),
    Row(
        "flapping",
        "2",
        lambda w: max(Counter(w.statuses).values()) > 4,
        legal="a status is reported as often as it changes",
        remarks={V16: "status_transition status_order"},
    ),
    Row(
        "faulted_no_error",
        "true",
        lambda w: (
            "NoError" in [c.payload["errorCode"] for c in w.calls if c.payload.get("status") == "Faulted"]
        ),
        found="faulted_without_error",
        steps=FAULT,
    ),
    # --- answers ---
    Row(
        "low_limit",
        "six_amps",
        lambda w: {float(v["value"]) for v in w.samples if v.get("measurand") == "Current.Import"} == {6},
        legal="what a limit between 0 and 6 A comes to is not said; IEC 61851-1 knows none",
        steps="  - registered\n  - command: {set_charging_profile: {limit: 4}}\n" + SESSION,
        more="measurands: {sampled: [Current.Import]}, ",
    ),
    Row(
        "ignored_settings",
        "['*']",
        lambda w: '"77"' not in json.dumps(w.answered("GetConfiguration") + w.answered("GetVariables")),
        found="setting_ignored",
        steps=SET,
    ),
    Row(
        "ignores_filter",
        "true",
        lambda w: (
            len(json.dumps([w.answered("GetConfiguration"), [c.payload for c in w.of("NotifyReport")]]))
            > 3000
        ),
        found={V16: "unasked_keys", V201: "unasked_report", V21: "unasked_report"},
        steps=ASK_ONE,
    ),
    Row(
        "reset_ignored",
        "true",
        lambda w: len(w.of("BootNotification")) == 1,
        found="reset_ignored",
        steps=RESET,
    ),
    Row(
        "unsupported",
        "slow",
        lambda w: [round(took) for took, _ in w.answered("NoSuchThing")] == [40],
        found="unanswered_call late_answer",
        steps=UNKNOWN,
    ),
    Row(
        "unsupported",
        "silent",
        lambda w: not w.answered("NoSuchThing"),
        found="unanswered_call",
        steps=UNKNOWN,
    ),
    Row(
        "reports_from_one",
        "true",
        lambda w: w.of("NotifyReport")[0].payload["seqNo"] == 1,
        found="report_gap",
        steps=ASK_ALL,
    ),
    # --- tokens ---
    *(
        Row("token", how, lambda w, made=made: w.token == made, legal=NO_RULE_FOR_TOKENS)  # type: ignore[misc]
        for how, made in (
            ("upper", "04A1B2C3"),
            ("reversed", "c3b2a104"),
            ("padded", "000000000000" + "04a1b2c3"),
        )
    ),
    Row(
        "token",
        "lower",
        lambda w: w.token == "04a1b2c3",
        legal=NO_RULE_FOR_TOKENS,
        steps=SESSION.replace("04a1b2c3", "04A1B2C3"),
    ),
    Row(
        "token",
        "empty",
        lambda w: w.token == "",
        found={V201: "empty_token", V21: "empty_token"},
        legal="CiString20Type may be empty",
        remarks={V16: "empty_token"},
    ),
]


def is_energy(sample: dict[str, str]) -> bool:
    """Whether a sample is the import register."""
    return sample.get("measurand", "Energy").startswith("Energy")


def last_status(w: Wire, before: Call) -> Call:
    """The last status before a call."""
    return [c for c in w.calls[: w.calls.index(before)] if c.action in STATUS][-1]


def next_status(w: Wire, after: Call) -> Call:
    """The first status after a call; the call itself when none comes."""
    return next((c for c in w.calls[w.calls.index(after) :] if c.action in STATUS), after)


def showed(row: Row, w: Wire) -> bool:
    """Whether it shows; what never happened does not."""
    try:
        return row.shows(w)
    except IndexError:
        return False


CASES = [(row, version) for row in ROWS for version in QUIRKS[row.quirk].versions]


def name(value: object) -> str:
    """What pytest calls a parameter."""
    return f"{value.quirk}-{value.value}" if isinstance(value, Row) else str(value)


@pytest.mark.parametrize(("row", "version"), CASES, ids=name)
def test_a_quirk_shows_and_is_found_where_it_breaks_a_rule(row: Row, version: Version) -> None:
    others = f"{row.needs}, " if row.needs else ""
    more = row.more if isinstance(row.more, str) else row.more[version]
    seen = wire(f"{others}{row.quirk}: {row.value}", version, row.steps, more, row.registration)
    assert row.shows(seen), [(c.at, c.action, c.payload) for c in seen.calls][:20]
    found = row.expected(row.found, version)
    assert (seen.findings, seen.remarks) == (found, row.expected(row.remarks, version))
    assert found or row.legal, "say why nothing is found"
    usual = wire(row.needs, version, row.steps, more, row.registration)
    assert not showed(row, usual)
    assert usual.findings <= (found if row.needs else set())


def test_every_quirk_and_every_word_of_it_has_a_row() -> None:
    assert {row.quirk for row in ROWS} == set(QUIRKS)
    tried = {(row.quirk, row.value) for row in ROWS}
    for quirk, one in QUIRKS.items():
        try:
            one.key.check("?")
        except ValueError as wrong:
            words = re.search(r"\((.*)\)", str(wrong))
            for word in words[1].split(", ") if words and quirk != "skipped_statuses" else ():
                assert {(quirk, word), (quirk, repr(word))} & tried, word


def test_the_page_says_what_is_found() -> None:
    from scripts.docs_quirks import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/docs_quirks.py"
