"""Where a report is written: a file that is opened before anything starts, or the stream that was given for "-".

A file that cannot be opened is the user's mistake and known at once (UsageError). One that fails later (disk full,
device gone) ends that report with one sentence; the run goes on, and is not green.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TextIO

from shared.option_fields import UsageError

STANDARD = "-"


class Sink:
    """Takes text for `path`. `problem` is a sentence once something could not be written; then nothing more is.

    `begin` empties the file: what an earlier run left must not be taken for this run's result, but it stays until
    it is certain that this run can start. What cannot be encoded (half a surrogate pair) is written as an escape.
    """

    def __init__(self, name: str, path: str, stream: TextIO) -> None:
        self.name = name
        self.path = path
        self.problem = ""
        self._stream = stream
        self._file: IO[bytes] | None = None
        if path != STANDARD:
            try:
                self._file = Path(path).open("ab")  # noqa: SIM115
            except (OSError, ValueError) as problem:
                raise UsageError(f"report {name}: cannot write {path}: {_reason(problem)}") from None

    def begin(self) -> None:
        """The run can start: what stands in the file is gone."""
        if self._file is not None:
            try:
                self._file.truncate(0)
            except (OSError, ValueError):
                pass  # a pipe or a device, which holds nothing

    def write(self, text: str, *, flush: bool = False) -> None:
        """Write `text`; nothing is raised when that fails."""
        if self.problem:
            return
        try:
            if self._file is not None:
                self._file.write(text.encode("utf-8", "backslashreplace"))
                if flush:
                    self._file.flush()
            else:
                self._print(text)
        except (OSError, ValueError) as problem:
            self.fail(problem)

    def fail(self, problem: Exception) -> None:
        """This report cannot be written any more."""
        if not self.problem:
            where = "standard output" if self.path == STANDARD else self.path
            self.problem = f"report {self.name}: {where}: {_reason(problem)}; it is not complete"

    def close(self) -> None:
        """Write down what is still buffered, and close the file."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except (OSError, ValueError) as problem:
            self.fail(problem)

    def _print(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            self._stream.write(text.encode("ascii", "backslashreplace").decode())
        self._stream.flush()


def _reason(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else "") or str(problem)
