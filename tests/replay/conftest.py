"""The programs, as tests of the command line start them."""

from __future__ import annotations

from tests.cli.conftest import serve, start

__all__ = ["serve", "start"]
