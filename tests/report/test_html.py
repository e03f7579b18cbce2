"""The page: whole, self-contained, readable without scripts, and deaf to what a peer sends."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report import diagram as diagram_module
from shared.report import html as html_module
from shared.report.events import Event, Failure, Verdict
from shared.versions import Version
from tests.report.runs import CSMS, FAILURE, Talk, both_ends, charging, report, run, scenario, small_talk
from tests.support import each_version

VOID = {"meta", "br", "input", "img", "link", "hr"}
TAGS = set(
    "html head meta title style body svg symbol g line path use header div h1 h2 h3 h4 p i b em small button input "
    "select option span section ul li a main details summary dl dt dd code pre cite footer script table thead tbody "
    "tr th td".split()
)


class Page(HTMLParser):
    """The page as a browser would read it: which elements, which attributes, which text; and whether all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def is_harmless(self) -> None:
        """Nothing in it loads, runs or leaves the page."""
        assert set(self.tags) <= TAGS
        assert (self.tags["script"], self.tags["style"]) == (1, 1)
        for tag, name, value in self.attributes:
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "action", "formaction", "srcdoc", "data", "xlink:href")
            assert name != "href" or re.fullmatch(r"#[\w-]+", value), value
        assert len(self.ids) == len(set(self.ids))

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page_of(events: list[Event]) -> tuple[Page, str]:
    out = io.StringIO()
    report("html", "-", events, out)
    page = Page(out.getvalue())
    page.is_harmless()
    return page, out.getvalue()


def test_the_page_tells_every_verdict_with_its_reason_and_totals() -> None:
    page, text = page_of(
        run(*[scenario(verdict, name=f"n{verdict}", reason=f"for {verdict}") for verdict in Verdict])
    )
    words = page.words()
    assert "4 of 7 scenarios are not green" in words
    for verdict in Verdict:
        assert f"for {verdict}" in words
        assert f"data-verdict='{verdict}'" in text
        assert f"value='{verdict}' aria-pressed=true" in text
    assert [value for tag, name, value in page.attributes if name == "open"] == [""] * 4


@pytest.mark.parametrize(
    ("events", "colour", "headline"),
    [
        (run(scenario(), scenario(Verdict.NOT_APPLICABLE)), "green", "All 2 scenarios are green"),
        (run(scenario()), "green", "The scenario is green"),
        (run(scenario(Verdict.FAILED)), "red", "1 of 1 scenario is not green"),
        (run(), "red", "Nothing was run"),
        (run(scenario(), interrupted=True), "red", "Interrupted after 1 of 1 scenarios"),
        (run(scenario(), scenario())[:-3], "red", "Interrupted after 2 of 2 scenarios"),
        ([], "red", "Interrupted after 0 of 0 scenarios"),
    ],
)
def test_the_headline_is_what_came_of_the_run(events: list[Event], colour: str, headline: str) -> None:
    _, text = page_of(events)
    assert f"<title>{headline}</title>" in text
    assert f"<h1 class={colour}>{headline}</h1>" in text


def test_the_failing_step_and_its_frame_are_marked_and_linked() -> None:
    page, text = page_of(run(scenario(Verdict.FAILED, failure=FAILURE, journal=small_talk().entries)))
    marked = re.findall(r"<details class='frame ([^']*) hit' id=(\w+)>", text)
    assert marked == [("answer down carried", "s1f5")]
    assert "<a href='#s1f5'>frame 5</a>" in text
    assert text.count("class='step bad'") == 1
    words = page.words()
    for part in (
        "scenarios/happy_path/token.yaml:14",
        "the token was not accepted",
        "idTagInfo.status",
        "Expired",
    ):
        assert part in words


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "the token was not accepted",
            "the token was not accepted: expected Accepted at idTagInfo.status, came Expired",
        ),
        ("wanted Accepted, not Expired", "wanted Accepted, not Expired"),
    ],
)
def test_a_failing_step_says_what_was_expected_and_what_came_once(message: str, said: str) -> None:
    failure = replace(FAILURE, message=message, line=12)
    _, text = page_of(run(scenario(Verdict.FAILED, failure=failure, journal=small_talk().entries)))
    assert f"<span class=said>{said}</span>" in text


def test_what_scrolls_sideways_can_be_reached_by_the_keyboard() -> None:
    _, text = page_of(run(scenario(journal=small_talk().entries)))
    assert text.count("<div class=scroll") == text.count("<div class=scroll tabindex=0 role=region") > 0


def test_every_frame_can_be_opened_and_has_its_arrow() -> None:
    page, text = page_of(run(scenario(journal=small_talk().entries)))
    assert len(re.findall(r"<details class='frame ", text)) == 4
    arrows = re.findall(r"<use href='#([\w-]+)'/>", text)
    assert arrows == ["a2-0r", "a2-0l"] * 2
    assert set(arrows) <= set(page.ids)
    assert "&quot;chargePointVendor&quot;: &quot;V&quot;" in text


@each_version
def test_a_real_conversation_of_both_ends_is_one_diagram(version: Version) -> None:
    station, csms, epoch = charging(version)
    page, text = page_of(run(scenario(version=str(version), journal=both_ends(station, csms), epoch=epoch)))
    frames = [entry for entry in station if entry.sort == "frame"]
    assert len(re.findall(r"<details class='frame ", text)) == len(frames)
    assert "seen at both ends" in text
    assert f"OCPP {version}" in page.words()


