"""From the text of a file to its tree: YAML and JSON through PyYAML's composer, TOML through tomllib."""

from __future__ import annotations

import re
from typing import Any

from shared.scenario.tree import MAX_DEPTH, Items, Node, Scalar, ScenarioError, Table


def parse(text: str, *, toml: bool = False) -> list[Node]:
    """The documents in `text`, empty ones left out. Raises ScenarioError with the line."""
    return [_Toml(text).tree()] if toml else _yaml(text)


def _yaml(text: str) -> list[Node]:
    import yaml

    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
        return [_node(document, 0) for document in documents if document is not None]
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        what = " ".join(str(part) for part in (problem.context, problem.problem) if part)
        raise ScenarioError(f"not YAML: {what}; {_advice(what)}", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as problem:  # characters that YAML does not allow
        line = text[: getattr(problem, "position", 0)].count("\n") + 1
        reason = getattr(problem, "reason", None) or str(problem).splitlines()[0]
        raise ScenarioError(f"not YAML: {reason}", line) from None
    except RecursionError:
        raise ScenarioError("nested too deeply", 1) from None


def _node(node: Any, depth: int) -> Node:
    import yaml

    line = node.start_mark.line + 1
    if depth > MAX_DEPTH:
        raise ScenarioError("nested too deeply, or an alias that holds itself", line)
    if isinstance(node, yaml.ScalarNode):
        return Scalar(node.value, line, plain=node.style is None)
    if isinstance(node, yaml.SequenceNode):
        return Items(tuple(_node(item, depth + 1) for item in node.value), line)
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ScenarioError("a key is a word", key.start_mark.line + 1)
        name = Scalar(key.value, key.start_mark.line + 1, plain=key.style is None)
        if name.text in entries:
            raise ScenarioError(f"{name.text!r} stands here twice", name.line)
        entries[name.text] = (name, _node(value, depth + 1))
    return Table(tuple(entries.values()), line)


class _Toml:
    """tomllib tells no lines, so they are looked for: each header and each key in the order in which they stand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.splitlines()
        self._headers: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines, 1):
            found = re.match(r"\s*\[+\s*([\w.\"'-]+)\s*\]+", line)
            if found:
                self._headers.setdefault(found[1], []).append(number)

    def tree(self) -> Node:
        """The document."""
        import tomllib

        try:
            value = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as problem:
            at = re.search(r"line (\d+)", str(problem))
            last = len(self._lines) if "end of document" in str(problem) else 1
            raise ScenarioError(f"not TOML: {problem}", int(at[1]) if at else max(last, 1)) from None
        return self._node(value, 1, "")

    def _node(self, value: Any, line: int, path: str) -> Node:
        if isinstance(value, dict):
            entries = []
            for key, member in value.items():
                below = f"{path}.{key}" if path else key
                at = self._find(key, below, line)
                entries.append((Scalar(key, at), self._node(member, at, below)))
            return Table(tuple(entries), line)
        if isinstance(value, list):
            headers = self._headers.get(path, [])
            lines = [headers[n] if n < len(headers) else line for n in range(len(value))]
            return Items(
                tuple(self._node(item, at, path) for item, at in zip(value, lines, strict=True)), line
            )
        if isinstance(value, bool):
            return Scalar("true" if value else "false", line)
        return Scalar(str(value), line, plain=not isinstance(value, str))

    def _find(self, key: str, path: str, start: int) -> int:
        if path in self._headers:
            return self._headers[path][0]
        word = re.compile(rf"(^|[\s{{,])[\"']?{re.escape(key)}[\"']?\s*=")
        for number in range(start, len(self._lines) + 1):
            if word.search(self._lines[number - 1]):
                return number
        return start


_ADVICE = {
    "'\\t'": "indent with blanks, not with tabs",
    "mapping values are not allowed": "quote a text that holds ': '",
    "found unknown escape": "write a backslash in double quotes twice, or use single quotes",
    "quoted scalar": "close the quotes",
    "flow": "close what [ or { has opened here or above",
    "undefined alias": "quote a text that begins with *",
}


def _advice(what: str) -> str:
    """What to do about a mistake that YAML tells of in these words."""
    found = (advice for words, advice in _ADVICE.items() if words in what)
    return next(found, "look at the indentation, the quotes and the brackets of this line and the one before")
