"""Getting and putting files by URL: what a station needs of a network, whatever it is made of.

A program has the real one (HTTP, HTTPS, FTP: `charge_point.transfer`); a pair in one process has one that ends at the
file server of its own central system, in virtual time (`csms.files_memory`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Enum
from typing import Protocol


class Failure(Enum):
    """Why a transfer failed, in the words of UploadLogStatusEnumType (2.x part 2)."""

    FAILED = "UploadFailure"
    BAD = "BadMessage"
    DENIED = "PermissionDenied"
    UNSUPPORTED = "NotSupportedOperation"


class TransferFailed(Exception):
    """A file did not come, or did not arrive; one clause in words, and what kind of failure it was.

    `code` is 2.x's reason code for it, where there is one.
    """

    def __init__(self, words: str, failure: Failure = Failure.FAILED, code: str = "") -> None:
        super().__init__(words)
        self.failure = failure
        self.code = code


class Transport(Protocol):
    """A way to files. `fetch` and `store` raise `TransferFailed` for whatever goes wrong, and nothing else."""

    def fetch(self, url: str) -> AsyncIterator[bytes]:
        """The file at `url`, in pieces, whole or not at all: a cut raises."""

    async def store(self, url: str, name: str, content: bytes) -> None:
        """Put a file called `name` where `url` says: into it if it ends with `/`, else under it."""

    async def publish(self, name: str, content: bytes, near: str) -> Publication:
        """Offer a file to others, on an address from which the host of the URL `near` is reached."""


class Publication(Protocol):
    """A file that is offered."""

    urls: tuple[str, ...]
    """Where, one for each protocol."""

    @property
    def busy(self) -> bool:
        """Whether somebody is fetching it just now."""

    async def withdraw(self) -> None:
        """Offer it no longer."""


def place_of(url: str, name: str) -> str:
    """Where a file called `name` goes that is to be put to `url` (N01.FR.21, N01.FR.29)."""
    head, question, query = url.partition("?")
    return f"{head}{name}{question}{query}" if head.endswith("/") else url


def status_failure(status: int) -> Failure:
    """What kind of failure an HTTP status is."""
    if status in (401, 403, 407):
        return Failure.DENIED
    if status in (405, 501, 505):
        return Failure.UNSUPPORTED
    return Failure.BAD if status in (400, 411, 415, 422) else Failure.FAILED
