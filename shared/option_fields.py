"""One option of a program: a dataclass field that knows its flag, its group, its rules and its layers.

    port: int = option(9000, "the port to listen on", group="listening", parse=whole(0, 65535))

The field's annotation says what a configuration file must hold; `parse` turns the text of the command line or
of the environment into the value.
"""

import dataclasses
from collections.abc import Callable
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_origin

from shared.option_values import Injections, Pairs, finite, kind_of, one_of, whole
from shared.suggest import not_one_of

T = TypeVar("T")


class UsageError(Exception):
    """The user asked for something that cannot be: one clause, exit status 2.

    `option` names the field it is about; the parser then puts the source of its value in front.
    """

    def __init__(self, message: str, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option


def option(
    default: T,
    help: str,
    *,
    group: str = "options",
    parse: Callable[..., Any] | None = None,
    choices: tuple[str, ...] = (),
    noun: str = "a possible value",
    many: bool = False,
    nargs: str | None = None,
    flag: str | None = None,
    short: str | None = None,
    aliases: tuple[str, ...] = (),
    positional: bool = False,
    metavar: str | None = None,
    exclusive: str | None = None,
    required: bool = False,
    secret: bool | Callable[[Any], Any] = False,
    shown: str | None = None,
    layers: str = "all",
) -> T:
    """A dataclass field for `OptionParser`.

    `parse` gets one text, or with `many` the sequence of all texts given (the option may be repeated, and
    `nargs="+"` takes several at once); it raises ValueError with one clause. `exclusive` names a set of which one
    may be given. `required` is judged after all layers. `secret` keeps the value out of `--print-config`, or is a
    function that redacts it. `shown` replaces the default in the help. `layers` is "all", "given" (not from the
    file) or "file" (a table of the configuration file only: `parse` gets the table, the file and its name).
    """
    name_of = {k: v for k, v in locals().items() if k not in ("default", "help")}
    metadata: dict[str, Any] = {"option": name_of, "help": help, "type": str}
    if nargs is not None:
        metadata["nargs"] = nargs
    if isinstance(default, dict):
        made: Any = dataclasses.field(default_factory=dict, metadata=metadata)
    else:
        made = dataclasses.field(default=default, metadata=metadata)
    return cast(T, made)


class Option:
    """An option as the parser sees it: the dataclass field with what `option` said about it."""

    def __init__(self, field: "dataclasses.Field[Any]") -> None:
        said: dict[str, Any] = field.metadata.get("option", {})
        self.name = field.name
        self.help: str = field.metadata.get("help") or ""
        self.group: str = said.get("group", "options")
        self.kind = _kind(field.type)
        self.many: bool = said.get("many", False)
        self.nargs: str | None = said.get("nargs")
        self.positional: bool = said.get("positional", False)
        self.exclusive: str | None = said.get("exclusive")
        self.required: bool = said.get("required", False)
        self.secret: bool | Callable[[Any], Any] = said.get("secret", False)
        self.layers: str = said.get("layers", "all")
        self.choices: tuple[str, ...] = said.get("choices", ())
        self.flag: str = said.get("flag") or "--" + field.name.replace("_", "-")
        self.flags = [f for f in (said.get("short"), self.flag, *said.get("aliases", ())) if f]
        self.metavar: str = said.get("metavar") or (
            "|".join(self.choices) or _METAVARS.get(self.kind, "TEXT")
        )
        self.default = {} if field.default is dataclasses.MISSING else field.default
        self.shown: str | None = said.get("shown")
        self.parse: Callable[..., Any] = said.get("parse") or self._usual_parse(said.get("noun", ""))

    @property
    def label(self) -> str:
        """How an error names it: the long flag, or the positional's metavar."""
        return self.metavar if self.positional else self.flag

    @property
    def names(self) -> list[str]:
        """How files and the environment may call it: the field, the flag and its aliases, with underscores."""
        flags = [f[2:].replace("-", "_") for f in self.flags if f.startswith("--")]
        return list(dict.fromkeys([self.name, *flags]))

    def _usual_parse(self, noun: str) -> Callable[..., Any]:
        if self.choices:
            return one_of(noun, self.choices)
        return {int: whole(), float: finite}.get(self.kind, str)

    def from_arguments(self, given: Any) -> Any:
        """The value of what argparse collected: True or False, a text, or a list of texts."""
        return given if self.kind is bool else self.parse(given)

    def from_text(self, text: str) -> Any:
        """The value of an environment variable."""
        if self.kind is bool:
            return _truth(text)
        if not self.many:
            return self.parse(text)
        return self.parse(text.replace(",", " ").split() if self.nargs else [text])

    def from_toml(self, value: Any) -> Any:
        """The value of a TOML key, whose type must be the option's."""
        if self.kind is bool:
            return self._of_type(value, bool, "true or false")
        if self.many:
            if isinstance(value, dict) and isinstance(self.parse, Pairs):
                return self.parse.table(value)
            if isinstance(self.parse, Injections):  # [[csms.inject]], or texts
                return self.parse(value if isinstance(value, list) else [value])
            return self.parse([self._text(item) for item in (value if isinstance(value, list) else [value])])
        if self.kind is int:
            return self.parse(str(self._of_type(value, int, "a whole number")))
        if self.kind is float:
            return self.parse(repr(self._of_type(value, (int, float), "a number")))
        return self.parse(self._of_type(value, str, "a text"))

    def _text(self, item: Any) -> str:
        if isinstance(item, dict) and self.metavar == "JSON":
            import json

            return json.dumps(item)
        return cast(str, self._of_type(item, str, "a text"))

    def _of_type(self, value: Any, kind: type | tuple[type, ...], name: str) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"expected {name}, not {kind_of(value)}")
        return value

    def described(self, partners: list[str]) -> str:
        """The help text with its default and the options it excludes, for argparse (`%` doubled)."""
        notes = []
        default = self.shown if self.shown is not None else self._default_text()
        if default:
            notes.append(f"default: {default}")
        if partners:
            notes.append(f"not with {', '.join(partners)}")
        text = f"{self.help} ({'; '.join(notes)})" if notes else self.help
        return text.replace("%", "%%")

    def _default_text(self) -> str:
        if self.default is None or self.default == {} or self.default == () or self.kind is bool:
            return ""
        if isinstance(self.default, tuple):
            return (" " if self.nargs else ",").join(str(item) for item in self.default)
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


