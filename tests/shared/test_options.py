"""The options layer: what each layer gives, which one wins, and how a fault names its source."""

# ruff: noqa: RUF009
# no `from __future__ import annotations`: argparse_dataclass needs the types themselves

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared import lifecycle
from shared.option_values import Pairs, finite, json_object, listed, one_of, positive, whole
from shared.options import CommonOptions, OptionParser, UsageError, option

STATUSES = ("Accepted", "Pending", "Rejected")
status = one_of("a registration status", STATUSES)


def number_of(key: str, text: str) -> int:
    return whole()(text)


@dataclass(frozen=True, eq=False, repr=False)
class Toy(CommonOptions):
    """A small program's options, one of every kind."""

    port: int = option(9000, "the port", group="listening", parse=whole(0, 65535))
    host: str = option("localhost", "the host, 100% of it", group="listening")
    wait: float | None = option(None, "a pause", parse=positive)
    cost: float = option(10.0, "a price")
    colour: str = option("red", "a colour", choices=("red", "green"), noun="a colour")
    one: str | None = option(None, "one status", parse=status, exclusive="boot", short="-s")
    several: tuple[str, ...] = option(
        (), "statuses", parse=listed(status, "status", blanks=False), many=True, exclusive="boot"
    )
    names: tuple[str, ...] = option(
        ("a", "b"), "names", parse=listed(str, "name"), many=True, nargs="+", metavar="NAME"
    )
    call: tuple[dict[str, object], ...] = option(
        (), "calls", parse=lambda texts: tuple(json_object(t) for t in texts), many=True, metavar="JSON"
    )
    levels: dict[str, int] = option(
        {}, "levels", parse=Pairs("NAME=N", number_of, commas=True), many=True, flag="--level"
    )
    password: str | None = option(None, "a secret", secret=True)
    compression: bool = option(True, "compress")
    loud: bool = option(False, "be loud")
    quiet: bool = option(False, "be quiet", exclusive="noise")
    noise: int | None = option(None, "so loud", exclusive="noise")

    def check(self, given: frozenset[str]) -> None:
        if self.wait == 13:
            raise UsageError("is an unlucky number", "wait")
        if "colour" in given and "loud" in given:
            raise UsageError("colour cannot be loud")


@dataclass(frozen=True, eq=False, repr=False)
class Run(CommonOptions):
    """A program with words of its own."""

    scenarios: tuple[str, ...] = option(
        (),
        "what to run",
        positional=True,
        nargs="*",
        many=True,
        metavar="SCENARIO",
        parse=tuple,
        required=True,
    )


def parser() -> OptionParser[Toy]:
    return OptionParser(
        Toy, prog="toy", table="csms", prefix="OCPP_TOY_", description="A toy.", groups=("listening",)
    )


def read(*args: str, env: Mapping[str, str] | None = None) -> Toy:
    return parser().resolve(args, env or {})[0]


