"""The live view: it shows what the supervisor reports, to everybody, and asks no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import SHOTS
from tests.supervised import Supervised, eventually

KEY = "sk-for-the-page"
STATUS = "**/page/status"


def opened(tab: Page, serving: Serving) -> Page:
    """The page, once it has drawn a sample."""
    tab.goto(serving.url)
    expect(tab.locator("#state")).to_have_text("running")
    expect(tab.locator("#live-chart .sample").first).to_be_attached(timeout=20_000)
    return tab


def test_it_shows_what_the_supervisor_reports(tab: Page, served: Serving) -> None:
    """Cores, map, workers and the last decision are those of the status document."""
    opened(tab, served)
    status = served.ask("/page/status").document
    tab.route(STATUS, lambda route: route.fulfill(json={**status, "age_s": 0.0}))
    stats = status["allocation"]["allocation_stats"]
    expect(tab.locator("#cores")).to_have_text(str(stats["current_allocation"]["allocated_cores"]))
    online = status["allocation"]["system_info"]["effective_cpus"]["online"]
    expect(tab.locator("#map .core")).to_have_count(len(online))
    held = status["allocation"]["leases"]["cores"]
    expect(tab.locator("#map .held")).to_have_count(len(held))
    expect(tab.locator("#workers tr")).to_have_count(len(status["workers"]))
    expect(tab.locator("#workers")).to_contain_text(str(status["workers"][0]["pid"]))
    expect(tab.locator("#decisions li").first).to_contain_text("now")
    label = tab.locator("#live-chart svg").get_attribute("aria-label") or ""
    assert re.search(r"target 75 percent, band from 45 percent", label)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_it_fits(tab: Page, served: Serving, scheme: Any, width: int) -> None:
    """Nothing is cut off at 400 px, light and dark differ, and a screenshot of each is kept."""
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    opened(tab, served)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) > 384) == (scheme == "light")
    tab.screenshot(path=SHOTS / f"live-{scheme}-{width}.png", full_page=True)


@pytest.mark.parametrize("width", [1200, 400])
def test_a_large_machine_fits_too(tab: Page, served: Serving, width: int) -> None:
    """Twenty cores, five workers, another pool's cores and a slot that keeps failing."""
    status = served.ask("/page/status").document
    allocation = status["allocation"]
    system = allocation["system_info"]
    system["effective_cpus"].update(online=list(range(20)), usable=list(range(18)), usable_count=18)
    system["core_busy_percent"] = {str(cpu): 5.0 * cpu for cpu in range(20)}
    allocation["leases"]["cores"] = {str(cpu): cpu // 2 for cpu in range(10)}
    allocation["leases"]["leased_by_others"] = [12, 13]
    allocation["allocation_stats"]["decisions"] = decisions()
    status["workers"] = [
        {
            **status["workers"][0],
            "slot": slot,
            "cpus": [2 * slot, 2 * slot + 1],
            "state": ("busy", "idle", "starting", "standby", "fatal")[slot],
            "retry_in_s": 41.0 if slot == 4 else None,
        }
        for slot in range(5)
    ]
    status["pool"]["fatal_slots"] = [4]
    tab.route(STATUS, lambda route: route.fulfill(json={**status, "age_s": 0.0}))
    tab.set_viewport_size({"width": width, "height": 900})
    opened(tab, served)
    expect(tab.locator("#map .core")).to_have_count(20)
    expect(tab.locator("#map .others")).to_have_count(2)
    expect(tab.locator("#map .barred")).to_have_count(2)
    expect(tab.locator("#problem")).to_have_text("Workers keep failing in slot 4.")
    expect(tab.locator("#decisions .changed").first).to_contain_text("→")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(path=SHOTS / f"live-large-{width}.png", full_page=True)


def decisions() -> list[dict[str, Any]]:
    """Three minutes in which the pool grew from one core to ten and had one gap."""
    made = []
    for second in range(170):
        before, after = min(10, 1 + (second - 1) // 15), min(10, 1 + second // 15)
        used = None if second == 80 else 78.0 + (second * 37 % 23) - second / 12
        average = None if used is None else 80.0 - second / 12
        reason = (
            f"high_utilization_{average or 0:.1f}%" if after > before else "optimal_range_65.0%"
        )
        made.append(
            {
                "now": 1000.0 + second,
                "before": before,
                "after": after,
                "utilization": used,
                "average": average,
                "reason": reason,
                "inputs": None,
            }
        )
    return made


def test_a_gateway_that_does_not_answer_is_said_and_forgotten(tab: Page, served: Serving) -> None:
    """The last numbers stay, marked as old; they are live again when it answers."""
    opened(tab, served)
    tab.route(STATUS, lambda route: route.abort())
    expect(tab.locator("#state")).to_have_text("no answer")
    expect(tab.locator("#problem")).to_have_text("The gateway does not answer.")
    tab.screenshot(path=SHOTS / "live-away.png")
    tab.unroute(STATUS)
    expect(tab.locator("#state")).to_have_text("running")
    expect(tab.locator("#problem")).to_be_hidden()


def test_without_a_supervisor_the_page_says_so(tab: Page, served: Serving) -> None:
    """The gateway's own words are shown."""
    with Serving({**environ_without_supervisor(served)}) as alone:
        tab.goto(alone.url)
        expect(tab.locator("#state")).to_have_text("no answer")
        expect(tab.locator("#problem")).to_contain_text("supervisor")
        tab.screenshot(path=SHOTS / "no-supervisor.png")


def test_a_supervisor_that_stops_is_shown_as_such(tab: Page, served: Serving) -> None:
    """It still reports while it finishes its last jobs."""
    status = served.ask("/page/status").document
    status["supervisor"]["state"] = "draining"
    tab.route(STATUS, lambda route: route.fulfill(json={**status, "age_s": 0.0}))
    tab.goto(served.url)
    expect(tab.locator("#state")).to_have_text("draining")
    expect(tab.locator("#workers tr")).to_have_count(len(status["workers"]))
    tab.screenshot(path=SHOTS / "draining.png")


def environ_without_supervisor(served: Serving) -> dict[str, str]:
    """The environment of that gateway, with a run directory where nobody is."""
    return {**served.environ, "SUPERVISOR_RUN_DIR": f"{served.log.parent}/nobody"}


def test_nothing_is_asked_while_nobody_looks(tab: Page, served: Serving) -> None:
    """A hidden page asks nothing for a minute; a visible one does at once."""
    tab.clock.install()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(served.url)
    eventually(lambda: tab.locator("#state").inner_text() == "running", "the first status")
    show(tab, hidden=True)
    before = len(asked)
    tab.clock.run_for(60_000)
    assert len(asked) == before
    show(tab, hidden=False)
    eventually(lambda: tab.evaluate("1") and len(asked) > before, "a question")


def show(tab: Page, *, hidden: bool) -> None:
    """Hide the tab from its page's view, or show it again."""
    tab.evaluate(
        "hidden => {"
        "Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


@pytest.fixture
def guarded(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway that asks for a key."""
    with Serving(running_supervisor.environ, {"api_keys": [hash_key(KEY)]}) as serving:
        yield serving


def test_a_key_is_asked_for_where_one_is_needed(tab: Page, guarded: Serving) -> None:
    """The page opens without; a wrong key is asked for again; the right one shows everything."""
    assert guarded.ask("/page/status").status == 401
    assert guarded.ask("/page/trace").status == 401
    assert guarded.ask("/page/simulation", {}).status == 401
    tab.goto(guarded.url)
    for key in ("sk-wrong", KEY):
        expect(tab.locator("#key-form")).to_be_visible()
        tab.screenshot(path=SHOTS / "key.png")
        tab.fill("#key", key)
        tab.press("#key", "Enter")
    expect(tab.locator("#state")).to_have_text("running")
    expect(tab.locator("#key-form")).to_be_hidden()
    expect(tab.locator("#voice option").first).to_be_attached()


def test_a_late_refusal_of_an_earlier_key_is_no_matter(tab: Page, guarded: Serving) -> None:
    """The answer to a wrong key comes after the right one was typed: the page goes on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer sk-wrong":
            held.append(route)
        else:
            route.continue_()

    tab.route(STATUS, hold)
    tab.goto(guarded.url)
    expect(tab.locator("#key-form")).to_be_visible()
    tab.fill("#key", "sk-wrong")
    tab.press("#key", "Enter")
    expect(tab.locator("#key-form")).to_be_hidden()
    tab.evaluate(
        "key => { document.querySelector('#key').value = key;"
        "document.querySelector('#key-form').requestSubmit(); }",
        KEY,
    )
    eventually(lambda: tab.evaluate("1") and held, "the question with the wrong key")
    held[0].continue_()
    expect(tab.locator("#state")).to_have_text("running")
    expect(tab.locator("#key-form")).to_be_hidden()


def test_the_page_is_strict_about_itself(served: Serving) -> None:
    """Its policy allows nothing from elsewhere; its files are known by their tag; no other is."""
    answer = served.ask("/", headers={"Accept": "text/html"})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"://" not in answer.body
    named = set(re.findall(r'"(/page/static/[\w.]+)"', answer.body.decode()))
    for path in named:
        first = served.ask(path)
        assert first.status == 200
        again = served.ask(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
    assert served.ask("/page/static/__init__.py").status == 404
    assert served.ask("/page/static/..%2Findex.py").status == 404


def test_who_asks_for_no_page_gets_a_list_of_addresses(served: Serving) -> None:
    """As curl does."""
    answer = served.ask("/", headers={"Accept": "*/*"})
    assert answer.headers.get_content_type() == "text/plain"
    assert b"/v1/audio/speech" in answer.body


def test_a_reason_that_is_not_plain_is_explained(tab: Page, served: Serving) -> None:
    """Who reads that the pool is starved reads what that means."""
    status = served.ask("/page/status").document
    last = {
        **decisions()[-1],
        "before": 2,
        "after": 2,
        "reason": "starved_by_others_75%",
        "kind": "starved_by_others",
    }
    status["allocation"]["allocation_stats"]["decisions"] = [last]
    tab.route(STATUS, lambda route: route.fulfill(json={**status, "age_s": 0.0}))
    opened(tab, served)
    expect(tab.locator("#decisions li").first).to_contain_text(
        "starved by others 75%: other programs take the pool's cores"
    )
