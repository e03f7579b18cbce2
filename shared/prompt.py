"""What is typed, or piped in: lines, and the words that may stand at their beginning.

At a terminal there is a prompt with history and completion, and what the program prints meanwhile does not tear the
line. From a file or a pipe the lines are read in a thread of their own: neither kind can be watched by every event
loop (a file cannot at all), and the conversation must go on while nobody types. The end of the input only means that
no more commands come.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import NamedTuple, TextIO

from shared.option_fields import UsageError
from shared.suggest import not_one_of

log = logging.getLogger("ocpp")

Completer = Callable[[str], Iterable[str]]
"""What is typed so far -> the words that could stand where the last one begins."""

LONGEST_LINE = 1024 * 1024
_AHEAD = 100
"""Lines that are read before they are used."""


# --- lines --------------------------------------------------------------------------------------------------


def is_terminal(stdin: TextIO | None) -> bool:
    """Whether somebody sits there: input and both outputs are terminals."""
    return all(_isatty(stream) for stream in (stdin, sys.stdout, sys.stderr))


def _isatty(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _is_anothers(stdin: TextIO) -> bool:
    """Whether it is a terminal that we run in the background of: who reads it there is stopped (SIGTTIN)."""
    if not hasattr(os, "tcgetpgrp") or not _isatty(stdin):
        return False
    try:
        return os.tcgetpgrp(stdin.fileno()) != os.getpgrp()
    except OSError:
        return False  # not our controlling terminal: nobody stops us


async def lines(
    stdin: TextIO | None = None, *, prompt: str = "> ", completions: Completer | None = None
) -> AsyncGenerator[str, None]:
    """The lines that are typed or piped, without their ends, until there are no more; `stdin` is sys.stdin if None."""
    stdin = sys.stdin if stdin is None else stdin
    if stdin is None:
        return
    if _is_anothers(stdin):
        return
    source = _typed(prompt, completions) if is_terminal(stdin) else _piped(stdin)
    async with aclosing(source) as found:
        async for line in found:
            yield line


async def _typed(prompt: str, completions: Completer | None) -> AsyncGenerator[str, None]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.completion import Completer as Completes
    from prompt_toolkit.document import Document
    from prompt_toolkit.patch_stdout import patch_stdout

    class _Completions(Completes):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            typed = document.text_before_cursor
            word = typed[_last_word(typed) :]
            for candidate in completions(typed) if completions is not None else ():
                if candidate.lower().startswith(word.lower()):
                    yield Completion(candidate, start_position=-len(word))

    session: PromptSession[str] = PromptSession(
        prompt, completer=_Completions(), complete_while_typing=False, enable_suspend=True
    )
    # raw from the first prompt to the last: what is typed between two of them is keys too, an early Ctrl+D not lost
    with patch_stdout(raw=True), session.input.raw_mode():
        while True:
            try:
                # signals stay the program's own: Ctrl+C is a key here, and asks to stop as the signal does
                yield await session.prompt_async(handle_sigint=False, set_exception_handler=False)
            except KeyboardInterrupt:
                os.kill(os.getpid(), signal.SIGINT)
                return
            except EOFError:
                sys.stderr.write("no more commands are taken here; Ctrl+C ends the program\n")
                return


def _last_word(typed: str) -> int:
    """Where the word begins that is being typed."""
    return max(typed.rfind(" "), typed.rfind("\t")) + 1


async def _piped(stdin: TextIO) -> AsyncGenerator[str, None]:
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[str | None] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)
    try:
        read = _reader(stdin)
    except ValueError:  # closed
        return

    def follow() -> None:
        for line in _split(read):
            room.acquire()
            if loop.is_closed():
                return
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, line)
            except RuntimeError:  # closed meanwhile
                return

    # a daemon: the program may end while it waits for input
    threading.Thread(target=follow, name="stdin", daemon=True).start()
    while (line := await arrived.get()) is not None:
        room.release()
        yield line
    room.release()


def _reader(stdin: TextIO) -> Callable[[], bytes]:
    """What reads the next piece of `stdin`, nothing at its end. ValueError when it is closed.

    By its descriptor, not through the stream's buffer, whose lock an interpreter that ends would want.
    """
    try:
        number = stdin.fileno()
    except io.UnsupportedOperation:
        return lambda: stdin.readline().encode("utf-8", "surrogateescape")
    return lambda: os.read(number, 65536)


def _split(read: Callable[[], bytes]) -> Iterable[str | None]:
    """The lines of what `read` gives, then None. One longer than `LONGEST_LINE` is the end, too."""
    rest = b""
    while True:
        try:
            piece = read()
        except (OSError, ValueError):
            piece = b""
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _decoded(line)
        if len(rest) > LONGEST_LINE:
            log.warning("a line of more than %d bytes on stdin: no more commands are read", LONGEST_LINE)
            rest = piece = b""
        if not piece:
            if rest:
                yield _decoded(rest)
            yield None
            return


def _decoded(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


# --- words --------------------------------------------------------------------------------------------------

Said = str | None | Awaitable[str | None]


class Word(NamedTuple):
    """One word that may be typed. `run` gets the rest of the line and gives what to print, if anything.

    `usage` is the word with what follows it (`plug_in [EVSE]`), `help` begins with one line that says what it does;
    more lines are for `help WORD`, and so is what `more` gives. `complete` knows what may follow.
    """

    name: str
    usage: str
    help: str
    run: Callable[[str], Said]
    complete: Completer | None = None
    more: Callable[[], str] | None = None


class Prompt:
    """Finds the word of a line and does it. `otherwise` gets the lines that begin with no known word.

    `otherwise(line)` gives None from a plain call when the line is not for it either; `more` are the words that it
    would take, for suggestions and completion; `topics(word)` is the help on those; `footer` ends `help`.
    """

    def __init__(
        self,
        words: Sequence[Word],
        *,
        otherwise: Callable[[str], Awaitable[str | None] | None] = lambda line: None,
        more: Callable[[], Iterable[str]] = tuple,
        topics: Callable[[str], str | None] = lambda word: None,
        complete: Completer = lambda typed: (),
        footer: str = "",
    ) -> None:
        helps = Word("help", "help [WORD]", "what can be typed, or what one word does", self.help)
        self.words = {word.name: word for word in (*words, helps)}
        self._otherwise = otherwise
        self._more = more
        self._topics = topics
        self._complete = complete
        self._footer = footer

    async def obey(self, line: str) -> str:
        """Do what `line` says; gives what to print, which is empty for an empty line and for a comment (#)."""
        line = line.strip()
        if not line or line.startswith("#"):
            return ""
        name, _, rest = line.partition(" ")
        word = self.words.get(name)
        try:
            said = word.run(rest.strip()) if word is not None else self._otherwise(line)
            if word is None and said is None:
                return not_one_of(name, "a word that can be typed here", (*self.words, *self._more()))
            text = await said if isinstance(said, Awaitable) else said
        except UsageError as wrong:
            return str(wrong)
        return text or ""

    def help(self, about: str) -> str:
        """One line for each word; or all there is to say about one."""
        if not about:
            listed = [_listed(word.usage, word.help.partition("\n")[0]) for word in self.words.values()]
            return "\n".join([*listed, *([self._footer] if self._footer else [])])
        word = self.words.get(about)
        if word is not None:
            more = f"\n{word.more()}" if word.more is not None else ""
            return f"{word.usage}\n{word.help}{more}"
        found = self._topics(about)
        return found or not_one_of(about, "a word that can be typed here", (*self.words, *self._more()))

    def complete(self, typed: str) -> list[str]:
        """The words that could stand where the last word of `typed` begins, sorted by nothing: best first."""
        name, blank, rest = typed.lstrip().partition(" ")
        if not blank:
            return [*self.words, *self._complete(typed)]
        if name == "help":
            return [*self.words, *self._more()]
        word = self.words.get(name)
        if word is not None:
            return list(word.complete(rest)) if word.complete is not None else []
        return list(self._complete(typed))


_USAGE_WIDTH = 30


def _listed(usage: str, help: str) -> str:
    """One line of the list of words; the usage stands alone where it leaves no room for more."""
    room = f"{usage:<{_USAGE_WIDTH}}" if len(usage) <= _USAGE_WIDTH else f"{usage}\n{'':<{_USAGE_WIDTH + 2}}"
    return f"  {room}  {help}"


async def converse(
    prompt: Prompt,
    *,
    stdin: TextIO | None = None,
    write: Callable[[str], object] | None = None,
    shown: str = "> ",
) -> None:
    """Obey each line until there are no more, and print what comes of it (`write`: on stdout).

    Lines from a pipe are done one after another. At a terminal the next may be typed while one waits for its
    answer. What goes wrong in a word that is a fault of ours is logged, and the next line is taken.
    """
    say = _print if write is None else write
    patient = not is_terminal(sys.stdin if stdin is None else stdin)
    async with (
        asyncio.TaskGroup() as group,
        aclosing(lines(stdin, prompt=shown, completions=prompt.complete)) as typed,
    ):
        async for line in typed:
            if patient:
                await _do(prompt, line, say)
            else:
                group.create_task(_do(prompt, line, say))


async def _do(prompt: Prompt, line: str, say: Callable[[str], object]) -> None:
    try:
        text = await prompt.obey(line)
    except Exception:
        log.exception("a fault of ours in %r", line)
        return
    if text:
        say(text)


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except UnicodeEncodeError:
        print(text.encode("ascii", "backslashreplace").decode(), flush=True)
    except (OSError, ValueError):
        pass  # nobody reads: the words were done all the same


def numbers(text: str, most: int, usage: str) -> list[int]:
    """Up to `most` whole numbers in `text`; UsageError, with the usage of the word, for anything else."""
    parts = text.split()
    if len(parts) > most or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"{text!r} is not what follows; usage: {usage}")
    return [int(part) for part in parts]
