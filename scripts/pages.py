"""Pages in docs/ that are written from the source: written anew, or with `--check` compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def publish(script: str, arguments: Sequence[str], pages: Mapping[Path, Callable[[], str]]) -> int:
    """Write `pages`, or with `--check` among the arguments name on stderr each that `script` would write otherwise.

    Gives the exit status: 1 when a page is not what the source says.
    """
    status = 0
    for path, text_of in pages.items():
        text = text_of()
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(f"{shown} is out of date: run scripts/{Path(script).name}", file=sys.stderr)
            status = 1
    return status
