"""The live view: it shows what the supervisor reports, to everybody, and asks no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from supervisor.gateway.keys import hash_key
from supervisor.gateway.page.data import said
from supervisor.gateway.page.files import ASSETS
from supervisor.gateway.page.hosts import document
from supervisor.telling.fleet import host_row
from supervisor.wire.fleet.live import Heartbeat
from supervisor.wire.status import read
from tests.e2e.gateway.serving import Serving
from tests.e2e.page.conftest import Look
from tests.fixtures.statuses import quiet, with_events
from tests.supervised import Supervised, eventually

KEY = "sk-for-the-page"
STATUS = "**/page/status"


def opened(tab: Page, serving: Serving) -> Page:
    """The page, once it has drawn what was recorded."""
    tab.goto(serving.url)
    expect(tab.locator("#state")).to_have_text(re.compile("ready|speaking"))
    expect(tab.locator("#charts .line-busy")).to_be_attached()
    return tab


def told(tab: Page, status: dict[str, Any]) -> None:
    """Have the page told this status, as it is whenever the page asks."""

    def answer(route: Route) -> None:
        words = said(read(status), 0.0)
        route.fulfill(json={**status, "age_s": 0.0, "said": words})

    tab.route(STATUS, answer)


def test_it_shows_what_the_supervisor_reports(tab: Page, served: Serving, look: Look) -> None:
    """Cores, map, workers, the last decision and jobs, in words; a range of time; 400 px."""
    served.speak("One job that is remembered. And that tells its story.")
    opened(tab, served)
    status = served.ask("/page/status").document
    told(tab, status)
    stats = status["allocation"]["allocation_stats"]
    expect(tab.locator("#cores")).to_have_text(str(stats["current_allocation"]["allocated_cores"]))
    online = status["allocation"]["system_info"]["effective_cpus"]["online"]
    expect(tab.locator("#map .core")).to_have_count(len(online))
    held = status["allocation"]["leases"]["cores"]
    expect(tab.locator("#map .held")).to_have_count(len(held))
    expect(tab.locator("#workers .worker")).to_have_count(len(status["workers"]))
    expect(tab.locator("#workers")).to_contain_text(str(status["workers"][0]["pid"]))
    expect(tab.locator("#decisions li").first).to_contain_text("Kept")
    expect(tab.locator("#why")).to_have_text(re.compile("Resting: nothing to say|speak"))
    busy = tab.get_by_role("img", name=re.compile("^Busy, over the last 5 min. Now: "))
    expect(busy).to_be_visible()
    tab.get_by_label("1 day").check(force=True)
    busy = tab.get_by_role("img", name=re.compile("^Busy, over the last 24 h"))
    expect(busy).to_be_visible()
    busy.scroll_into_view_if_needed()
    box = busy.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tab.locator(".panel-head b").first).to_have_text(re.compile(" ago$|nothing recorded"))
    tab.get_by_label("5 min").check(force=True)
    expect(tab.locator("#jobs .job").first).to_contain_text("to listen to")
    tab.locator("#jobs .job").first.click()
    expect(tab.locator("#story li").first).to_contain_text("Accepted, and cut into")
    expect(tab.locator("#story li").last).to_contain_text("All was spoken")
    look("story")
    tab.keyboard.press("Escape")
    tab.locator("#settings > summary").click()
    look("page", full_page=True)
    tab.set_viewport_size({"width": 400, "height": 860})
    look("page-400", full_page=True)


def test_a_large_machine_under_load(tab: Page, served: Serving, look: Look) -> None:
    """Twenty cores, five workers, another pool's cores and a slot that keeps failing."""
    status = served.ask("/page/status").document
    allocation = status["allocation"]
    system = allocation["system_info"]
    system["effective_cpus"].update(online=list(range(20)), usable=list(range(18)), usable_count=18)
    system["bounds"].update(lower=1, upper=10)
    system["core_busy_percent"] = {str(cpu): 5.0 * cpu for cpu in range(20)}
    allocation["leases"]["cores"] = {str(cpu): cpu // 2 for cpu in range(10)}
    allocation["allocation_stats"]["decisions"] = decisions()
    allocation["allocation_stats"]["current_allocation"]["allocated_cores"] = 10
    status["jobs"].update(segments_waiting=14, segments_running=5, running=3)
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
    told(tab, status)
    opened(tab, served)
    expect(tab.locator("#why")).to_have_text(
        "10 of 18 cores speak, as many as the settings allow, because 14 sentences wait."
    )
    allocation["leases"]["leased_by_others"] = [12, 13]
    status["pool"]["fatal_slots"] = [4]
    expect(tab.locator("#why")).to_have_text(
        "10 of 18 cores speak while 14 sentences wait: another supervisor has 2 cores."
    )
    expect(tab.locator("#map .core")).to_have_count(20)
    expect(tab.locator("#map .others")).to_have_count(2)
    expect(tab.locator("#map .barred")).to_have_count(2)
    expect(tab.locator("#problem")).to_have_text("Worker 4 keeps failing; the log says why.")
    expect(tab.locator("#decisions .changed").first).to_contain_text("→")
    look("load", full_page=True)
    tab.set_viewport_size({"width": 400, "height": 860})
    look("load-400", full_page=True)
    status["supervisor"]["configuration_error"] = "override.json: line 3: a comma is missing"
    expect(tab.locator("#problem")).to_contain_text("not in force: override.json: line 3")
    tab.set_viewport_size({"width": 1200, "height": 900})
    look("bad-override")


def test_what_else_there_is_to_know(tab: Page, served: Serving, look: Look) -> None:
    """Nothing usually; else memory, shares, profiles, the forecast, classes and the cache; a
    profile's band, and the cores that were foretold beside those that there were.
    """
    status = quiet(served.ask("/page/status").document)
    told(tab, status)
    past = served.ask("/page/history?seconds=300").document
    past["profiles"] = [{"name": "morning", "from_s": 400.0, "to_s": 120.0}]
    past["foreseen"] = {"ago_s": [290.0, 280.0, 0.0], "cores": [None, 1, 3]}
    tab.route("**/page/history*", lambda route: route.fulfill(json=past))
    opened(tab, served)
    expect(tab.locator("#notes")).to_be_hidden()
    expect(tab.locator("#charts .foreseen-line")).not_to_have_count(0)
    expect(tab.locator(".panel-head").nth(1)).to_contain_text("(3 foreseen)")
    with_events(status)
    expect(tab.locator("#notes dt")).to_have_text(
        ["Memory", "Shared cores", "Profile", "Forecast", "Classes", "Cache"]
    )
    notes = tab.locator("#notes dd")
    expect(notes.nth(0)).to_contain_text("Short, 120 MB left, 500 MB are to stay free")
    expect(notes.nth(1)).to_contain_text("Process 5000 holds 2, wants 1, its share is 1")
    expect(notes.nth(2)).to_contain_text("In force: morning; ends on")
    expect(notes.nth(3)).to_contain_text("Up to 10.5 cores of work in the next 4 min")
    expect(notes.nth(4)).to_contain_text("No hurry: 1 job, first sound within 950 ms")
    expect(notes.nth(5)).to_contain_text("38 % of 1,204 sentences came from it")
    expect(tab.locator("#charts .profile-area")).to_have_count(1)
    tab.locator("#why").scroll_into_view_if_needed()
    look("notes", full_page=True)
    tab.set_viewport_size({"width": 400, "height": 860})
    look("notes-400", full_page=True)


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


def test_a_supervisor_that_goes_away_is_said_and_forgotten(
    tab: Page, served: Serving, look: Look
) -> None:
    """Since when; nothing is enabled that cannot work; what came is played; it comes back."""
    opened(tab, served)
    tab.fill("#text", "What has come can be played without anybody else.")
    tab.click("#speak")
    expect(tab.locator("#spoken")).to_contain_text("of speech, first sound after")
    expect(tab.locator("#jobs .job").first).to_be_visible()
    gone = {"error": {"message": "no supervisor answers", "code": "no_supervisor"}}
    tab.route(STATUS, lambda route: route.fulfill(status=503, json=gone))
    expect(tab.locator("#state")).to_have_text("no answer")
    expect(tab.locator("#problem")).to_have_text(
        re.compile(r"does not answer since \d\d:\d\d:\d\d \(\d+ s\): no supervisor answers")
    )
    for control in ("#speak", "#save", "#simulate", "#jobs .job >> nth=0", "#file"):
        expect(tab.locator(control)).to_be_disabled()
    expect(tab.locator("#play")).to_be_enabled()
    look("gone")
    tab.unroute(STATUS)
    tab.route(STATUS, lambda route: route.abort())
    expect(tab.locator("#problem")).to_contain_text("cannot be reached since")
    tab.unroute(STATUS)
    expect(tab.locator("#problem")).to_be_hidden()
    expect(tab.locator("#speak")).to_be_enabled()


def test_without_a_supervisor_the_page_says_so(tab: Page, served: Serving) -> None:
    """The gateway's own words are shown."""
    with Serving({**environ_without_supervisor(served)}) as alone:
        tab.goto(alone.url)
        expect(tab.locator("#state")).to_have_text("no answer")
        expect(tab.locator("#problem")).to_contain_text("supervisor")
        expect(tab.locator("#speak")).to_be_disabled()


def test_a_supervisor_that_stops_is_shown_as_such(tab: Page, served: Serving) -> None:
    """It still reports while it finishes its last jobs."""
    status = served.ask("/page/status").document
    status["supervisor"]["state"] = "draining"
    told(tab, status)
    tab.goto(served.url)
    expect(tab.locator("#state")).to_have_text("stopping")
    expect(tab.locator("#why")).to_contain_text("Stopping: ")
    expect(tab.locator("#workers .worker")).to_have_count(len(status["workers"]))


def environ_without_supervisor(served: Serving) -> dict[str, str]:
    """The environment of that gateway, with a run directory where nobody is."""
    return {**served.environ, "SUPERVISOR_RUN_DIR": f"{served.log.parent}/nobody"}


def test_nothing_is_asked_while_nobody_looks(tab: Page, served: Serving) -> None:
    """A hidden page asks nothing for a minute; a visible one does at once."""
    tab.clock.install()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(served.url)
    eventually(lambda: tab.locator("#state").inner_text() == "ready", "the first status")
    expect(tab.locator("#voice")).to_be_enabled()
    show(tab, hidden=True)
    before = -1
    while len(asked) != before:  # What was asked before has its answers, and these their questions.
        before = len(asked)
        tab.wait_for_timeout(500)
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


def test_a_key_is_asked_for_where_one_is_needed(tab: Page, guarded: Serving, look: Look) -> None:
    """The page opens without; a wrong key is asked for again; the right one shows everything."""
    for path in ("status", "trace", "about", "jobs", "jobs/1", "history?seconds=300"):
        assert guarded.ask(f"/page/{path}").status == 401
    assert guarded.ask("/page/simulation", {}).status == 401
    tab.goto(guarded.url)
    expect(tab.locator("#key")).to_be_focused()
    expect(tab.locator("#open")).to_be_hidden()
    look("locked")
    tab.keyboard.type("sk-wrong")
    tab.keyboard.press("Enter")
    expect(tab.locator("#key-wrong")).to_contain_text("This key is not known here.")
    look("wrong-key")
    with tab.expect_response(STATUS) as answer:  # No header can hold it, but it is asked for.
        tab.fill("#key", "sk—wrong“")
        tab.press("#key", "Enter")
    assert answer.value.status == 401
    expect(tab.locator("#problem")).to_be_hidden()
    tab.fill("#key", KEY)
    tab.press("#key", "Enter")
    expect(tab.locator("#state")).to_have_text("ready")
    expect(tab.locator("#key-form")).to_be_hidden()
    expect(tab.locator("#voice")).to_be_enabled()
    assert KEY not in tab.url


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
    eventually(lambda: tab.evaluate("1") and held, "the question with the wrong key")
    tab.evaluate(
        "key => { document.querySelector('#key').value = key;"
        "document.querySelector('#key-form').requestSubmit(); }",
        KEY,
    )
    held[0].continue_()
    expect(tab.locator("#state")).to_have_text("ready")
    expect(tab.locator("#key-form")).to_be_hidden()


def test_the_page_is_strict_about_itself(served: Serving) -> None:
    """Its policy allows nothing from elsewhere; its files are known by their tag; no other is."""
    answer = served.ask("/", headers={"Accept": "text/html"})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"://" not in answer.body
    named = set(re.findall(r'"(page/static/[\w.-]+)"', answer.body.decode()))
    assert {f"page/static/{name}" for name in ASSETS} == named
    for path in named:
        first = served.ask(f"/{path}")
        assert first.status == 200
        again = served.ask(f"/{path}", headers={"If-None-Match": first.headers["ETag"]})
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
        "figures": [75.0],
    }
    status["allocation"]["allocation_stats"]["decisions"] = [last]
    status["allocation"]["allocation_stats"]["starved_by_others_percent"] = 75.0
    told(tab, status)
    opened(tab, served)
    expect(tab.locator("#decisions li").first).to_contain_text("other programs take 75 % of them")
    expect(tab.locator("#why")).to_contain_text("Waiting for cores that others use")


