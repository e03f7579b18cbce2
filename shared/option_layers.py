"""Where options come from: a TOML file, the environment, the command line; the nearer one wins.

A layer maps field names to what was given there, each with its source, so that an error can name it:
`pair.toml: [csms] port: ...`, `OCPP_CSMS_PORT: ...`, `--port: ...`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.option_fields import Option, UsageError
from shared.option_values import file_fault, kind_of
from shared.suggest import advice, did_you_mean

COMMON = "common"
TABLES = (
    COMMON,
    "csms",
    "charge_point",
    "csms_run",
    "charge_point_run",
    "csms_replay",
    "charge_point_replay",
)
"""The tables of a configuration file: one for both programs, one for each."""


class Given(NamedTuple):
    """A value that a layer gave, and where."""

    source: str
    value: Any


Layer = dict[str, Given]


def merged(options: Iterable[Option], layers: Iterable[Layer]) -> Layer:
    """What holds after all `layers`, lowest first.

    Of an exclusive set a nearer layer's member drives out the others of the farther ones. Tables (dicts) are
    merged key by key. Raises UsageError when one layer gives two of a set.
    """
    by_name = {o.name: o for o in options}
    result: Layer = {}
    for layer in layers:
        for rivals in _exclusive(by_name.values()):
            present = [n for n in rivals if n in layer and layer[n].value is not False]  # --no-x is no choice
            if len(present) > 1:
                first, second = (layer[n].source for n in present[:2])
                raise UsageError(f"{first}: not together with {second.split('] ')[-1]}")
            if present:
                for name in rivals:
                    result.pop(name, None)
        for name, given in layer.items():
            before = result.get(name)
            if before is not None and isinstance(given.value, dict):
                given = given._replace(value={**before.value, **given.value})
            result[name] = given
    return result


def _exclusive(options: Iterable[Option]) -> list[list[str]]:
    sets: dict[str, list[str]] = {}
    for each in options:
        if each.exclusive:
            sets.setdefault(each.exclusive, []).append(each.name)
    return list(sets.values())


def from_environment(options: Iterable[Option], prefix: str, environ: Mapping[str, str]) -> Layer:
    """The layer of the environment: `prefix` and the option's name in capitals; an empty value is none."""
    layer: Layer = {}
    for each in options:
        if each.layers == "file" or each.positional:
            continue
        for name in each.names:
            variable = prefix + name.upper()
            if environ.get(variable):
                _put(layer, each, variable, lambda o=each, t=environ[variable]: o.from_text(t))
    return layer


def environment_notes(options: Iterable[Option], prefix: str, environ: Mapping[str, str]) -> list[str]:
    """A warning for every variable that looks like an option's and is none."""
    known = [prefix + name.upper() for o in options for name in o.names]
    return [
        f"{variable} is not an option{did_you_mean(variable, known)}"
        for variable in environ
        if variable.startswith(prefix) and variable not in known and did_you_mean(variable, known)
    ]


def read_config(path: str, source: str) -> dict[str, dict[str, Any]]:
    """The tables of the TOML file at `path`; UsageError names `source`, the file, and the line where known."""
    fault = file_fault(path)
    if fault is not None:
        raise UsageError(f"{source}: {fault}")
    import tomllib

    try:
        with open(path, "rb") as file:
            content = file.read()
        tables = tomllib.loads(
            content.decode("utf-8-sig")
        )  # some editors begin a file with a byte order mark
    except OSError as error:
        raise UsageError(f"{source}: {path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_malformed(path, str(error))) from None
    for name, table in tables.items():
        if name not in TABLES:
            raise UsageError(f"{path}: no table or option {name!r}{_where_it_belongs(name, table)}")
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name}: expected a table, [{name}], not {kind_of(table)}")
    return tables


def _where_it_belongs(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return advice(name, [f"[{table}]" for table in TABLES])
    return f" outside a table; it belongs under {', '.join(f'[{t}]' for t in TABLES[:-1])} or [{TABLES[-1]}]"


def _malformed(path: str, message: str) -> str:
    """tomllib says `Expected '=' ... (at line 3, column 5)`; people look for `file:3:`."""
    text, at, place = message.partition(" (at ")
    text = text[:1].lower() + text[1:]
    if not at:
        return f"{path}: not TOML: {text}"
    line = place[5:].partition(",")[0] if place.startswith("line ") else "end"
    return f"{path}:{line}: not TOML: {text}" if line != "end" else f"{path}: not TOML: {text} at its end"


def from_table(options: Iterable[Option], table: Mapping[str, Any], path: str, name: str) -> Layer:
    """The layer of one table, `[name]`, of the file at `path`; a key that is no option is a UsageError."""
    options = [o for o in options if o.layers != "given" and not o.positional]
    by_key = {key: o for o in options for key in o.names}
    layer: Layer = {}
    for key, value in table.items():
        found = by_key.get(key.replace("-", "_"))
        source = f"{path}: [{name}] {key}"
        if found is None:
            shown = [o.label.removeprefix("--") for o in options]
            raise UsageError(f"{source}: no such option{advice(key, shown)}")
        if found.layers == "file":
            layer[found.name] = Given(source, found.parse(value, path, f"{name}.{key}"))
        else:
            _put(layer, found, source, lambda o=found, v=value: o.from_toml(v))
    return layer


def from_arguments(options: Iterable[Option], given: Mapping[str, Any]) -> Layer:
    """The layer of the command line, from what argparse collected for the flags that were given."""
    layer: Layer = {}
    for each in options:
        if each.name in given:
            _put(layer, each, each.label, lambda o=each: o.from_arguments(given[o.name]))
    return layer


def _put(layer: Layer, option: Option, source: str, convert: Any) -> None:
    if option.name in layer:
        raise UsageError(f"{source}: given twice, also as {layer[option.name].source.split('] ')[-1]}")
    try:
        layer[option.name] = Given(source, convert())
    except ValueError as error:
        raise UsageError(f"{source}: {error}") from None
