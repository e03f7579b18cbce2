"""The command line of a program from one flat dataclass: `OptionParser` over argparse_dataclass.

argparse_dataclass turns fields into arguments and leaves out of its namespace what was not given, which is what
makes exact layering possible. Added here: groups, exclusive sets, defaults in the help, `int | None`, repeatable
options, and the layers below the command line (`shared.option_layers`). Modules that define options must not use
`from __future__ import annotations`: the library needs the types themselves.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Any, Generic, NoReturn, TypeVar, cast

from argparse_dataclass import ArgumentParser

from shared.option_fields import Option, UsageError, as_json, option, options_of
from shared.option_layers import (
    COMMON,
    Layer,
    environment_notes,
    from_arguments,
    from_environment,
    from_table,
    merged,
    read_config,
)
from shared.option_values import Injections, filled, folder, positive, whole, writable
from shared.streams import say
from shared.suggest import did_you_mean

__all__ = ["CommonOptions", "OptionParser", "UsageError", "as_json", "option"]

O = TypeVar("O")  # noqa: E741

EXIT_USAGE = 2

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, eq=False, repr=False)
class CommonOptions:
    """What both programs understand; the table [common] of a configuration file may hold these only."""

    config: str | None = option(
        None, "read options from this TOML file", group="configuration", metavar="FILE", layers="given"
    )
    print_config: bool = option(
        False, "print what holds after all layers as JSON, and end", group="configuration", layers="given"
    )
    journal: str | None = option(
        None,
        "write every frame to this file, one JSON line each",
        group="records",
        parse=writable,
        metavar="FILE",
    )
    state: str | None = option(
        None,
        "keep what must survive a restart in this directory",
        group="records",
        parse=folder,
        metavar="DIR",
    )
    log_level: str = option(
        "info", "how much to log", group="records", choices=LOG_LEVELS, noun="a log level"
    )
    schema: str = option(
        "strict",
        "what to do with a message that breaks its schema: refuse it, take it with a warning, or take it",
        group="checks",
        choices=("strict", "warn", "off"),
        noun="a way to validate",
    )
    fail_on_findings: bool = option(False, "end with 1 when the peer broke a rule", group="checks")
    strict: bool = option(
        False,
        "end with 1 when a call was refused, a rule broken, or a transaction message lost, repeated or late",
        group="checks",
    )
    seed: int = option(0, "of everything random: the same seed, the same run", group="repeatability")
    run_id: str | None = option(
        None,
        "pin the message ids of this run (new for every start)",
        group="repeatability",
        parse=filled,
        metavar="ID",
    )
    message_timeout: float = option(
        30.0, "how long to wait for the answer to a call", group="limits", parse=positive
    )
    max_message_size: int = option(
        1_048_576, "close on a frame of more bytes", group="limits", parse=whole(128), metavar="BYTES"
    )
    ping_interval: float | None = option(
        None, "send WebSocket pings this often", group="limits", parse=positive, shown="never"
    )
    inject: tuple[Any, ...] = option(
        (),
        "spoil messages or the connection on purpose, as in duplicate:action=StatusNotification,gap=0.2; may be "
        "repeated (docs/faults.md has them all)",
        group="faults",
        parse=Injections(),
        many=True,
        metavar="FAULT[:KEY=VALUE,...]",
    )
    interactive: bool | None = option(
        None, "take commands from stdin", group="records", shown="when stdin is open"
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({as_json(self)})"  # secrets redacted


class OptionParser(ArgumentParser, Generic[O]):  # type: ignore[misc]
    """Reads the options of one program: defaults < file < environment < command line.

    `examples` end the help, `groups` is the order of its groups; others follow. `table` is the program's table in a
    configuration file, `prefix` that of its environment variables (`OCPP_CSMS_`). A method `check(self, given)` of
    the options class judges the whole, `given` being the names of the fields that some layer set; it raises
    UsageError, with `option` set where the fault is one option's. `elsewhere` says of flags that another program has
    what to do here. A static method `beneath(given)` gives the lowest layer, from what the others amount to.
    """

    def __init__(
        self,
        options_class: type[O],
        *,
        prog: str,
        table: str,
        prefix: str,
        description: str,
        examples: str = "",
        groups: Sequence[str] = (),
        command: str | None = None,
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self._class = options_class
        self._by_name = {o.name: o for o in options_of(options_class)}
        self._sets: dict[str, list[Option]] = {}
        for each in self._by_name.values():
            if each.exclusive:
                self._sets.setdefault(each.exclusive, []).append(each)
        self._sections: dict[str, Any] = {}
        self.table = table
        self.prefix = prefix
        self.group_order = groups
        self.elsewhere = elsewhere or {}
        words = [
            f" {o.metavar}{' ...' * (o.nargs is not None)}" for o in self._by_name.values() if o.positional
        ]
        usage = f"{command or 'python -m ' + prog} [option ...]{''.join(words)}"
        super().__init__(
            options_class,
            prog=prog,
            usage=usage,
            description=description,
            epilog=f"{examples}\n{_LAYERS.format(table=table, prefix=prefix)}",
            formatter_class=_Formatter,
            allow_abbrev=False,
            add_help=False,
        )
        about = self._section("configuration")
        about.add_argument("-h", "--help", action="help", help="show this and end")
        about.add_argument("--version", action=_ShowVersion, help="show the version and end")
        order = {title: n for n, title in enumerate(groups)}
        self._action_groups.sort(key=lambda g: order.get(g.title, len(order)))

    # --- from the dataclass to argparse ---------------------------------------------------------------------

    def add_argument(self, *args: Any, **kwargs: Any) -> Any:
        """What argparse_dataclass calls for each field, answered with the field's own idea of its argument."""
        each = self._by_name[kwargs.get("dest") or str(args[0]).removeprefix("--").replace("-", "_")]
        if each.layers == "file":
            return None
        rivals = self._sets.get(each.exclusive, ()) if each.exclusive else ()
        text = each.described([o.flag for o in rivals if o is not each])
        section = self._section(each.group)
        if each.positional:
            return section.add_argument(
                each.name, nargs=each.nargs, metavar=each.metavar, default=MISSING, help=text
            )
        shared_words: dict[str, Any] = {"dest": each.name, "default": MISSING, "help": text}
        if each.kind is bool:
            return section.add_argument(*each.flags, action=_Switch, shown=each.default, **shared_words)
        action = _Collect if each.many else "store"
        return section.add_argument(
            *each.flags, action=action, nargs=each.nargs, metavar=each.metavar, **shared_words
        )

    def _section(self, title: str) -> Any:
        if title not in self._sections:
            self._sections[title] = self.add_argument_group(title)
        return self._sections[title]

    # --- reading --------------------------------------------------------------------------------------------

    def parse_args(self, args: Sequence[str] | None = None, namespace: None = None) -> O:
        """The options of this process; a fault is told on stderr with the usage, and ends it with status 2."""
        try:
            options, _ = self.resolve(sys.argv[1:] if args is None else args, os.environ)
        except UsageError as error:
            sys.stderr.write(f"usage: {self.usage}   (--help lists the options)\n{self.prog}: {error}\n")
            raise SystemExit(EXIT_USAGE) from None
        for note in environment_notes(self._by_name.values(), self.prefix, os.environ):
            sys.stderr.write(f"{self.prog}: warning: {note}\n")
        if getattr(options, "print_config", False):
            say(sys.stdout, as_json(options) + "\n")
            raise SystemExit(0)
        return options

    def resolve(self, args: Sequence[str], environ: Mapping[str, str]) -> tuple[O, Layer]:
        """The options that `args`, `environ` and the file they name amount to, and what each layer gave.

        Raises UsageError, its text beginning with the source of the fault.
        """
        every = list(self._by_name.values())
        typed = from_arguments(every, self._collected(args))
        around = from_environment(every, self.prefix, environ)
        config = typed.get("config") or around.get("config")
        filed = [] if config is None else self._from_file(str(config.value), config.source)
        layers = [*filed, around, typed]
        beneath: Callable[[Layer], Layer] | None = getattr(self._class, "beneath", None)
        if beneath is not None:  # what an option stands for lies under everything that is said
            layers.insert(0, beneath(merged(every, layers)))
        given = merged(every, layers)
        for each in every:
            if each.required and each.name not in given:
                places = f" (or {self.prefix}{each.name.upper()}, or {each.name} under [{self.table}])"
                raise UsageError(f"{each.label}: is required{'' if each.positional else places}: {each.help}")
        options = self._class(**{name: it.value for name, it in given.items()})
        check: Callable[[frozenset[str]], None] | None = getattr(options, "check", None)
        if check is not None:
            try:
                check(frozenset(given))
            except UsageError as error:
                raise self._sourced(error, given) from None
        return options, given

    def _from_file(self, path: str, source: str) -> list[Layer]:
        tables = read_config(path, source)
        common = from_table(options_of(CommonOptions), tables.get(COMMON, {}), path, COMMON)
        return [
            {name: given for name, given in common.items() if name in self._by_name},
            from_table(self._by_name.values(), tables.get(self.table, {}), path, self.table),
        ]

    def _sourced(self, error: UsageError, given: Layer) -> UsageError:
        if error.option is None:
            return error
        it = given.get(error.option)
        return UsageError(f"{it.source if it else self._by_name[error.option].label}: {error}")

    def _collected(self, args: Sequence[str]) -> dict[str, Any]:
        """What argparse found for each field that was given; anything it did not know is a UsageError."""
        namespace, unknown = argparse.ArgumentParser.parse_known_args(self, list(args))
        if unknown:
            word = next((u for u in unknown if u.startswith("-")), unknown[0]).partition("=")[0]
            if not word.startswith("-"):
                raise UsageError(f"{word!r}: unexpected argument")
            flags = [f for f in self._option_string_actions if f.startswith("--")]
            if word in self.elsewhere:
                raise UsageError(f"{word}: no such option; {self.elsewhere[word]}")
            raise UsageError(f"{word}: no such option{did_you_mean(word, flags)}")
        return {name: value for name, value in vars(namespace).items() if value is not MISSING}

    def error(self, message: str) -> NoReturn:
        """argparse's own complaint, in our words."""
        found = re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL)
        if found is None:
            raise UsageError(message)
        names = found[1].split("/")
        name = next((n for n in names if n.startswith("--")), names[0])
        said = found[2]
        for theirs, ours in _COMPLAINTS.items():
            said = re.sub(theirs, ours, said)
        raise UsageError(f"{name}: {said}")