def fault(*args: str, env: Mapping[str, str] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        read(*args, env=env)
    return str(caught.value)


@pytest.fixture
def config(tmp_path: Path) -> "Config":
    return Config(tmp_path / "pair.toml")


class Config:
    """A configuration file and the error it leads to, without its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, text: str, *args: str, env: Mapping[str, str] | None = None) -> Toy:
        self.path.write_text(text)
        return read("--config", str(self.path), *args, env=env)

    def fault(self, text: str, *args: str, env: Mapping[str, str] | None = None) -> str:
        self.path.write_text(text)
        return fault("--config", str(self.path), *args, env=env).replace(f"{self.path.parent}{os.sep}", "")


# --- layers -------------------------------------------------------------------------------------------------


def test_nothing_given_leaves_the_defaults() -> None:
    toy = read()
    assert (toy.port, toy.names, toy.levels, toy.compression) == (9000, ("a", "b"), {}, True)


def test_the_nearer_layer_wins(config: Config) -> None:
    text = "[common]\nseed = 1\n[csms]\nport = 1\n"
    assert config.read(text).port == 1
    assert config.read(text, env={"OCPP_TOY_PORT": "2"}).port == 2
    assert config.read(text, "--port", "3", env={"OCPP_TOY_PORT": "2"}).port == 3
    assert config.read(text).seed == 1
    assert config.read(text + "seed = 2\n").seed == 2


def test_a_value_given_again_that_equals_the_default_still_wins(config: Config) -> None:
    assert config.read("[csms]\nport = 1\n", "--port", "9000").port == 9000


def test_the_file_may_be_named_by_the_environment(config: Config) -> None:
    config.path.write_text("[csms]\nport = 7\n")
    assert read(env={"OCPP_TOY_CONFIG": str(config.path)}).port == 7


def test_dashes_and_underscores_are_the_same_in_a_file(config: Config) -> None:
    assert config.read("[csms]\nlog-level = 'debug'\n").log_level == "debug"
    assert config.read("[csms]\nlog_level = 'debug'\n").log_level == "debug"


def test_an_empty_variable_is_none() -> None:
    assert read(env={"OCPP_TOY_PORT": ""}).port == 9000


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("1", True), ("False", False), ("off", False)])
def test_a_switch_reads_words_in_the_environment(text: str, value: bool) -> None:
    assert read(env={"OCPP_TOY_LOUD": text}).loud is value
    assert read("--no-loud", env={"OCPP_TOY_LOUD": text}).loud is False


def test_tables_are_merged_key_by_key(config: Config) -> None:
    text = "[csms.levels]\na = 1\nb = 2\n"
    assert config.read(text, "--level", "b=3,c=4").levels == {"a": 1, "b": 3, "c": 4}
    assert config.read("[csms]\nlevel = 'a=5'\n").levels == {"a": 5}


def test_a_repeated_option_collects_and_a_nearer_layer_replaces_it(config: Config) -> None:
    text = "[csms]\ncall = [{a = 1}, '{\"b\": 2}']\n"
    assert config.read(text).call == ({"a": 1}, {"b": 2})
    assert config.read(text, "--call", "{}", "--call", '{"c": 3}').call == ({}, {"c": 3})


@pytest.mark.parametrize(
    "args", [("--names", "x", "y", "z"), ("--names", "x,y", "z"), ("--names", "x", "--names", "y,z")]
)
def test_words_come_with_spaces_with_commas_and_again(args: tuple[str, ...]) -> None:
    assert read(*args).names == ("x", "y", "z")


def test_words_in_the_environment_are_separated_by_either() -> None:
    assert read(env={"OCPP_TOY_NAMES": "x y,z"}).names == ("x", "y", "z")


# --- exclusive sets -----------------------------------------------------------------------------------------


def test_two_of_a_set_in_one_layer_are_refused(config: Config) -> None:
    assert fault("--one", "Accepted", "--several", "Pending") == "--one: not together with --several"
    env = {"OCPP_TOY_ONE": "Accepted", "OCPP_TOY_SEVERAL": "Pending"}
    assert fault(env=env) == "OCPP_TOY_ONE: not together with OCPP_TOY_SEVERAL"
    text = "[csms]\none = 'Accepted'\nseveral = ['Pending']\n"
    assert config.fault(text) == "pair.toml: [csms] one: not together with several"


def test_a_nearer_member_of_a_set_drives_out_the_farther(config: Config) -> None:
    toy = config.read("[csms]\none = 'Rejected'\n", "--several", "Pending,Accepted")
    assert (toy.one, toy.several) == (None, ("Pending", "Accepted"))
    toy = config.read("[csms]\nseveral = 'Rejected'\n", env={"OCPP_TOY_ONE": "Pending"})
    assert (toy.one, toy.several) == ("Pending", ())


# --- faults and their sources -------------------------------------------------------------------------------


def test_a_wrong_value_names_its_source(config: Config) -> None:
    tail = "'Acepted' is not a registration status; did you mean 'Accepted'? (Accepted, Pending, Rejected)"
    assert fault("--several", "Pending,Acepted") == f"--several: {tail}"
    assert fault(env={"OCPP_TOY_SEVERAL": "Acepted"}) == f"OCPP_TOY_SEVERAL: {tail}"
    assert config.fault("[csms]\nseveral = ['Acepted']\n") == f"pair.toml: [csms] several: {tail}"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--port", "abc"), "--port: 'abc' is not a whole number"),
        (("--port", "70000"), "--port: 70000 is not between 0 and 65535"),
        (("--port", "-1"), "--port: -1 is not between 0 and 65535"),
        (("--port",), "--port: needs a value"),
        (("--one",), "--one: needs a value"),
        (("-s",), "--one: needs a value"),
        (("--names",), "--names: needs at least one value"),
        (("--names", ","), "--names: at least one name is required"),
        (("--loud=yes",), "--loud: takes no value, not 'yes'"),
        (("--prot", "1"), "--prot: no such option; did you mean '--port'?"),
        (("--colou", "red"), "--colou: no such option; did you mean '--colour'?"),
        (("--comp",), "--comp: no such option; did you mean '--compression'?"),
        (("word",), "'word': unexpected argument"),
        (("--colour", "RED"), "--colour: 'RED' is not a colour; did you mean 'red'? (red, green)"),
        (("--level", "a"), "--level: 'a': expected NAME=N"),
        (("--level", "=1"), "--level: '=1': expected NAME=N"),
        (("--level", "a=x"), "--level: 'x' is not a whole number"),
        (("--level", " , "), "--level: at least one NAME=N is required"),
        (
            ("--several", "Pending,"),
            "--several: '' is not a registration status (Accepted, Pending, Rejected)",
        ),
        (("--several", ""), "--several: at least one status is required"),
        (("--call", "{"), "--call: not JSON at column 2: expecting property name enclosed in double quotes"),
        (("--call", "[]"), "--call: expected a JSON object, not a list"),
        (("--wait", "13"), "--wait: is an unlucky number"),
        (("--colour", "red", "--loud"), "colour cannot be loud"),
        (("--journal", "/"), "--journal: /: is a directory, not a file"),
        (("--state", __file__), f"--state: {__file__}: is a file, not a directory"),
        (("--state", f"{__file__}/x/y"), f"--state: {__file__}/x/y: {__file__} is a file, not a directory"),
    ],
)
def test_faults_on_the_command_line(args: tuple[str, ...], message: str) -> None:
    assert fault(*args) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "'abc' is not a number"),
        ("", "'' is not a number"),
        ("inf", "'inf' is not finite"),
        ("nan", "'nan' is not finite"),
        ("0", "'0' is not positive"),
        ("-1", "'-1' is not positive"),
    ],
)
def test_a_duration_knows_three_faults(text: str, message: str) -> None:
    assert fault(f"--wait={text}") == f"--wait: {message}"


def test_numbers_are_read() -> None:
    assert positive("5") == 5.0
    assert positive("3.14") == 3.14
    assert finite("-2") == -2.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[csms]\nport = '9000'\n", "pair.toml: [csms] port: expected a whole number, not a text"),
        ("[csms]\nport = true\n", "pair.toml: [csms] port: expected a whole number, not true or false"),
        ("[csms]\nport = 70000\n", "pair.toml: [csms] port: 70000 is not between 0 and 65535"),
        ("[csms]\nwait = inf\n", "pair.toml: [csms] wait: 'inf' is not finite"),
        ("[csms]\nhost = 5\n", "pair.toml: [csms] host: expected a text, not a whole number"),
        ("[csms]\nloud = 'yes'\n", "pair.toml: [csms] loud: expected true or false, not a text"),
        ("[csms]\nnames = ['a', 1]\n", "pair.toml: [csms] names: expected a text, not a whole number"),
        ("[csms]\nnames = {a = 'b'}\n", "pair.toml: [csms] names: expected a text, not a table"),
        ("[csms.levels]\na = 'x'\n", "pair.toml: [csms] levels: a: 'x' is not a whole number"),
        ("[csms.levels]\na = [1]\n", "pair.toml: [csms] levels: a: expected a text, not a list"),
        ("[csms]\nlevel = 'a=1'\nlevels = 'b=2'\n", "pair.toml: [csms] levels: given twice, also as level"),
        ("[common]\nport = 1\n", "pair.toml: [common] port: no such option"),
        ("[csms]\nconfig = 'x'\n", "pair.toml: [csms] config: no such option"),
        (
            "[cms]\n",
            "pair.toml: no table or option 'cms'; did you mean '[csms]'? "
            "([common], [csms], [charge_point], [csms_run], [charge_point_run], [csms_replay], [charge_point_replay])",
        ),
        ("csms = 1\n", "pair.toml: csms: expected a table, [csms], not a whole number"),
        (
            "port = 1\n",
            "pair.toml: no table or option 'port' outside a table; "
            "it belongs under [common], [csms], [charge_point], [csms_run], [charge_point_run], "
            "[csms_replay] or [charge_point_replay]",
        ),
        ("[csms]\n\nport 1\n", "pair.toml:3: not TOML: expected '=' after a key in a key/value pair"),
        ("[csms]\nport = 1\nport = 2\n", "pair.toml:3: not TOML: cannot overwrite a value"),
        ("[csms", "pair.toml: not TOML: expected ']' at the end of a table declaration at its end"),
    ],
)
def test_faults_in_the_file(config: Config, text: str, message: str) -> None:
    assert config.fault(text).startswith(message)


def test_an_unknown_key_is_answered_with_the_nearest(config: Config) -> None:
    assert "; did you mean 'log-level'" in config.fault("[csms]\nloglevel = 'info'\n")


def test_the_other_programs_table_is_not_judged(config: Config) -> None:
    assert config.read("[charge_point]\nanything = 1\n").port == 9000


def test_a_file_that_is_none(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    assert fault("--config", str(gone)) == f"--config: {gone}: no such file"
    assert fault("--config", str(tmp_path)) == f"--config: {tmp_path}: is a directory, not a file"
    assert fault(env={"OCPP_TOY_CONFIG": str(gone)}) == f"OCPP_TOY_CONFIG: {gone}: no such file"
    assert fault("--config", "") == "--config: must not be empty"


def test_a_file_that_may_not_be_read(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    config.path.write_text("")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    assert fault("--config", str(config.path)) == f"--config: {config.path}: permission denied"


def test_a_byte_order_mark_is_no_fault(config: Config) -> None:
    config.path.write_bytes(b"\xef\xbb\xbf[csms]\r\nport = 5\r\n")
    assert read("--config", str(config.path)).port == 5


def test_a_switch_turned_off_is_no_choice_of_a_set() -> None:
    toy = read("--no-quiet", "--noise", "5", env={"OCPP_TOY_QUIET": "yes"})
    assert (toy.quiet, toy.noise) == (False, 5)
    assert fault("--quiet", "--noise", "5") == "--quiet: not together with --noise"


def test_words_without_a_flag_are_the_positional_option() -> None:
    made = OptionParser(Run, prog="toy", table="csms", prefix="OCPP_TOY_", description="Runs.")
    assert made.resolve(["a.yaml", "--seed", "3"], {})[0].scenarios == ("a.yaml",)
    assert made.resolve(["--seed", "3", "a.yaml", "b.yaml"], {})[0].scenarios == ("a.yaml", "b.yaml")
    with pytest.raises(UsageError, match=r"^SCENARIO: is required: what to run$"):
        made.resolve([], {"OCPP_TOY_SCENARIOS": "c.yaml"})
    assert "usage: python -m toy [option ...] SCENARIO ...\n" in made.format_help()
    assert "\n  SCENARIO ... " in made.format_help()


def test_a_file_that_is_not_text(config: Config) -> None:
    config.path.write_bytes(b"[csms]\nhost = '\xff'\n")
    assert fault("--config", str(config.path)) == f"{config.path}:2: not UTF-8 text"


def test_a_fault_of_the_whole_names_the_layer_of_the_option(config: Config) -> None:
    assert config.fault("[csms]\nwait = 13\n") == "pair.toml: [csms] wait: is an unlucky number"


# --- the process --------------------------------------------------------------------------------------------


def test_a_usage_error_shows_the_usage_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--port", "x"])
    out, err = capsys.readouterr()
    assert ended.value.code == lifecycle.USAGE
    assert out == ""
    assert err.splitlines() == [
        "usage: python -m toy [option ...]   (--help lists the options)",
        "toy: --port: 'x' is not a whole number",
    ]


def test_print_config_shows_what_holds_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCPP_TOY_PASSWORD", "hush")
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--print-config", "--port", "1"])
    out, _ = capsys.readouterr()
    assert ended.value.code == 0
    shown = json.loads(out)
    assert (shown["port"], shown["password"], shown["names"]) == (1, "(redacted)", ["a", "b"])
    assert "hush" not in out
    assert "hush" not in repr(read("--password", "hush"))


def test_a_misspelt_variable_is_warned_about(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCPP_TOY_PROT", "1")
    assert parser().parse_args([]).port == 9000
    expected = "toy: warning: OCPP_TOY_PROT is not an option; did you mean 'OCPP_TOY_PORT'?\n"
    assert capsys.readouterr().err == expected


def test_version_names_the_product(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("toy (ocpp-mock-pair ")


def test_the_help_has_groups_defaults_and_what_excludes_what() -> None:
    text = parser().format_help()
    assert text.index("\nlistening:") < text.index("\nconfiguration:")
    assert "the port (default: 9000)" in text
    assert "one status (not with --several)" in text
    assert "the host, 100% of it" in text
    assert "--no-compression" in text
    assert "  --loud " in text
    assert "--no-loud" not in text
    assert "usage: python -m toy [option ...]\n" in text


def test_the_statuses_named_in_the_help_are_those_of_the_programs() -> None:
    tail = parser().format_help().partition("exit status:")[2]
    for code in lifecycle.EXIT_STATUS:
        assert str(code) in tail


@pytest.mark.parametrize("program", ["csms", "charge_point"])
def test_the_help_of_a_program_fits_and_imports_nothing_heavy(program: str) -> None:
    code = (
        "import sys; before = set(sys.modules)\n"  # an editable installation imports some by itself
        f"from {program}.options import parser; text = parser().format_help()\n"
        "heavy = {'asyncio', 'websockets', 'orjson', 'jsonschema_rs', 'uvloop', 'ocpp', 'json', 'tomllib',"
        " 'difflib', 'textwrap', 'shutil', 'urllib.parse', 'importlib.metadata', 'shared.actions'}\n"
        "print(sorted(heavy & (sys.modules.keys() - before)), max(map(len, text.splitlines())))"
    )
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    heavy, width = ran.stdout.rsplit(maxsplit=1)
    assert heavy == "[]"
    assert int(width) <= 80


def test_every_option_of_both_programs_has_help_in_the_help() -> None:
    from charge_point.options import parser as station_parser
    from csms.options import parser as csms_parser

    for made in (csms_parser(), station_parser()):
        text = " ".join(made.format_help().split())
        for action in made._actions:
            assert action.help
            assert " ".join((action.help % {}).split()) in text
