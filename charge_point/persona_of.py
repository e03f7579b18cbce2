"""What a kind of station is to the options: cheap to load, since every start reads the options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIST = "list"
"""In the place of a name: tell which there are."""


@dataclass(frozen=True)
class Persona:
    """One kind of station. `settings` are its checked keys, `layer` its options, `where` their places in its file."""

    name: str
    about: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    layer: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name
