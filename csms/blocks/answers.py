"""What each answer of the CSMS is made of; `docs/answers.md` is generated from it."""

from shared.answers import NOTHING, Row, answers, row_of

__all__ = ["NOTHING", "Row", "answers", "row_of"]
