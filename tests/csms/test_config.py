"""The configuration file of the mock CSMS: every option in it, its tables, and what each fault says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from csms.making import policies_of
from csms.options import CsmsOptions, resolve
from shared.option_fields import UsageError, options_of
from shared.versions import V16, V21, V201


def configured(folder: Path, text: str, *args: str) -> CsmsOptions:
    file = folder / "pair.toml"
    file.write_text(text)
    return resolve(["--config", str(file), *args], {})


def fault(folder: Path, text: str, *args: str) -> str:
    with pytest.raises(UsageError) as caught:
        configured(folder, text, *args)
    return str(caught.value).replace(f"{folder}/", "")


EVERYTHING = """
[common]
journal = "{folder}/journal.jsonl"
state = "{folder}/state"
log-level = "debug"
schema = "warn"
fail-on-findings = true
strict = true
seed = 7
run-id = "r"
message-timeout = 12.5
max-message-size = 4096
ping-interval = 3
interactive = false

[csms]
host = "0.0.0.0"
persona = "slow_answers"
port = 0
versions = ["1.6", "2.1"]
no-subprotocol = "close"
lenient-subprotocol = true
tls-cert = "{folder}/pair.toml"
tls-key = "{folder}/pair.toml"
passwords = "{folder}/pair.toml"
certificate-authority = "generated"
contracts = 2
charging-needs = "profile"
charging-needs-delay = 1
charging-power = 11000
v2x-setpoint = -5000
allowed-energy-transfer = ["DC"]
certificate-status = "CertificateRevoked"
check-revocation = true
compression = false
boot-status-sequence = ["Pending", "Accepted"]
heartbeat-interval = 30
retry-interval = 1
registration = "lenient"
auth-mode = "whitelist"
whitelist = ["A", "B"]
blacklist = ["C"]
token = {{ D = "Expired" }}
offline = true
auth-group-id = "G"
auth-cache-expiry = 60
concurrent-tx = true
total-cost = -1
price-per-kwh = 0.35
commands = ["Reset:5", "reset:kind=Soft@2"]
delay = 4
call = [{{ action = "ClearCache" }}]
start-on = "accepted"
rearm = true
files = "{folder}"
files-port = 1
ftp-port = 2
files-password = "u:p"
files-fault = ["cut:after=1", "missing:path=x"]
files-limit = 5
signing-cert = "{folder}/pair.toml"
signing-key = "{folder}/pair.toml"
trigger-message = "Heartbeat"
reset-type = "Soft"
availability-status = "Inoperative"
set-variables = ["A.B=1"]
get-variables = ["A.B", "C.D"]
connector-id = 2
reservation-id = 3
reserve-id-token = "T"
reserve-id-tag = "U"
reserve-evse-id = 4
reserve-connector-id = 5
local-list-tokens = ["X", "Y"]
compat = "upstream"
balance = ["P=12.5"]
vat-number = ["NL123=Example BV"]
receipts = "https://r.example/"
[csms.stations.CP1]
boot-status = "Rejected"
[csms.groups]
A = "G1"
[csms.vendors.V]
M = "Accepted"
[[csms.inject]]
fault = "duplicate"
action = ["StatusNotification"]
gap = 0.2
[[csms.inject]]
drop = {{ nth = 3, where = {{ connectorId = 2 }} }}
"""
ELSEWHERE = {
    "config": "is the file itself",
    "print_config": "is asked for where the program is started",
    "boot_status": "excludes boot_status_sequence",
    "command": "excludes commands",
    "period": "excludes delay",
    **dict.fromkeys(("ca_cert", "ca_key"), "excludes certificate_authority: test_authority"),
    **dict.fromkeys(
        ("forward", "forward_password", "forward_passwords", "forward_ca", "forward_insecure"),
        "goes without what says how to answer: FORWARDING",
    ),
}
FORWARDING = """
[csms]
forward = "wss://real.example/ocpp"
forward-password = "secret"
forward-insecure = true
"""


def test_forwarding_can_be_asked_for_in_the_file(tmp_path: Path) -> None:
    options = configured(tmp_path, FORWARDING)
    assert (options.forward, options.forward_insecure) == ("wss://real.example/ocpp", True)
    assert options.forward_password == "secret"
    assert "secret" not in repr(options)
    (tmp_path / "some").write_text("")
    words = FORWARDING.replace("password =", "passwords =").replace(
        "insecure = true", f'ca = "{tmp_path}/some"'
    )
    options = configured(tmp_path, words.replace('"secret"', f'"{tmp_path}/some"'))
    assert options.forward_passwords == options.forward_ca == f"{tmp_path}/some"


def test_every_option_can_stand_in_the_file(tmp_path: Path) -> None:
    options = configured(tmp_path, EVERYTHING.format(folder=tmp_path))
    defaults = CsmsOptions()
    same = {
        each.name
        for each in options_of(CsmsOptions)
        if getattr(options, each.name) == getattr(defaults, each.name)
    }
    assert same == set(ELSEWHERE) - {"config"}
    assert (options.versions, options.tokens, options.port) == ((V16, V21), {"D": "Expired"}, 0)
    assert [step.text for step in options.steps] == ["Reset", "reset:kind=Soft"]
    assert (options.price_per_kwh, options.concurrent_tx) == (0.35, True)
    assert [str(each) for each in options.inject] == [
        "duplicate:gap=0.2,action=StatusNotification",
        "drop:where.connectorId=2,nth=3",
    ]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("boot-status = 'Pending'", "boot_status", "Pending"),
        ("command = 'Reset:kind=Soft'\nperiod = 2.5", "period", 2.5),
        ("command = 'Reset:kind=Soft'\nperiod = 2.5", "command", ("Reset", "kind=Soft", 0.0)),
    ],
)
def test_and_so_can_those_that_exclude_others(tmp_path: Path, text: str, name: str, expected: Any) -> None:
    assert getattr(configured(tmp_path, f"[csms]\n{text}\n"), name) == expected


def test_a_flag_goes_before_the_file(tmp_path: Path) -> None:
    text = "[csms]\nconcurrent-tx = true\nprice-per-kwh = 1\n"
    options = configured(tmp_path, text, "--no-concurrent-tx", "--price-per-kwh", "2")
    assert (options.concurrent_tx, options.price_per_kwh) == (False, 2.0)


def test_the_example_of_the_readme_is_read(tmp_path: Path) -> None:
    readme = Path(__file__).resolve().parents[2] / "README.md"
    example = readme.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    options = configured(tmp_path, example)
    assert (options.seed, options.port, options.boot_statuses) == (7, 9000, ("Pending", "Accepted"))
    assert options.stations["CP1"].tokens == {"E1": "Expired"}
    assert options.groups == {"E1": "FLEET"}
    assert options.vendors["com.example"]["Info"] == {"status": "Accepted", "data": "42"}


# --- groups -------------------------------------------------------------------------------------------------


def test_groups_and_vendors_reach_the_policies(tmp_path: Path) -> None:
    text = """
        [csms.groups]
        A = "G1"
        "odd=id" = "G2"
        [csms.vendors.V]
        M = { status = "Rejected", data = "d" }
    """
    policies = policies_of(configured(tmp_path, text, "--concurrent-tx", "--price-per-kwh", "0.5"))
    assert policies.authorizer.policy.groups == {"A": "G1", "odd=id": "G2"}
    assert policies.authorizer.policy.concurrent_tx
    assert policies.vendors.answer("V", "M", V201) == {"status": "Rejected", "data": "d"}
    assert policies.tariff.per_kwh == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[csms]\ngroups = 1\n", "[csms.groups]: expected a table of TOKEN = GROUP, [csms.groups]"),
        ("[csms.groups]\nA = 1\n", "[csms.groups] A: expected a text, not a whole number"),
        ("[csms.groups]\nA.b = 'c'\n", "[csms.groups] A: expected a text, not a table"),
        ("[csms.groups]\nA = ' '\n", "[csms.groups] A: must not be empty"),
        ("[csms.groups]\n'' = 'G'\n", "[csms.groups] '': must not be empty"),
        (
            f"[csms]\nversions = '1.6'\n[csms.groups]\nA = '{'g' * 21}'\n",
            f"[csms] groups: '{'g' * 21}' is longer than 20 characters, the most that OCPP 1.6 allows",
        ),
    ],
)
def test_faults_in_the_table_of_groups(tmp_path: Path, text: str, message: str) -> None:
    assert fault(tmp_path, text) == f"pair.toml: {message}"


def test_a_group_may_be_as_long_as_the_widest_version_served_allows(tmp_path: Path) -> None:
    long = "g" * 255
    assert configured(tmp_path, f"[csms.groups]\nA = '{long}'\n").groups == {"A": long}


# --- vendors ------------------------------------------------------------------------------------------------


def test_an_answer_is_a_status_or_a_table(tmp_path: Path) -> None:
    text = """
        [csms.vendors.V]
        One = "UnknownMessageId"
        Two = { data = [1, "x"] }
        [csms.vendors.V.Three]
        status = "Rejected"
        [csms.vendors."com.example.v"]
        "*" = "Accepted"
    """
    assert configured(tmp_path, text).vendors == {
        "V": {
            "One": {"status": "UnknownMessageId"},
            "Two": {"status": "Accepted", "data": [1, "x"]},
            "Three": {"status": "Rejected"},
        },
        "com.example.v": {"*": {"status": "Accepted"}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[csms]\nvendors = 'x'\n",
            "[csms.vendors]: expected a table for each vendor, [csms.vendors.VENDOR]",
        ),
        ("[csms.vendors]\nV = 'Accepted'\n", "[csms.vendors] V: expected a table, [csms.vendors.V]"),
        (
            "[csms.vendors.V]\nM = 1\n",
            "[csms.vendors.V] M: expected a status, or a table of status and data, not a whole number",
        ),
        (
            "[csms.vendors.V]\nM = 'accepted'\n",
            "[csms.vendors.V] M: 'accepted' is not a DataTransfer status; did you mean 'Accepted'? "
            "(Accepted, Rejected, UnknownMessageId, UnknownVendorId)",
        ),
        (
            "[csms.vendors.V.M]\nstatus = 1\n",
            "[csms.vendors.V] M: expected a text, not a whole number",
        ),
        (
            "[csms.vendors.V.M]\ndate = 'x'\n",
            "[csms.vendors.V] M: an answer has no 'date'; did you mean 'data'? (status, data); "
            "quote a vendorId that has dots",
        ),
        (
            "[csms.vendors.com.example]\nM = 'Accepted'\n",
            "[csms.vendors.com] example: an answer has no 'M' (status, data); quote a vendorId that has dots",
        ),
        (
            "[csms.vendors.V.M]\ndata = 2026-01-01\n",
            "[csms.vendors.V] M: the data cannot be written as JSON (a date, inf or nan?)",
        ),
        (
            "[csms.vendors.V.M]\ndata = [nan]\n",
            "[csms.vendors.V] M: the data cannot be written as JSON (a date, inf or nan?)",
        ),
    ],
)
def test_faults_in_the_tables_of_vendors(tmp_path: Path, text: str, message: str) -> None:
    assert fault(tmp_path, text) == f"pair.toml: {message}"


# --- the new flags -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--price-per-kwh", "much"), "--price-per-kwh: 'much' is not a number"),
        (("--price-per-kwh", "nan"), "--price-per-kwh: 'nan' is not finite"),
        (("--price-per-kwh",), "--price-per-kwh: needs a value"),
        (
            ("--price-per-kwh", "1", "--versions", "1.6"),
            "--price-per-kwh: what it sets exists in OCPP 2.0.1 and 2.1 only, and --versions has 1.6",
        ),
        (("--concurrent-tx=yes",), "--concurrent-tx: takes no value, not 'yes'"),
        (("--groups", "A=B"), "--groups: no such option"),
    ],
)
def test_faults_of_the_flags_about_money_and_concurrency(args: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(args, {})
    assert str(caught.value).startswith(message)


def test_the_tables_have_no_flag_and_no_variable() -> None:
    options = resolve([], {"OCPP_CSMS_GROUPS": "A=B", "OCPP_CSMS_VENDORS": "x", "OCPP_CSMS_STATIONS": "y"})
    assert (options.groups, options.vendors, options.stations) == ({}, {}, {})
