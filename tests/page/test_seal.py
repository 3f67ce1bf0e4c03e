"""The page as a file: it names its own script and style, every type of event, and nothing outside itself."""

import re

import pytest

from custody.domain.audit.findings import CHECKS
from custody.domain.events import EVENT_TYPES
from custody.domain.identifiers import STREAM_KINDS
from tests.page.browser import BrowserError, Page
from tests.page.seal import PAGE, sealed

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_sealed() -> None:
    assert sealed(TEXT) == TEXT, "run: python -m tests.page.seal"


def test_the_page_knows_every_type_of_event() -> None:
    table = TEXT.partition("const EVENT_STREAMS = {")[2].partition("};")[0]
    known = dict(re.findall(r'([\w"/]+): "(\w+)"', table))
    assert known == {name: event_type.stream_kind for name, event_type in EVENT_TYPES.items()}


def test_the_page_makes_every_check_of_the_audit_but_of_the_read_models() -> None:
    [names] = re.findall(r"^const CHECKS = \[(.*?)\];$", TEXT, re.MULTILINE | re.DOTALL)
    assert re.findall(r'"(\w+)"', names) == [check for check in CHECKS if check != "projections"]


def test_the_types_of_events_tell_the_page_every_kind_of_stream() -> None:
    assert {event_type.stream_kind for event_type in EVENT_TYPES.values()} == STREAM_KINDS


def test_the_page_has_roles_for_every_type_of_event() -> None:
    table = TEXT.partition("const MAY_RECORD = ")[2].partition("flatMap")[0]
    assert EVENT_TYPES.keys() <= {*re.findall(r'"([A-Z]\w+)"', table)}


def test_the_policy_forbids_everything_but_the_pages_own_script_and_style() -> None:
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', TEXT)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.keys() == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    assert {rules[name] for name in ("default-src", "base-uri", "form-action")} == {"'none'"}
    for name in ("script-src", "style-src"):
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules[name])


def test_the_page_refers_to_nothing_and_never_makes_html_of_data() -> None:
    assert re.findall(r"https?://", TEXT) == []
    assert re.findall(r'\s(?:src|href|action|on\w+|style)="', TEXT) == []
    makers = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "Function(",
    )
    senders = (
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "EventSource",
        "sendBeacon",
        "import(",
        "localStorage",
    )
    assert [word for word in (*makers, *senders) if word in TEXT] == []


def test_its_lines_can_be_read() -> None:
    long = [number for number, line in enumerate(TEXT.splitlines(), start=1) if len(line) > 140]
    assert long == [5]  # the policy


def test_the_browser_lets_nothing_out_and_no_other_script_in(page: Page) -> None:
    with pytest.raises(BrowserError, match="Failed to fetch"):
        page.evaluate("fetch('https://example.org/')")
    ran = page.evaluate(
        """(() => {
          const script = document.createElement("script");
          script.textContent = "window.intruder = true";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<i id=i onclick='window.intruder = true'>x</i>");
          document.getElementById("i").click();
          return window.intruder === true;
        })()"""
    )
    assert ran is False
    refused = [complaint for complaint in page.complaints() if "Content Security Policy" in complaint]
    assert len(refused) >= 3
    page.browser.events[:] = [  # these complaints were asked for
        event for event in page.browser.events if event["method"] == "Network.requestWillBeSent"
    ]
