"""Lines typed or piped, and the words at their beginning."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TextIO

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import shared.prompt
from shared.option_fields import UsageError
from shared.prompt import Prompt, Word, converse, lines, numbers
from tests.support import eventually

ROOT = Path(__file__).parents[2]

_real = pytest.mark.sockets
"""A thread reads the input: that is real time."""


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """Both ends of a pipe: what is to be read, and what is written."""
    ends = os.pipe()
    with os.fdopen(ends[0], "r") as reader, os.fdopen(ends[1], "w") as writer:
        yield reader, writer


# --- lines ----------------------------------------------------------------------------------------------------


@_real
async def test_a_piped_line_is_taken_while_the_pipe_stays_open(pipe: tuple[TextIO, TextIO]) -> None:
    reader, writer = pipe
    async with aclosing(lines(reader)) as typed:
        writer.write("stations\r\nCP1 reset")
        writer.flush()
        assert await anext(typed) == "stations"
        waiting = asyncio.ensure_future(anext(typed))
        for _ in range(3):  # the loop goes on meanwhile
            await asyncio.sleep(0)
        assert not waiting.done()
        writer.write(" Hard\nquit")
        writer.close()
        assert await waiting == "CP1 reset Hard"
        assert [line async for line in typed] == ["quit"]


@_real
async def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_bytes(b"one\n\ntw\xffo\nthree")
    with path.open() as file:
        assert [line async for line in lines(file)] == ["one", "", "tw\ufffdo", "three"]


@_real
async def test_more_lines_than_are_read_ahead_all_come(tmp_path: Path) -> None:
    path = tmp_path / "commands"
    path.write_text("".join(f"{number}\n" for number in range(1000)))
    with path.open() as file:
        assert [line async for line in lines(file)] == [str(number) for number in range(1000)]


@_real
async def test_nothing_to_read_is_no_more_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as null:  # noqa: ASYNC230
        assert [line async for line in lines(null)] == []
    assert [line async for line in lines(null)] == []  # closed by now
    monkeypatch.setattr(sys, "stdin", None)
    assert [line async for line in lines()] == []


@_real
async def test_text_without_a_descriptor_is_read_too() -> None:
    assert [line async for line in lines(io.StringIO("one\ntwo\n"))] == ["one", "two"]


@_real
async def test_a_line_without_end_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared.prompt, "LONGEST_LINE", 100_000)
    path = tmp_path / "commands"
    path.write_text("one\n" + "x" * 1_000_000)
    with path.open() as file:
        assert [line async for line in lines(file)] == ["one"]
    assert "no more commands are read" in caplog.text


@_real
async def test_a_terminal_in_whose_background_we_run_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda number: os.getpgrp() + 1)
    with os.fdopen(slave, "r") as terminal, os.fdopen(master, "w") as keyboard:
        keyboard.write("stations\n")
        keyboard.flush()
        assert [line async for line in lines(terminal)] == []


@_real
async def test_typed_lines_can_be_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.prompt, "is_terminal", lambda stdin: True)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("CP1 reset\rstax\x7ftionss\x1b[D\x1b[3~\r\x04")
        typed = [line async for line in lines(io.StringIO())]
    assert typed == ["CP1 reset", "stations"]


@_real
async def test_the_interrupt_key_is_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.prompt, "is_terminal", lambda stdin: True)
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, signum: killed.append((pid, signum)))
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("\x03")
        assert [line async for line in lines(io.StringIO())] == []
    assert killed == [(os.getpid(), 2)]


# --- words ----------------------------------------------------------------------------------------------------


def _prompt(**options: object) -> Prompt:
    async def slow(rest: str) -> str:
        await asyncio.sleep(1)
        return f"slow {rest}"

    def wrong(rest: str) -> str:
        raise UsageError(f"{rest!r} is wrong")

    def bug(rest: str) -> str:
        raise KeyError(rest)

    words = (
        Word(
            "echo", "echo TEXT", "say it again\nAll of it.", lambda rest: rest, lambda typed: ("one", "two")
        ),
        Word("slow", "slow TEXT", "say it later", slow),
        Word("wrong", "wrong", "refuse", wrong),
        Word("bug", "bug", "be broken", bug),
        Word("quiet", "quiet", "say nothing", lambda rest: None),
        Word("long", "long [OF] [MANY] [WORDS] [AND] [MORE]", "have a long usage", lambda rest: None),
    )
    return Prompt(words, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("echo  a  b ", "a  b"),
        ("  echo", ""),
        ("slow down", "slow down"),
        ("wrong way", "'way' is wrong"),
        ("quiet", ""),
        ("", ""),
        ("   ", ""),
        ("# echo no", ""),
        (
            "ecko",
            "'ecko' is not a word that can be typed here; did you mean 'echo'? "
            "(echo, slow, wrong, bug, quiet, long, help)",
        ),
    ],
)  # fmt: skip
async def test_a_line_is_obeyed(line: str, said: str) -> None:
    assert await _prompt().obey(line) == said


async def test_what_is_no_word_goes_to_otherwise_unless_that_declines() -> None:
    async def taken(line: str) -> str:
        return f"took {line}"

    prompt = _prompt(
        otherwise=lambda line: taken(line) if line.startswith("CP1") else None, more=lambda: ["CP1", "reset"]
    )
    assert await prompt.obey("CP1 reset") == "took CP1 reset"
    assert "did you mean 'reset'?" in await prompt.obey("rset")


async def test_help_has_one_line_for_each_word() -> None:
    text = _prompt(footer="the end").help("")
    assert text.splitlines() == [
        "  echo TEXT                       say it again",
        "  slow TEXT                       say it later",
        "  wrong                           refuse",
        "  bug                             be broken",
        "  quiet                           say nothing",
        "  long [OF] [MANY] [WORDS] [AND] [MORE]",
        "                                  have a long usage",
        "  help [WORD]                     what can be typed, or what one word does",
        "the end",
    ]
    assert max(map(len, text.splitlines())) <= 79


async def test_help_on_a_word_says_all_there_is() -> None:
    prompt = _prompt(topics=lambda word: "about reset" if word == "reset" else None)
    assert await prompt.obey("help echo") == "echo TEXT\nsay it again\nAll of it."
    assert await prompt.obey("help reset") == "about reset"
    assert "did you mean 'slow'?" in await prompt.obey("help slwo")


def test_completion_offers_words_then_what_may_follow_them() -> None:
    prompt = _prompt(complete=lambda typed: ("CP1",), more=lambda: ("reset",))
    assert {"echo", "help", "CP1"} <= set(prompt.complete("e"))
    assert prompt.complete("echo t") == ["one", "two"]
    assert prompt.complete("slow t") == []
    assert "reset" in prompt.complete("help r")
    assert prompt.complete("CP1 r") == ["CP1"]


@_real
async def test_piped_lines_are_done_one_after_another() -> None:
    done: list[str] = []
    order: list[str] = []

    async def first(rest: str) -> str:
        await eventually(lambda: True)
        await asyncio.sleep(0)
        order.append("first")
        return "1"

    words = (
        Word("first", "first", "", first),
        Word("second", "second", "", lambda rest: order.append("second")),
    )
    await converse(Prompt(words), stdin=io.StringIO("first\nsecond\nfirst\n"), write=done.append)
    assert order == ["first", "second", "first"]
    assert done == ["1", "1"]


@_real
async def test_a_fault_of_ours_is_logged_and_the_next_line_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    await converse(_prompt(), stdin=io.StringIO("bug x\necho on\n"), write=done.append)
    assert done == ["on"]
    assert "KeyError: 'x'" in caplog.text


def test_numbers_are_read_or_the_usage_is_told() -> None:
    assert numbers("1 2", 2, "u") == [1, 2]
    assert numbers("", 2, "u") == []
    for wrong in ("1 2 3", "one", "-1", "²"):
        with pytest.raises(UsageError, match="usage: plug_in"):
            numbers(wrong, 2, "plug_in")


# --- at a terminal --------------------------------------------------------------------------------------------

_PROGRAM = """
import asyncio, sys
from shared.prompt import Prompt, Word, converse
async def main():
    async def later(rest):
        sys.stderr.write("a line of the log\\n")
        await asyncio.sleep(0.01)
        return "done " + rest
    async def hear():
        await converse(Prompt([Word("later", "later", "x", later)]), shown="here> ")
        print("no more")
    await hear()
asyncio.run(main())
"""


@_real
async def test_at_a_terminal_there_is_a_prompt_and_output_does_not_tear_it() -> None:
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    environment = os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    shown = b""

    def shows(text: bytes) -> bool:
        nonlocal shown
        try:
            shown += os.read(master, 65536)
        except OSError:
            pass
        return text in shown

    try:
        await eventually(lambda: shows(b"here>"))
        os.write(master, b"lat\t")
        await eventually(lambda: shows(b"later"))
        os.write(master, b" on\r")
        await eventually(lambda: shows(b"done on"))
        assert b"a line of the log" in shown
        os.write(master, b"\x04")
        await eventually(lambda: shows(b"no more\r\n"))
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)


_WITHOUT_STDIN = """
import asyncio, socket
from shared.clock import run_real
from shared.prompt import lines
async def main():
    a, b = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=a)
    writer.close()
    await writer.wait_closed()
    print([line async for line in lines()])
run_real(main())
"""


@_real
async def test_a_program_that_was_started_without_stdin_runs_to_its_end() -> None:
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'exec "$0" -c "$1" <&-', sys.executable, _WITHOUT_STDIN),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    said, errors = await process.communicate()
    assert (process.returncode, said) == (0, b"[]\n"), errors