def test_the_hosts_of_a_fleet_are_shown(tab: Page, served: Serving, look: Look) -> None:
    """A section of their own, where there is a fleet and nowhere else; what is in the way of it
    stands there, too.
    """
    opened(tab, served)
    expect(tab.locator("#hosts-part")).to_be_hidden()
    about = served.ask("/page/about").document
    assert about["fleet"] is False
    tab.route("**/page/about", lambda route: route.fulfill(json={**about, "fleet": True}))
    heard = [
        Heartbeat(host="anna", epoch="1", version="0.1.0", slots=3, free=2, running=1),
        Heartbeat(host="bert", epoch="1", version="0.2.0", slots=3, why="it is hot"),
    ]
    tell = [document([host_row(host) for host in heard], "")]
    tab.route("**/page/hosts", lambda route: route.fulfill(json=tell[0]))
    opened(tab, served)
    rows = tab.locator("#hosts li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("anna takes jobs")
    expect(rows.nth(0)).to_contain_text("2 of 3 slots free · 1 job at work")
    expect(rows.nth(1)).to_contain_text("takes none: it is hot")
    expect(tab.locator("#hosts-said")).to_contain_text("2 hosts with 6 slots: 1 job at work")
    expect(tab.locator("#hosts-trouble")).to_have_text("Hosts run 0.1.0 and 0.2.0")
    tab.locator("#hosts-part").scroll_into_view_if_needed()
    look("hosts")
    tell[0] = document(None, "no NATS server at nats://10.0.0.1")
    expect(tab.locator("#hosts-trouble")).to_contain_text("This host works on alone.")
    expect(rows).to_have_count(0)
