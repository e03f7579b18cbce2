"""docs/first-scenario.md, followed from top to bottom: files are saved, commands typed, outputs compared."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from charge_point.run_options import StationRunOptions
from scripts.processes import ROOT, Program, command, environment, url_of
from shared.option_fields import options_of

PAGE = (ROOT / "docs" / "first-scenario.md").read_text(encoding="utf-8")
ADDRESS = "ws://localhost:9000"


class Said(NamedTuple):
    """One command of the page as it was typed, its status, and its output."""

    line: str
    status: int
    out: str


class Reader:
    """Somebody who does what the page says, in an empty folder."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self.folder = folder
        self.url = ""
        self._running = running

    def save(self, name: str, text: str) -> None:
        """Save a file."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def type(self, line: str) -> Said | None:
        """Run one command; nothing is said yet by one that stays in the background."""
        python, dash_m, module, *words = shlex.split(line, comments=True)
        assert (python, dash_m) == ("python", "-m"), line
        behind = words[-1] == "&"
        words = [{"9000": "0", ADDRESS: self.url}.get(word, word) for word in words if word != "&"]
        program = self._running.enter_context(
            Program([*command(module), *words], env=environment(PYTHONPATH=str(ROOT)), cwd=self.folder)
        )
        if behind:
            self.url = url_of(program)
            return None
        return Said(line, program.end(), program.said.replace(self.url or ADDRESS, ADDRESS))


def blocks() -> Iterator[tuple[str, str, str]]:
    """Every fenced block of the page: its language, its text, and the file that the text before says to save."""
    before = 0
    for block in re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        saved = re.search(r"Save this as `([^`]+)`", PAGE[before : block.start()])
        yield block[1], block[2], saved[1] if saved else ""
        before = block.end()


def plain(text: str) -> str:
    """It without what differs from run to run: durations in real time, the padding before them, where lines break."""
    return " ".join(re.sub(r"(?m)(^|\s)(in )?[\d.]+ m?s$", r"\1\2#", text).split())


def is_as_shown(out: str, shown: str) -> bool:
    """Whether an output is what the page shows, where a line of `...` stands for any lines."""
    parts = [re.escape(plain(part)) for part in re.split(r"(?m)^\.\.\.$", shown)]
    return re.fullmatch(".*".join(parts), plain(out)) is not None


def status_of(line: str) -> int:
    """The status that the page claims for a command."""
    claimed = re.search(r"# status (\d+)$", line)
    return int(claimed[1]) if claimed else 0


@pytest.mark.sockets
def test_a_reader_who_follows_the_page_sees_what_it_shows(tmp_path: Path) -> None:
    shown, typed = 0, 0
    last: Said | None = None
    with ExitStack() as running:
        reader = Reader(tmp_path, running)
        for language, text, name in blocks():
            if language == "yaml":
                assert name, f"where is this to be saved?\n{text}"
                reader.save(name, text)
            elif language == "sh":
                for line in text.splitlines():
                    last, typed = reader.type(line), typed + 1
                    assert last is None or last.status == status_of(line), last
            else:
                assert language == "text"
                assert last is not None
                assert is_as_shown(last.out, text), f"{last.line}\nsaid:\n{last.out}\nnot:\n{text}"
                shown += 1
    assert (typed, shown) == (14, 9)
    suites = ElementTree.parse(tmp_path / "run.xml").getroot()
    assert len(list(suites.iter("testcase"))) == 6
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "the answer to the start is lost" in page


def test_an_output_that_differs_is_not_taken_for_the_one_shown() -> None:
    assert is_as_shown("passed  a (1.6)   10 min 0 s in 12 ms\n", "passed  a (1.6)  10 min 0 s in 9 ms\n")
    assert not is_as_shown("failed  a (1.6)  in 12 ms\n", "passed  a (1.6)  in 9 ms\n")
    assert not is_as_shown("one\ntwo\n", "one\n")
    assert is_as_shown("one\ntwo\nthree\n", "...\nthree\n")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", PAGE))
def test_every_page_that_it_links_is_there(link: str) -> None:
    assert (ROOT / "docs" / link).is_file()


@pytest.mark.parametrize("word", sorted(set(re.findall(r"`(--[a-z-]+)", PAGE))))
def test_every_option_that_the_text_names_exists(word: str) -> None:

    assert word in {option.flag for option in options_of(StationRunOptions)}
