"""Every rule of the station's command line, and what each fault says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from charge_point.options import TOKEN_TYPES, ChargePointOptions, parser, resolve
from shared.options import UsageError
from shared.versions import V16, V21, V201, VERSIONS, Version
from shared.wire import schema

CSMS = ("--csms", "ws://localhost:9000")


def read(*args: str, env: dict[str, str] | None = None) -> ChargePointOptions:
    return resolve((*CSMS, *args), env or {})


def fault(*args: str, env: dict[str, str] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        read(*args, env=env)
    return str(caught.value)


# --- reaching the CSMS --------------------------------------------------------------------------------------


def test_the_address_is_all_it_needs() -> None:
    options = read()
    assert (options.csms, options.id, options.ocpp_version) == (
        "ws://localhost:9000",
        "CP1",
        (V21, V201, V16),
    )
    assert (options.evses, options.connectors, options.sessions, options.stay) == (1, 1, 0, False)
    assert (options.reconnect_min, options.reconnect_random, options.give_up_after) == (1.0, 1.0, None)
    assert (options.status_by, options.boot_on_reconnect) == ("notify-event", False)
    assert options.goal == (None, 10.0)
    assert options.password_bytes() is None


def test_the_address_may_come_from_any_layer(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^--csms: is required \(or OCPP_CP_CSMS, or csms under \[charge_point\]\)"
    ):
        resolve([], {})
    assert resolve([], {"OCPP_CP_CSMS": "ws://a"}).csms == "ws://a"
    path = tmp_path / "pair.toml"
    path.write_text("[charge_point]\ncsms = 'ws://b'\n")
    assert resolve(["--config", str(path)], {}).csms == "ws://b"


@pytest.mark.parametrize(
    "url", ["ws://h", "wss://h:443/ocpp/a%20b?key=x", "ws://[::1]:9000/", "ws://10.0.0.1:1"]
)
def test_addresses_with_paths_queries_and_ports_are_taken_as_they_are(url: str) -> None:
    assert resolve(["--csms", url], {}).csms == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://h:1/x", "'http://h:1/x' is not a WebSocket address; did you mean 'ws://h:1/x'?"),
        ("https://h", "'https://h' is not a WebSocket address; did you mean 'wss://h'?"),
        ("localhost:9000", "'localhost:9000' is not a WebSocket address, as in ws://localhost:9000"),
        ("ws://", "'ws://' names no host; expected an address as ws://localhost:9000"),
        ("ws://h:99999", "'ws://h:99999': port out of range 0-65535"),
        ("ws://h:0", "'ws://h:0': port 0 cannot be dialled"),
        ("ws://h/#a", "'ws://h/#a': a WebSocket address has no fragment (#)"),
        (
            "ws://me:hush@h",
            "an address with a password in it; use --password, the user name is the station's id",
        ),
        (
            "http://me:hush@h",
            "an address with a password in it; use --password, the user name is the station's id",
        ),
        ("", "must not be empty"),
    ],
)
def test_faults_of_the_address(url: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(["--csms", url], {})
    assert str(caught.value) == f"--csms: {message}"


def test_versions_keep_their_order_of_preference() -> None:
    assert read("--ocpp-version", "1.6,2.1").ocpp_version == (V16, V21)
    assert fault("--ocpp-version", "1.5").startswith("--ocpp-version: '1.5' is not an OCPP version")


def test_headers_are_pairs_whose_secrets_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--header", "X-Site=a=b", "--header", "Authorization=Bearer hush")
    assert read(*args).header == {"X-Site": "a=b", "Authorization": "Bearer hush"}
    with pytest.raises(SystemExit):
        parser().parse_args([*CSMS, *args, "--print-config"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["header"] == {"X-Site": "a=b", "Authorization": "(redacted)"}
    assert fault("--header", "X Y=1") == "--header: 'X Y' is not the name of a header"
    assert fault("--header", "X=1\r\nY: 2") == "--header: X: the value of a header is one line"


# --- the password -------------------------------------------------------------------------------------------


def test_a_password_is_text_hex_digits_or_bytes(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"00fF10\r\n")
    assert read("--password", "g\u00e4ste").password_bytes() == "g\u00e4ste".encode()
    assert read("--password", "00fF10", "--password-encoding", "hex").password_bytes() == b"\x00\xff\x10"
    assert read("--password-file", str(file)).password_bytes() == b"00fF10"
    assert (
        read("--password-file", str(file), "--password-encoding", "hex").password_bytes() == b"\x00\xff\x10"
    )
    file.write_bytes(b"\x00\xff\n")
    assert read("--password-file", str(file), "--password-encoding", "raw").password_bytes() == b"\x00\xff\n"
    assert read(env={"OCPP_CP_PASSWORD": "x"}).password_bytes() == b"x"


def test_faults_of_the_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\n")
    hexed = ("--password-encoding", "hex")
    assert (
        fault("--password", "abc", *hexed) == "--password: the password is not an even number of hex digits"
    )
    assert fault(*hexed, env={"OCPP_CP_PASSWORD": "xy"}).startswith("OCPP_CP_PASSWORD: the password is not")
    assert fault("--password-file", str(file)) == "--password-file: the password is empty"
    assert (
        fault("--password-file", str(tmp_path)) == f"--password-file: {tmp_path}: is a directory, not a file"
    )
    assert (
        fault("--password", "a", "--password-file", str(file))
        == "--password: not together with --password-file"
    )
    assert fault(*hexed) == "--password-encoding: needs --password or --password-file"
    assert (
        fault("--password", "a", "--id", "A:B") == "--id: 'A:B' cannot hold a colon when there is a password"
    )
    assert read("--id", "A:B").id == "A:B"


def test_a_password_on_the_command_line_replaces_a_file_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("filed")
    env = {"OCPP_CP_PASSWORD_FILE": str(file)}
    assert read(env=env).password_bytes() == b"filed"
    assert read("--password", "typed", env=env).password_bytes() == b"typed"


# --- the station and its driver -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--evses", "0"), "--evses: 0 is not between 1 and 1000"),
        (("--sessions", "-1"), "--sessions: -1 is less than 0"),
        (("--energy", "0"), "--energy: '0' is not positive"),
        (("--duration", "inf"), "--duration: 'inf' is not finite"),
        (("--energy", "1", "--duration", "1"), "--energy: not together with --duration"),
        (("--ca", __file__, "--insecure"), "--ca: not together with --insecure"),
        (("--stay",), "--stay: needs --sessions; without, the station stays anyhow"),
        (("--reconnect-min", "0"), "--reconnect-min: '0' is not positive"),
        (("--reconnect-random", "-1"), "--reconnect-random: '-1' is negative"),
        (("--set", "HeartbeatInterval"), "--set: 'HeartbeatInterval': expected KEY=VALUE"),
        (
            ("--status-by", "notification", "--ocpp-version", "1.6"),
            "--status-by: has a meaning in OCPP 2.1 only, and --ocpp-version has 1.6",
        ),
        (
            ("--token-type", "eMAID", "--ocpp-version", "1.6"),
            "--token-type: has a meaning in OCPP 2.x only, and --ocpp-version has 1.6",
        ),
        (
            ("--token-type", "VIN"),
            "--token-type: 'VIN' exists in OCPP 2.1 only, and --ocpp-version has 2.1, 2.0.1, 1.6",
        ),
        (
            ("--token-type", "emaid"),
            "--token-type: 'emaid' is not a token type of OCPP 2.0.1; did you mean 'eMAID'? (Central, eMAID, "
            "ISO14443, ISO15693, KeyCode, Local, MacAddress, NoAuthorization)",
        ),
        (
            ("--token-type", "x" * 21, "--ocpp-version", "2.1"),
            f"--token-type: '{'x' * 21}' is longer than 20 characters",
        ),
    ],
)
def test_faults_of_the_station_and_its_driver(args: tuple[str, ...], message: str) -> None:
    assert fault(*args) == message


def test_a_session_ends_by_energy_or_by_time() -> None:
    assert read("--energy", "500").goal == (500.0, None)
    assert read("--duration", "3").goal == (None, 3.0)
    assert read("--energy", "500", env={"OCPP_CP_DURATION": "3"}).goal == (500.0, None)


def test_presets_may_hold_anything_and_come_from_a_table(tmp_path: Path) -> None:
    assert read("--set", "A=1,2=3", "--set", "B=").set == {"A": "1,2=3", "B": ""}
    path = tmp_path / "pair.toml"
    path.write_text("[charge_point.set]\nHeartbeatInterval = 30\nAuthorizeRemote = true\n'A.B' = 'x'\n")
    assert read("--config", str(path)).set == {
        "HeartbeatInterval": "30",
        "AuthorizeRemote": "true",
        "A.B": "x",
    }


def test_an_open_token_type_is_taken_when_only_2_1_is_offered() -> None:
    assert read("--token-type", "MyOwn", "--ocpp-version", "2.1").token_type == "MyOwn"


LENGTHS = {"vendor": ("chargePointVendor", "vendorName"), "model": ("chargePointModel", "model")} | {
    "serial": ("chargePointSerialNumber", "serialNumber"),
    "firmware": ("firmwareVersion", "firmwareVersion"),
}


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("name", LENGTHS)
def test_what_the_station_says_of_itself_is_as_long_as_the_schema_allows(name: str, version: Version) -> None:
    document = schema.document(version, "BootNotification")
    members = document if version is V16 else document["definitions"]["ChargingStationType"]
    longest = members["properties"][LENGTHS[name][version is not V16]]["maxLength"]
    only = ("--ocpp-version", version.name)
    assert getattr(read(f"--{name}", "x" * longest, *only), name) == "x" * longest
    assert fault(f"--{name}", "x" * (longest + 1), *only).endswith(
        f"is longer than {longest} characters, the most that OCPP {version} allows"
    )


def test_what_it_says_must_fit_every_version_offered() -> None:
    assert "OCPP 1.6 allows" in fault("--vendor", "x" * 21)


def test_the_token_types_are_those_of_the_schema() -> None:
    enum = schema.document(V201, "Authorize")["definitions"]["IdTokenEnumType"]["enum"]
    assert [name for name, meant in TOKEN_TYPES.items() if V201 in meant] == enum