_METAVARS: dict[type, str] = {int: "N", float: "SECONDS"}


def same(options_class: type, name: str, **changed: Any) -> Any:
    """A dataclass field like the one called `name` of another options class, with its flag, help and checks."""
    like = next(field for field in dataclasses.fields(options_class) if field.name == name)
    metadata = {**like.metadata, **changed}
    if like.default_factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=like.default_factory, metadata=metadata)
    return dataclasses.field(default=like.default, metadata=metadata)


_OPTIONS: dict[type, list[Option]] = {}
"""Those of each dataclass that were asked for: every scenario and every station asks again."""


def options_of(options_class: type) -> list[Option]:
    """Every option of a dataclass, in the order of its fields."""
    if options_class not in _OPTIONS:
        _OPTIONS[options_class] = [Option(field) for field in dataclasses.fields(options_class)]
    return list(_OPTIONS[options_class])


def as_json(options: Any) -> str:
    """The options as a JSON object, field by field, secrets redacted; what `--print-config` prints."""
    import json

    shown = {}
    for each in options_of(type(options)):
        value = getattr(options, each.name)
        if each.secret and value:
            value = each.secret(value) if callable(each.secret) else "(redacted)"
        shown[each.name] = _plain(value)
    return json.dumps(shown, indent=2, default=str, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """What JSON can hold of a value: tuples and dataclasses with named members become objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(member) for name, member in value._asdict().items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if "__str__" in vars(type(value)):  # it has a text that says it all, and can be given again
            return str(value)
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, tuple) else value


def _kind(annotation: Any) -> type:
    """The type a field holds beside None: bool, int, float, str, tuple, dict, or another class."""
    members = [m for m in get_args(annotation) if m is not NoneType]
    if get_origin(annotation) in (tuple, dict, list):
        return cast(type, get_origin(annotation))
    kind = members[0] if len(members) == 1 else annotation
    return cast(type, get_origin(kind) or kind)


def _truth(text: str) -> bool:
    word = text.strip().casefold()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError(not_one_of(text, "true or false", ("true", "false")))
