"""Every rule of the mock CSMS's command line, and what each fault says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from csms import option_values
from csms.option_values import Scheduled
from csms.options import CsmsOptions, parser, resolve
from shared.options import UsageError
from shared.versions import V16, V21, VERSIONS, Version
from shared.wire import schema


def read(*args: str) -> CsmsOptions:
    return resolve(args, {})


def fault(*args: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(*args)
    return str(caught.value)


def configured(tmp_path: Path, text: str, *args: str) -> CsmsOptions:
    path = tmp_path / "pair.toml"
    path.write_text(text)
    return read("--config", str(path), *args)


def config_fault(tmp_path: Path, text: str, *args: str) -> str:
    with pytest.raises(UsageError) as caught:
        configured(tmp_path, text, *args)
    return str(caught.value).replace(f"{tmp_path}/", "")


# --- defaults -----------------------------------------------------------------------------------------------


def test_without_a_word_it_is_the_friendly_server_on_port_9000() -> None:
    options = read()
    assert (options.host, options.port, options.versions) == ("127.0.0.1", 9000, VERSIONS)
    assert (options.boot_statuses, options.heartbeat_interval, options.retry_interval) == (
        ("Accepted",),
        60,
        5,
    )
    assert (options.auth_mode, options.offline, options.tokens) == ("normal", False, {})
    assert options.whitelist == ("valid_token", "test_token", "authorized_user")
    assert options.blacklist == ("blocked_token", "invalid_user")
    assert (options.total_cost, options.trigger_message, options.reset_type) == (
        10.0,
        "StatusNotification",
        None,
    )
    assert (options.steps, options.call, options.start_on, options.rearm) == ((), (), "connect", False)
    assert (options.reservation_id, options.connector_id, options.local_list_tokens) == (
        1,
        1,
        ("test_token",),
    )


# --- boot statuses ------------------------------------------------------------------------------------------


def test_one_status_repeats_and_a_sequence_is_trimmed() -> None:
    assert read("--boot-status", "Rejected").boot_statuses == ("Rejected",)
    assert read("--boot-status-sequence", "Pending, Pending ,Accepted").boot_statuses == (
        "Pending",
        "Pending",
        "Accepted",
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("--boot-status", "accepted"),
            "--boot-status: 'accepted' is not a registration status; did you mean 'Accepted'? "
            "(Accepted, Pending, Rejected)",
        ),
        (
            ("--boot-status-sequence", "Acepted"),
            "--boot-status-sequence: 'Acepted' is not a registration status; did you mean 'Accepted'? "
            "(Accepted, Pending, Rejected)",
        ),
        (
            ("--boot-status-sequence", "Pending,"),
            "--boot-status-sequence: '' is not a registration status (Accepted, Pending, Rejected)",
        ),
        (
            ("--boot-status-sequence", "Pending,,Accepted"),
            "--boot-status-sequence: '' is not a registration status (Accepted, Pending, Rejected)",
        ),
        (("--boot-status-sequence", " , "), "--boot-status-sequence: at least one status is required"),
        (
            ("--boot-status", "Pending", "--boot-status-sequence", "Pending"),
            "--boot-status: not together with --boot-status-sequence",
        ),
        (("--port", "65536"), "--port: 65536 is not between 0 and 65535"),
        (("--port", "9000.0"), "--port: '9000.0' is not a whole number"),
        (("--heartbeat-interval", "-1"), "--heartbeat-interval: -1 is not between 0 and 2147483647"),
        (("--auth-group-id", ""), "--auth-group-id: must not be empty"),
        (("--auth-parent-id-tag", " "), "--auth-group-id: must not be empty"),
        (("--auth-cache-expiry", "soon"), "--auth-cache-expiry: 'soon' is not a number"),
        (("--auth-cache-expiry", "nan"), "--auth-cache-expiry: 'nan' is not finite"),
        (("--auth-cache-expiry", "0"), "--auth-cache-expiry: '0' is not positive"),
        (("--total-cost", "inf"), "--total-cost: 'inf' is not finite"),
        (("--total-cost", "much"), "--total-cost: 'much' is not a number"),
        (("--whitelist",), "--whitelist: needs at least one value"),
        (("--blacklist", ","), "--blacklist: at least one token is required"),
        (
            ("--auth-mode", "offline"),
            "--auth-mode: 'offline' is a switch of its own, --offline (normal, whitelist, blacklist, rate_limit)",
        ),
        (("--token", "E1"), "--token: 'E1': expected TOKEN=STATUS"),
        (("--tls-key", __file__), "--tls-key: needs --tls-cert"),
        (("--tls-cert", "/nowhere.pem"), "--tls-cert: /nowhere.pem: no such file"),
        (
            ("--compat", "downstream"),
            "--compat: 'downstream' is not something to be compatible with; did you mean 'upstream'? (upstream)",
        ),
        (("--versions", ","), "--versions: at least one version is required"),
        (
            ("--versions", "2.0"),
            "--versions: '2.0' is not an OCPP version; did you mean '2.0.1'? (1.6, 2.0.1, 2.1)",
        ),
    ],
)
def test_faults_of_single_options(args: tuple[str, ...], message: str) -> None:
    assert fault(*args) == message


def test_versions_are_known_by_number_and_by_subprotocol() -> None:
    assert read("--versions", "ocpp2.1,1.6J,2.1").versions == (V21, V16)


# --- tokens -------------------------------------------------------------------------------------------------


def test_tokens_get_their_statuses_one_by_one_or_in_a_list() -> None:
    options = read("--token", "E1=Expired,N1=NoCredit", "--token", "C1=ConcurrentTx")
    assert options.tokens == {"E1": "Expired", "N1": "NoCredit", "C1": "ConcurrentTx"}


def test_lists_of_tokens_take_spaces_and_commas() -> None:
    assert read("--whitelist", "a", "b,c").whitelist == ("a", "b", "c")
    assert read("--local-list-tokens").local_list_tokens == ()


def test_a_status_that_no_version_served_has_is_refused() -> None:
    assert fault("--token", "E1=NoCredit", "--versions", "1.6") == (
        "--token: E1=NoCredit: 'NoCredit' exists in OCPP 2.0.1 and 2.1 only, and --versions has 1.6"
    )


def test_a_token_is_no_longer_than_the_widest_version_served_allows() -> None:
    assert read("--auth-group-id", "x" * 200).auth_group_id == "x" * 200
    assert fault("--auth-group-id", "x" * 21, "--versions", "1.6").endswith(
        "is longer than 20 characters, the most that OCPP 1.6 allows"
    )
    assert "longer than 20" in fault("--reserve-id-tag", "x" * 21)


# --- commands -----------------------------------------------------------------------------------------------


def test_one_command_goes_out_after_its_delay_or_every_period() -> None:
    options = read("--command", "Reset", "--delay", "5")
    assert (options.steps, options.period) == ((Scheduled("Reset", "", 5.0),), None)
    options = read("-c", "reset:kind=OnIdle,evse=1", "-p", "2.5")
    assert (options.steps, options.period) == ((Scheduled("reset", "kind=OnIdle,evse=1", 2.5),), 2.5)


def test_a_delay_without_a_command_has_no_effect() -> None:
    assert read("--delay", "5").steps == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reset:5,ClearCache:10", [("Reset", "", 5), ("ClearCache", "", 10)]),
        (" Reset : 0.5 ,, ", [("Reset", "", 0.5)]),
        ("reset:kind=OnIdle@5", [("reset", "kind=OnIdle", 5)]),
        (
            "reset:kind=OnIdle,evse=1@5,ClearCache:10",
            [("reset", "kind=OnIdle,evse=1", 5), ("ClearCache", "", 10)],
        ),
        (
            'reset:{"type": "OnIdle", "evseId": 1}@1e1,ClearCache:1',
            [("reset", '{"type": "OnIdle", "evseId": 1}', 10), ("ClearCache", "", 1)],
        ),
        ("ClearCache:1,reset:kind=Hard@2", [("ClearCache", "", 1), ("reset", "kind=Hard", 2)]),
    ],
)
def test_a_sequence_of_commands(text: str, expected: list[tuple[str, str, float]]) -> None:
    assert option_values.commands([text]) == tuple(Scheduled(*item) for item in expected)


def test_a_sequence_may_come_in_pieces() -> None:
    options = read("--commands", "Reset:5", "--commands", "ClearCache:10")
    assert options.steps == (Scheduled("Reset", "", 5.0), Scheduled("ClearCache", "", 10.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Reset", "'Reset': expected CMD:DELAY"),
        (":5", "':5': expected CMD:DELAY"),
        ("Reset:soon", "'Reset:soon': the delay 'soon' is not a number"),
        ("Reset:0", "'Reset:0': the delay '0' is not positive"),
        ("Reset:-1", "'Reset:-1': the delay '-1' is not positive"),
        ("Reset:inf", "'Reset:inf': the delay 'inf' is not finite"),
        ("Reset:nan", "'Reset:nan': the delay 'nan' is not finite"),
        ("reset:kind=OnIdle", "'reset:kind=OnIdle': expected CMD:options@DELAY"),
        ("reset:kind=OnIdle@soon", "'reset:kind=OnIdle@soon': the delay 'soon' is not a number"),
        ("", "at least one CMD:DELAY is required"),
        (" , ", "at least one CMD:DELAY is required"),
    ],
)
def test_faults_in_a_sequence(text: str, message: str) -> None:
    assert fault(f"--commands={text}") == f"--commands: {message}"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-c", "Reset"), "--command: needs --delay or --period"),
        (("-c", "", "-d", "1"), "--command: must not be empty"),
        (("-c", "Reset", "-d", "1", "-p", "1"), "--delay: not together with --period"),
        (("-c", "Reset", "-d", "1", "--commands", "Reset:1"), "--command: not together with --commands"),
        (("-d", "x"), "--delay: 'x' is not a number"),
        (("-d", "inf"), "--delay: 'inf' is not finite"),
        (("-p", "0"), "--period: '0' is not positive"),
        (("-p", "-1"), "--period: '-1' is not positive"),
    ],
)
def test_what_a_command_needs_and_excludes(args: tuple[str, ...], message: str) -> None:
    assert fault(*args) == message


@pytest.mark.parametrize("name", ["clearcache", "ClearCach"])
def test_an_unknown_or_wrongly_cased_command_is_answered_with_the_right_one(name: str) -> None:
    for args in (("-c", name, "-d", "1"), ("--commands", f"{name}:1")):
        said = fault(*args)
        assert said.startswith(
            f"{args[0].replace('-c', '--command') if args[0] == '-c' else args[0]}: {name!r}"
        )
        assert "did you mean" in said
        assert "'ClearCache'" in said or "'clear_cache'" in said


def test_a_command_that_no_version_served_has_is_refused() -> None:
    assert "CostUpdated" in fault("-c", "CostUpdated", "-d", "1", "--versions", "1.6")
    assert read("-c", "CostUpdated", "-d", "1", "--versions", "1.6,2.1").steps


def test_an_option_that_a_command_lacks_is_refused() -> None:
    assert fault("-c", "reset:colour=red", "-d", "1").startswith("--command: reset: 'colour'")


def test_a_raw_call_is_looked_at_and_no_more() -> None:
    text = '{"action": "Nonsense", "payload": {"a": 1}}'
    assert read("--call", text, "--call", text).call == (text, text)
    assert fault("--call", "{").startswith("--call: ")
    assert fault("--call", '{"acton": "Reset"}').startswith("--call: ")


def test_a_raw_call_may_be_a_table_of_the_file(tmp_path: Path) -> None:
    options = configured(tmp_path, '[csms]\ncall = [{action = "Reset", payload = {type = "Hard"}}]\n')
    assert [json.loads(text) for text in options.call] == [{"action": "Reset", "payload": {"type": "Hard"}}]


# --- variables ----------------------------------------------------------------------------------------------


def test_variables_split_at_the_first_dot_and_the_first_equals_sign() -> None:
    options = read("--set-variables", " A . B.C = x=1. 2 ,, D.E=", "--get-variables", "A.B.C, ,D.E")
    assert options.set_variables == (("A", "B.C", "x=1. 2"), ("D", "E", ""))
    assert options.get_variables == (("A", "B.C"), ("D", "E"))


@pytest.mark.parametrize("text", ["A.B", "AB=1", "=1", ".B=1", "A.=1", "AB=1.5"])
def test_a_variable_to_set_without_its_parts_shows_the_form(text: str) -> None:
    assert fault("--set-variables", text) == (f"--set-variables: {text!r}: expected Component.Variable=Value")


@pytest.mark.parametrize("text", ["AB", ".B", "A."])
def test_a_variable_to_get_without_its_parts_shows_the_form(text: str) -> None:
    assert fault("--get-variables", text) == f"--get-variables: {text!r}: expected Component.Variable"


@pytest.mark.parametrize("flag", ["--set-variables", "--get-variables"])
def test_a_list_of_variables_holds_one(flag: str) -> None:
    assert fault(flag, " , ").startswith(f"{flag}: at least one Component.Variable")


# --- versions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "versions"),
    [
        (("--reset-type", "Hard"), "2.1"),
        (("--reset-type", "OnIdle"), "1.6"),
        (("--reset-type", "ImmediateAndResume"), "1.6,2.0.1"),
        (("--trigger-message", "TransactionEvent"), "1.6"),
        (("--trigger-message", "SignChargePointCertificate"), "2.0.1,2.1"),
        (("--set-variables", "A.B=1"), "1.6"),
        (("--get-variables", "A.B"), "1.6"),
        (("--total-cost", "10"), "1.6"),
        (("--reserve-evse-id", "1"), "1.6"),
        (("--reserve-id-token", "x"), "1.6"),
        (("--reserve-id-tag", "x"), "2.1"),
        (("--reserve-connector-id", "1"), "2.1"),
    ],
)
def test_a_flag_without_a_meaning_in_any_version_served_is_refused(
    args: tuple[str, ...], versions: str
) -> None:
    read(*args)
    said = fault(*args, "--versions", versions)
    assert said.startswith(f"{args[0]}: ")
    assert said.endswith(f"only, and --versions has {', '.join(versions.split(','))}")


def test_no_subprotocol_can_only_mean_1_6() -> None:
    assert read("--lenient-subprotocol").lenient_subprotocol
    assert fault("--lenient-subprotocol", "--versions", "2.1") == (
        "--lenient-subprotocol: needs 1.6 among --versions"
    )


def enums_of(version: Version, action: str, path: tuple[str, ...]) -> set[str]:
    """The words that a version's schema allows at `path` of an action's request."""
    node: Any = schema.document(version, action)
    root = node
    for step in path:
        node = node["properties"][step]
        while "$ref" in node:
            node = root["definitions"][node["$ref"].rpartition("/")[2]]
    return set(node["enum"])


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_the_words_are_those_of_the_schemas(version: Version) -> None:
    resets = {word for word, meant in option_values.RESET_TYPES.items() if version in meant}
    assert resets == enums_of(version, "Reset", ("type",))
    triggers = {word for word, meant in option_values.TRIGGERS.items() if version in meant}
    wanted = enums_of(version, "TriggerMessage", ("requestedMessage",))
    if version is V16:
        wanted |= enums_of(version, "ExtendedTriggerMessage", ("requestedMessage",))
    assert triggers == wanted


# --- stations -----------------------------------------------------------------------------------------------

STATIONS = """
[csms]
boot-status = "Rejected"
[csms.tokens]
E1 = "Expired"
[csms.stations.CP1]
boot-status-sequence = ["Pending", "Accepted"]
[csms.stations.CP1.tokens]
E1 = "Accepted"
"odd=id,x" = "Blocked"
[csms.stations."CP 2"]
boot_status = "Accepted"
"""


def test_stations_have_their_own_boots_and_tokens(tmp_path: Path) -> None:
    options = configured(tmp_path, STATIONS, "--token", "B1=Blocked")
    assert options.boot_statuses == ("Rejected",)
    assert options.tokens == {"E1": "Expired", "B1": "Blocked"}
    assert options.stations["CP1"].boot_statuses == ("Pending", "Accepted")
    assert options.stations["CP1"].tokens == {"E1": "Accepted", "odd=id,x": "Blocked"}
    assert options.stations["CP 2"].boot_statuses == ("Accepted",)
    assert options.stations["CP 2"].tokens == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[csms.stations.CP1]\nboot-statuss = 'Pending'\n",
            "pair.toml: [csms.stations.CP1] boot-statuss: no such option; did you mean 'boot-status'? "
            "(boot-status, boot-status-sequence, tokens)",
        ),
        (
            "[csms.stations.CP1]\nboot-status = 'pending'\n",
            "pair.toml: [csms.stations.CP1] boot-status: 'pending' is not a registration status; "
            "did you mean 'Pending'? (Accepted, Pending, Rejected)",
        ),
        (
            "[csms.stations.CP1]\nboot-status = 'Pending'\nboot-status-sequence = 'Pending'\n",
            "pair.toml: [csms.stations.CP1] boot-status: not together with boot-status-sequence",
        ),
        (
            "[csms.stations.CP1.tokens]\nE1 = 'Expire'\n",
            "pair.toml: [csms.stations.CP1] tokens: E1: 'Expire' is not an authorization status; did you mean "
            "'Expired'? (Accepted, Blocked, ConcurrentTx, Expired, Invalid, NoCredit, NotAllowedTypeEVSE, "
            "NotAtThisLocation, NotAtThisTime, Unknown)",
        ),
        (
            "[csms.stations]\nCP1 = 'Pending'\n",
            "pair.toml: [csms.stations] CP1: expected a table, [csms.stations.CP1]",
        ),
        (
            "[csms]\nstations = 1\n",
            "pair.toml: [csms.stations]: expected a table for each station, [csms.stations.CP1]",
        ),
        (
            "[csms]\nversions = '1.6'\n[csms.stations.CP1.tokens]\nE1 = 'NoCredit'\n",
            "pair.toml: [csms] stations: CP1: E1=NoCredit: 'NoCredit' exists in OCPP 2.0.1 and 2.1 only, "
            "and --versions has 1.6",
        ),
    ],
)
def test_faults_in_a_stations_table(tmp_path: Path, text: str, message: str) -> None:
    assert config_fault(tmp_path, text) == message


def test_the_effective_configuration_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(
            ["--print-config", "--versions", "2.1", "--commands", "Reset:5", "--token", "E1=Expired"]
        )
    shown = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert shown["versions"] == ["2.1"]
    assert shown["commands"] == [{"name": "Reset", "options": "", "delay": 5.0}]
    assert shown["tokens"] == {"E1": "Expired"}


def test_both_readings_of_one_flag_are_one_option() -> None:
    assert read("--availability-type", "Inoperative").availability_status == "Inoperative"
    assert read("--auth-parent-id-tag", "G1").auth_group_id == "G1"
