"""The names that findings and notes go by: scenarios are judged by them before anything runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from shared.findings import NAMES, NOTES

ROOT = Path(__file__).resolve().parents[2]


def noted() -> Iterator[tuple[str, bool, str]]:
    """What the code notes: its name, whether a clause is cited, and where."""
    for package in ("shared", "csms", "charge_point"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (found := name_in(node)):
                    cited = any(
                        k.arg == "clause" and not (isinstance(k.value, ast.Constant) and not k.value.value)
                        for k in node.keywords
                    )
                    yield found, cited, f"{path.relative_to(ROOT)}:{node.lineno}"


def name_in(call: ast.Call) -> str:
    """The name in `x.note("name", ...)`, `x.note(station, "name", ...)`, `Breach("name", ...)`."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function.strip("_") not in ("note", "Breach"):
        return ""
    texts = [a.value for a in call.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return next((text for text in texts if text.isidentifier()), "")


def test_every_finding_that_the_code_notes_can_be_expected_by_a_scenario() -> None:
    found = list(noted())
    assert len([name for name, cited, _ in found if cited]) > 20, "the code is read"
    strange = {name: place for name, cited, place in found if cited and name not in NAMES}
    assert strange == {}, "add these to NAMES of shared/findings.py"


def test_a_note_is_not_called_like_a_finding() -> None:
    assert not set(NOTES) & set(NAMES)
