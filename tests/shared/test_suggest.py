"""The advice behind every wrong word."""

from __future__ import annotations

import pytest

from shared.suggest import MOST_LISTED, advice, did_you_mean, misspelt, nearest, not_one_of

STATUSES = ("Accepted", "Pending", "Rejected")


def test_a_misspelt_word_is_answered_with_the_nearest_and_all_of_them() -> None:
    assert not_one_of("Acepted", "a registration status", STATUSES) == (
        "'Acepted' is not a registration status; did you mean 'Accepted'? (Accepted, Pending, Rejected)"
    )


@pytest.mark.parametrize("wrong", ["rate-limit", "RATE_LIMIT", "rateLimit"])
def test_case_and_dashes_are_a_spelling_and_never_lose_to_a_nearer_guess(wrong: str) -> None:
    assert nearest(wrong, ["rate_limits", "rate_limit", "ratelimi"]) == ["rate_limit"]


def test_a_word_near_to_nothing_is_answered_with_the_list_alone() -> None:
    assert advice("zzz", STATUSES) == " (Accepted, Pending, Rejected)"
    assert did_you_mean("zzz", STATUSES) == ""


def test_the_beginning_of_a_long_word_is_enough_to_find_it() -> None:
    assert nearest("Firm", ["Heartbeat", "FirmwareStatusNotification"]) == ["FirmwareStatusNotification"]


def test_a_long_list_is_cut_to_its_nearest_three() -> None:
    words = [f"Command{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVW"]
    assert len(words) > MOST_LISTED
    text = advice("CommandX", words)
    assert text.count("Command") == 3
    assert text.startswith("; did you mean 'Command")


@pytest.mark.parametrize("wrong", ["", "-", "_"])
def test_an_empty_word_suggests_nothing(wrong: str) -> None:
    assert nearest(wrong, STATUSES) == []


def test_nothing_allowed_means_nothing_to_say() -> None:
    assert advice("x", ()) == ""


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Pendng", "Pending"),
        ("Penidng", "Pending"),
        ("PENDING_", "Pending"),
        ("Accepetd", "Accepted"),
        ("Rejects", "Rejected"),
        ("Suspended", ""),
        ("Spend", ""),
        ("", ""),
    ],
)
def test_a_slip_is_two_letters_at_most_and_anything_else_a_word_of_its_own(wrong: str, meant: str) -> None:
    assert misspelt(wrong, STATUSES) == meant


def test_of_two_slips_the_one_in_the_same_style_is_meant() -> None:
    assert misspelt("HeartbeatIntervall", ["heartbeat_interval", "HeartbeatInterval"]) == "HeartbeatInterval"
