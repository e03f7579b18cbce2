"""Write docs/conformance.md: which test of ours goes through which case of the public test suites, for the station.

An id is taken from where a test has it: in its name (`test_tc_b_06_07__...`, `test_tc_d_01_to_06__...`), or written as
`TC_K_12` in its lines, in the heading above it, or in a table that it uses. `--check` writes nothing and ends with
status 1 when the page is not what the tests say.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.pages import publish  # noqa: E402

PAGE = ROOT / "docs" / "conformance.md"
PLACES = ("charge_point", "pair")
"""The folders of tests that have a station under test."""

INTRODUCTION = """\
# Cases of the test suites, and our tests

The public test suites for OCPP give each case an id. This page says which of our tests takes a station of ours through
which case; it is made from the tests. Nobody has certified anything: the tests are ours, in our words, and go by what
the cases check. The tests of 2.0.1 run on 2.1 as well.

"""

CASES_201 = """
    A 1 4-7 9-15 19-23
    B 1-3 6 7 9-30 32-37 39 41 43 45-47 49-57
    C 2 4-18 21-34 36-58
    D 1-8 10
    E 1-17 19-22 24-35 37-46 50-52 54
    F 1-20 23 24 26 27
    G 1-21
    H 1-4 6-10 12-19 21-24
    I 1 2 7
    J 1-4 6-11
    K 1-16 19 21-24 28-42 47 52-54 56-58 60
    L 1-3 5-8 10-16 18
    M 1-4 7 9 12-20 22-31
    N 1-13 15-41 43-45 47 48 51-53 56 61-63
    O 1-15 17-20 22 24 27 28 30 32-39
    P 1 3 4
"""
CASES_21 = """
    B 100-105 107-113
    C 100 103-116 119-124 127-130
    E 100-108 112-116
    F 100
    I 100-121
    K 100-110 112-116 118-125 129-136
    M 100 101
    N 100-106 108 109
    O 100 101
    Q 100-104 107 109-120 122 123 125-128 130
    R 100-106 108
    S 102 104 105
"""
CASES_16 = """
    001 002 003 004_1 004_2 005_1 005_2 005_3 007 007_1 007_2 008 008_1 008_2 010 011_1 011_2 012 013 014 015 016 017_1
    017_2 018_1 018_2 019 021 023 023_4 023_5 024 026 027 028 030 031 032_1 032_2 034 036 037_1 037_2 037_3 038 039
    040_1 040_2 041 042_1 042_2 043 043_1 043_2 043_3 044_1 044_2 044_3 045_1 045_2 046_1 046_2 047 048_1 048_2 048_3
    048_4 049 050_1 050_2 050_3 050_4 051 052 053 053_1 053_2 054 055 056 057 058_1 058_2 059 060 061 061_1 061_2 062
    066 067 068 069 070 071 072 073 074 075_1 075_2 076 077 078 079 080 081 082 083 084 085 086 087
"""
"""The ids of the cases with a station under test: 1.6 edition 2024, 2.0.1 edition 3, and what is known of 2.1."""

_TEXT = re.compile(
    r"TC_(?:([A-Z])_(\d{2,3})((?:, ?_\d+(?:-_\d+)?)*)(?:(?:-TC_\1_| to (?:TC_\1_)?)(\d{2,3}))?"
    r"|(\d{3}(?:_\d)?))(?!\d|_\d)(_CSMS)?"
)
"""`TC_K_12`, `TC_M_03, _04, _16-_18`, `TC_C_109-TC_C_112`, `TC_R_104 to 106`, `TC_050_3`, but not `TC_K_12_CSMS`."""


class Test(NamedTuple):
    """One of our tests, and the ids that it names."""

    file: str
    name: str
    ids: frozenset[str]


def spread(text: str) -> list[str]:
    """`B 1-3 6` -> B_01, B_02, B_03, B_06, for each line."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        letter, *spans = line.split()
        for span in spans:
            first, _, last = span.partition("-")
            found += [f"{letter}_{number:02}" for number in range(int(first), int(last or first) + 1)]
    return found


EDITIONS: dict[str, list[str]] = {
    "1.6": CASES_16.split(),
    "2.0.1": spread(CASES_201),
    "2.1": spread(CASES_21),
}


KNOWN = frozenset(id for ids in EDITIONS.values() for id in ids)


def in_name(name: str) -> set[str]:
    """The ids in the name of a test: `test_tc_h_03_04_tc_048_2__...` has H_03, H_04 and 048_2."""
    parts = [part.split("_") for part in name.removeprefix("test_").split("__")]
    return {id for words in parts if words[0] == "tc" for id in _in_words(words)}


def _in_words(words: list[str]) -> set[str]:
    found: set[str] = set()
    letter, last, upto = "", 0, False
    for at, word in enumerate(words[1:], 1):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word == "tc":
            letter = ""
        elif len(word) == 1 and word.isalpha() and following.isdigit():
            letter = word.upper()
        elif word.isdigit() and letter:
            found |= _range(letter, last + 1 if upto else int(word), int(word))
            last, upto = int(word), False
        elif word.isdigit():
            found |= _of_16(word, words[at - 1])
        elif word in ("to", "and"):
            upto = word == "to"
        elif word == "csms":
            return set()
        else:
            break
    return found


ELSEWHERE = frozenset({"H_20", "N_107", "S_103"})
"""Cases for a CSMS whose other end some tests of a station play."""