_LAYERS = """\
Every option can also stand in a TOML file (--config), under [common] or
[{table}], and in the environment, as in {prefix}SEED=7.
The nearest wins: default, then file, then environment, then command line;
--print-config shows what holds.

exit status: 0 as asked, 1 something failed, 2 wrong usage, 3 could not connect
or listen, 4 inconclusive, 70 a fault of our own, 130 or 143 interrupted
"""

_COMPLAINTS = {
    "expected one argument": "needs a value",
    "expected at least one argument": "needs at least one value",
    "ignored explicit argument (.*)": r"takes no value, not \1",
}


# --- argparse's pieces --------------------------------------------------------------------------------------


class _Switch(argparse.Action):
    """`--name` and `--no-name`; the help shows the one that changes the default, or both when it is None."""

    def __init__(self, option_strings: Sequence[str], dest: str, shown: bool | None, **kwargs: Any) -> None:
        positive = list(option_strings)
        self._off = ["--no-" + name[2:] for name in positive if name.startswith("--")]
        self.listed = self._off if shown else positive if shown is False else positive + self._off
        super().__init__([*positive, *self._off], dest, nargs=0, **kwargs)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        name: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, name not in self._off)


class _Collect(argparse.Action):
    """Every text given, of all repetitions, in one list."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        name: str | None = None,
    ) -> None:
        so_far = getattr(namespace, self.dest)
        texts = values if isinstance(values, list) else [values]
        setattr(namespace, self.dest, texts if so_far is MISSING else [*so_far, *texts])


class _ShowVersion(argparse.Action):
    """`--version`: looked up only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, **kwargs)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        name: str | None = None,
    ) -> None:
        say(sys.stdout, f"{parser.prog} (ocpp-mock-pair {product_version()})\n")
        raise SystemExit(0)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help at no more than 80 columns, a value named once per option (`-c, --command NAME`)."""

    def __init__(self, prog: str) -> None:
        columns = os.environ.get("COLUMNS", "")
        super().__init__(
            prog, max_help_position=26, width=min(int(columns) if columns.isdigit() else 80, 80) - 1
        )

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return f"{action.metavar} ..." if action.nargs in ("+", "*") else str(action.metavar)
        names = ", ".join(action.listed if isinstance(action, _Switch) else action.option_strings)
        if action.nargs == 0:
            return names
        return f"{names} {self._format_args(action, str(action.metavar))}"

    def _split_lines(self, text: str, width: int) -> list[str]:
        # textwrap costs 1.5 ms here, and breaks the names of options at their dashes
        lines = [""]
        for word in text.split():
            if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
                lines.append(word)
            else:
                lines[-1] = f"{lines[-1]} {word}".lstrip()
        return lines

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        shown = super()._format_args(action, default_metavar)
        return f"{action.metavar} ..." if action.nargs in ("+", "*") else shown


def product_version() -> str:
    """The version of the installed distribution, or of the tree that this runs from."""
    from importlib import metadata

    try:
        return metadata.version("ocpp-mock-pair")
    except metadata.PackageNotFoundError:
        import tomllib

        tree = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pyproject.toml")
        try:
            with open(tree, "rb") as file:
                return cast(str, tomllib.load(file)["project"]["version"])
        except (OSError, KeyError):
            return "of an unknown tree"