def test_findings_and_what_faults_did_are_shown() -> None:
    talk = small_talk()
    talk.add("", "note", "40 s after", note="late_answer", clause="OCPP-J 1.6 §4.1.1", ref=3)
    talk.frame("held", 2, "h", "Heartbeat", {})
    _page, text = page_of(run(scenario(journal=talk.entries)))
    assert "class='note note finding'" in text
    assert "<cite>OCPP-J 1.6 §4.1.1</cite> <a href='#s1f3'>frame 3</a>" in text
    assert "<em>held back</em>" in text
    assert re.search("data-words='[^']*heartbeat", text)
    assert "<use href='#a2-0rx'/>" in text


def test_each_of_several_stations_has_a_lifeline_and_a_crowd_shares_one() -> None:
    def crowd(count: int) -> list[Event]:
        entries = [e for n in range(count) for e in Talk(station=f"CP{n}").entries]
        entries = [e._replace(seq=at) for at, e in enumerate(entries, 1)]
        return run(scenario(journal=entries))

    assert re.findall(r"style='grid-column:\d+'>(\w+)<", page_of(crowd(3))[1]) == [
        "CP0",
        "CP1",
        "CP2",
        "CSMS",
    ]
    page, text = page_of(crowd(40))
    assert re.findall(r"style='grid-column:\d+'>(\w+)<", text) == ["stations", "CSMS"]
    assert "CP39" in page.words()


def test_a_long_conversation_keeps_its_ends_and_its_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagram_module, "MOST_ROWS", 50)
    monkeypatch.setattr(diagram_module, "_AROUND", 4)
    talk = Talk()
    for _ in range(200):
        talk.exchange("Heartbeat", {}, {"currentTime": "x"})
    failure = Failure("late", seq=200)
    _, text = page_of(run(scenario(Verdict.FAILED, journal=talk.entries, failure=failure)))
    shown = [int(number) for number in re.findall(r"id=s1f(\d+)", text)]
    assert shown[0] == 1
    assert shown[-1] == 401
    assert 200 in shown
    assert len(shown) < 60
    assert text.count("rows left out") >= 2


def test_the_page_stays_small_by_leaving_out_good_conversations_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html_module, "MOST_BYTES", 20_000)
    talk = small_talk().entries
    many = [scenario(Verdict.FAILED if at == 90 else Verdict.PASSED, journal=talk) for at in range(100)]
    page, text = page_of(run(*many))
    assert text.count("<details class='scenario ") == 100
    assert "conversations of good verdict were left out" in page.words()
    assert "id=s91f5" in text
    assert "id=s90f5" not in text


def test_no_script_but_the_pages_own_may_run_and_nothing_may_be_loaded() -> None:
    _, text = page_of(run(scenario()))
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert script is not None
    digest = b64encode(sha256(script[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none';")
    assert f"script-src 'sha256-{digest}';" in policy[1]
    assert "url(" not in text
    assert "@import" not in text


def test_light_dark_narrow_and_paper_are_provided_for() -> None:
    _, text = page_of(run(scenario()))
    for part in (
        "prefers-color-scheme: dark",
        "max-width: 44rem",
        "@media print",
        "width=device-width",
        ":focus-visible",
    ):
        assert part in text


def test_secrets_do_not_reach_the_page() -> None:
    talk = small_talk()
    talk.exchange(
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": "hunter2"},
        {"status": "Accepted"},
        by=CSMS,
    )
    failure = Failure(
        "no", path="x.password", expected="hunter2", last_frames=('[2,"1","X",{"password":"hunter2"}]',)
    )
    _, text = page_of(
        run(
            scenario(
                Verdict.FAILED,
                journal=talk.entries,
                failure=failure,
                steps=["dial ws://CP1:hunter2@host"],
                details={"password": "hunter2"},
            )
        )
    )
    assert "hunter2" not in text


HOSTILE = [
    "<script>alert(1)</script>",
    "</pre></details><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    '" onmouseover="alert(1)',
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "<!--",
    "]]>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "\u202eevil\u2066\x00\x1b[2J",
]


def _hostile_run(text: str) -> list[Event]:
    talk = Talk(station=text)
    talk.exchange(text, {text: text}, {text: [text]})
    talk.refused("Reset", {"type": text}, text, by=CSMS)
    talk.add("in", "frame", text)
    talk.add("in", "frame", text.encode("utf-8", "replace"))
    talk.add("", "note", text, note=text, clause=text, ref=2)
    talk.add("", "close", text)
    failure = Failure(text, text, 1, text, text, text, text, 3, (text,))
    return run(
        scenario(
            Verdict.FAILED,
            name=text,
            case=text,
            file=text,
            version=text,
            reason=text,
            failure=failure,
            journal=talk.entries,
            steps=[text, text],
            details={text: text},
        ),
        target=text,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_peer_sends_stays_text(text: str) -> None:
    page, whole = page_of(_hostile_run(text))
    benign, _ = page_of(_hostile_run("benign"))
    assert page.tags == benign.tags
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u2066]", whole)


@given(
    text=st.text(
        alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>&'\"/=`!-"), max_size=40
    )
)
def test_no_text_at_all_becomes_markup(text: str) -> None:
    page, _ = page_of(_hostile_run(text))
    assert page.tags["script"] == 1


def test_half_a_surrogate_pair_is_shown_as_what_it_is() -> None:
    page, _ = page_of(run(scenario(name="a\ud800b")))
    assert "a\\ud800b" in page.words()


def test_a_scenario_without_a_conversation_shows_its_steps_and_last_frames() -> None:
    page, _ = page_of(run(scenario(Verdict.FAILED, failure=FAILURE)))
    assert "CP1 < Authorize answer Expired" in page.words()
    assert "expect authorize" in page.words()