def _range(letter: str, first: int, last: int) -> set[str]:
    """The ids from first to last; of several, those that there are."""
    several = {f"{letter}_{number:02}" for number in range(first, last + 1)}
    return several if first == last else several & KNOWN


def _of_16(word: str, before: str) -> set[str]:
    if len(word) == 3:
        return {word}
    return {f"{before}_{word}"} if len(before) == 3 and before.isdigit() else set()


def in_text(text: str) -> set[str]:
    """The ids in a text."""
    found: set[str] = set()
    for letter, first, more, last, old, role in _TEXT.findall(text):
        if role:
            continue
        if old:
            found.add(old)
            continue
        spans = [(first, last or first)]
        spans += [(one, upto or one) for one, upto in re.findall(r"_(\d+)(?:-_(\d+))?", more)]
        for begin, end in spans:
            found |= _range(letter, int(begin), int(end))
    return found


def tests_of(file: Path) -> Iterator[Test]:
    """The tests of a file that name ids, also those that are rows of a table made by `@case("TC_...")`."""
    text = file.read_text("utf-8")
    if "tc_" not in text.lower():
        return
    lines = text.splitlines()
    module = ast.parse(text)
    tables = _tables(module, lines)
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        is_row = any(
            "TC_" in "\n".join(lines[each.lineno - 1 : each.end_lineno]) for each in node.decorator_list
        )
        if not node.name.startswith("test_") and not is_row:
            continue
        ids = in_name(node.name) | in_text("\n".join(lines[first - 1 : node.end_lineno]))
        ids |= in_text(_section(lines, first))
        for name in {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & tables.keys():
            ids |= tables[name]
        ids -= {
            id for id in ids - KNOWN if id in ELSEWHERE or any(other.startswith(f"{id}_") for other in ids)
        }
        if ids:
            yield Test(file.stem, node.name, frozenset(ids))


def _tables(module: ast.Module, lines: list[str]) -> dict[str, set[str]]:
    """Name of a table of the module -> the ids in it."""
    tables: dict[str, set[str]] = {}
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            ids = in_text("\n".join(lines[node.lineno - 1 : node.end_lineno]))
            tables |= {target.id: ids for target in targets if isinstance(target, ast.Name) and ids}
    return tables


def _section(lines: list[str], first: int) -> str:
    """The heading (`# --- ...`) that a line stands under."""
    return next((line for line in reversed(lines[: first - 1]) if line.startswith("# ---")), "")


def found() -> dict[str, list[Test]]:
    """Id -> the tests that name it, in the order of files and lines."""
    by_id: dict[str, list[Test]] = {}
    for place in PLACES:
        for file in sorted((ROOT / "tests" / place).glob("test_*.py")):
            # the test of this script has ids for samples, and no station
            for test in tests_of(file) if file.stem != "test_conformance_page" else ():
                for id in test.ids:
                    by_id.setdefault(id, []).append(test)
    return by_id


def unknown(by_id: dict[str, list[Test]]) -> list[str]:
    """The ids that tests name and no edition has."""
    return sorted(by_id.keys() - KNOWN)


def page() -> str:
    """The whole page."""
    by_id = found()
    lines = [INTRODUCTION, "| edition | cases | with a test | |\n|---|---|---|---|\n"]
    for edition, ids in EDITIONS.items():
        done = sum(id in by_id for id in ids)
        lines.append(f"| OCPP {edition} | {len(ids)} | {done} | {done / len(ids):.0%} |\n")
    for edition, ids in EDITIONS.items():
        lines.append(f"\n## OCPP {edition}\n\n| case | test |\n|---|---|\n")
        lines += _rows([id for id in ids if id in by_id], by_id)
        missing = [f"TC_{id}" for id in ids if id not in by_id]
        if missing:
            lines.append(f"\nWithout a test of their own: {', '.join(missing)}.\n")
    return "".join(lines)


def _rows(ids: list[str], by_id: dict[str, list[Test]]) -> Iterator[str]:
    """A row for each run of cases that the same tests go through."""
    at = 0
    while at < len(ids):
        tests = by_id[ids[at]]
        run = [ids[at]]
        while at + len(run) < len(ids) and by_id[ids[at + len(run)]] == tests:
            run.append(ids[at + len(run)])
        cases = f"TC_{run[0]} to {run[-1]}" if len(run) > 2 and _follow(run) else f"TC_{', '.join(run)}"
        yield f"| {cases} | {'; '.join(f'{test.file}: `{_short(test.name)}`' for test in tests)} |\n"
        at += len(run)


def _follow(run: list[str]) -> bool:
    """Whether ids are of one block, without a gap."""
    if len({id[0] for id in run}) > 1 or not run[0][0].isalpha():
        return False
    numbers = [int(id[2:]) for id in run]
    return numbers == list(range(numbers[0], numbers[0] + len(run)))


def _short(name: str) -> str:
    """The sentence that a name is, without its ids."""
    parts = [part for part in name.removeprefix("test_").split("__") if not part.startswith("tc_")]
    return (" ".join(parts) or name.removeprefix("test_")).replace("_", " ")


def main() -> int:
    """Write the page, or with `--check` say whether it is as it should be."""
    by_id = found()
    if strange := unknown(by_id):
        print(
            "no edition has", ", ".join(f"TC_{id} ({by_id[id][0].name})" for id in strange), file=sys.stderr
        )
        return 1
    return publish(__file__, sys.argv[1:], {PAGE: page})


if __name__ == "__main__":
    sys.exit(main())
