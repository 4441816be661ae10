"""The page in a real browser: asked, tried, compared, watched, and attacked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from flagengine import evaluate
from flagengine.transports.server.explorer.answers import word
from tests.transports.server.explorer.conftest import Site, Visitor
from tests.transports.server.explorer.support import CHECKOUT, document, flag
from tests.transports.server.support import definitions

SNAPSHOTS = Path(__file__).parents[4] / "fixtures" / "snapshots"
PRODUCT = json.loads((SNAPSHOTS / "product-40.json").read_text(encoding="utf-8"))
# A flag with an issue that the server alone decides.
OTHER = flag("other", {"properties": [{"key": "id", "type": "cohort", "value": 9}]})
PRO = {"distinct_id": "user-1", "properties": {"plan": "pro"}}


def chips(page: Any) -> dict[str, str]:
    """The answers in the list, by flag."""
    return page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.row')].map("
        "(row) => [row.flag, row.querySelector('.chip').textContent]))"
    )


def until_answered(page: Any, expected: dict[str, str]) -> None:
    page.wait_for_function(
        "(expected) => [...document.querySelectorAll('.row')].every("
        "(row) => row.querySelector('.chip')?.textContent === expected[row.flag])",
        arg=expected,
    )


def words(definitions: Any, distinct_id: str, properties: Any, **options: Any) -> dict[str, str]:
    found = evaluate(definitions, distinct_id, properties, complete=True, **options)
    return {key: word(each) for key, each in found.items()}


def test_the_answers_for_a_person_that_is_filled_in_equal_evaluate(visitor: Visitor):
    page = visitor.open(visitor.site(PRODUCT))
    assert chips(page) == words(PRODUCT, "user-1", {})
    page.get_by_label("Distinct id", exact=True).fill("user-8")
    page.get_by_label("plan", exact=True).fill("team")
    page.get_by_label("country", exact=True).fill("DE")
    page.get_by_label("is_staff", exact=True).select_option("true")
    page.get_by_label("referrals", exact=True).fill("3")
    page.get_by_label("company (the group's id)").fill("acme")
    page.get_by_label("company.plan").fill("enterprise")
    properties = {"plan": "team", "country": "DE", "is_staff": True, "referrals": 3}
    groups = {"company": "acme"}
    of_groups = {"company": {"plan": "enterprise"}}
    expected = words(PRODUCT, "user-8", properties, groups=groups, group_properties=of_groups)
    until_answered(page, expected)

    page.locator(".row", has_text="growth-referrals").click()
    found = page.locator(".answer")
    found.get_by_text(expected["growth-referrals"], exact=True).wait_for()
    assert page.locator(".tree li").first.inner_text().startswith("condition 1")


def test_the_reason_of_an_off_is_said_once_and_filters_in_plain_words(visitor: Visitor):
    page = visitor.open(visitor.site(PRODUCT), {"distinct_id": "user-1"}, flag="churn-survey")
    page.locator(".tree", has_text='person is in the cohort "At risk"').wait_for()
    said = page.locator("#detail").inner_text()
    assert said.count("No condition matches.") == 1
    assert "lack of a matching condition" not in said
    assert "is_date_before" not in page.locator(".tree").inner_text()

    site = visitor.site(document())
    page = visitor.open(site, flag="old")
    page.locator(".answer", has_text="The flag is switched off.").wait_for()
    assert page.locator(".tree").count() == 0
    page = visitor.open(site, {"properties": {"is_staff": True}}, flag="checkout")
    page.locator(".answer", has_text="Decided by condition 2").wait_for()


def test_a_value_that_conditions_mention_is_given_by_a_click(visitor: Visitor):
    page = visitor.open(visitor.site(PRODUCT), flag="checkout-express")
    page.get_by_role("button", name="CA", exact=True).click()
    assert page.get_by_label("country").input_value() == "CA"
    page.locator(".tree", has_text='it is "CA"').wait_for()


def test_a_person_is_saved_shared_and_found_again(visitor: Visitor):
    site = visitor.site(document())
    page = visitor.open(site, PRO, flag="checkout")
    page.get_by_role("button", name="Save…").click()
    page.get_by_label("Save as").fill("Somebody on pro")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="New").click()
    assert page.get_by_label("Distinct id", exact=True).input_value() == "user-2"
    page.get_by_label("Saved people").first.select_option("Somebody on pro")
    assert page.get_by_label("plan", exact=True).input_value() == "pro"
    page.locator("#others .chip").wait_for()

    other = visitor.open(site)
    other.goto(page.url)
    other.locator("#shares").wait_for()
    assert other.get_by_label("plan", exact=True).input_value() == "pro"
    assert chips(other) == words(document(), "user-1", {"plan": "pro"})
    page.reload()
    page.get_by_role("button", name="Forget Somebody on pro").click()
    page.get_by_role("button", name="Save…").wait_for()


def test_another_rollout_shows_what_changes_for_the_person_and_for_a_sample(visitor: Visitor):
    page = visitor.open(visitor.site(document()), PRO, flag="checkout")
    slider = page.get_by_label("Rollout of condition 1", exact=True)
    slider.focus()
    for _ in range(3):
        slider.press("PageUp")
    page.locator(".outcome").get_by_text("At 50 % this person changes from off to").wait_for()
    page.locator(".outcome").get_by_text("Of 2,000 made-up people with these properties").wait_for()
    assert page.get_by_text("would be inside: 44.83 % ≤ 50 %, by distinct id").is_visible()
    assert page.evaluate("document.activeElement.type") == "range"
    page.get_by_label("Rollout of condition 1, in percent").fill("40")
    page.locator(".outcome").get_by_text("At 40 % nothing changes for this person: off.").wait_for()
    page.get_by_role("button", name="Back to 20 %").click()
    page.locator(".outcome").wait_for(state="detached")
    assert slider.input_value() == "20"


def test_a_second_file_is_compared_when_it_is_pasted_or_chosen(visitor: Visitor, tmp_path: Path):
    second = json.loads(json.dumps(document(flag("new", {}))))
    second["flags"][0]["filters"]["groups"][0]["rollout_percentage"] = 100
    page = visitor.open(visitor.site(document()), PRO)
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Or paste its text").fill(json.dumps(second))
    page.get_by_role("main").get_by_role("button", name="Compare").click()
    page.get_by_text("2 flags differ; for this person 2 answers change.").wait_for()
    page.get_by_text("condition 1: rollout 20 % → 100 %").wait_for()
    page.get_by_label("Show what changes").select_option("from the file to the definitions in use")
    page.get_by_text("condition 1: rollout 100 % → 20 %").wait_for()

    file = tmp_path / "second.json"
    file.write_text(json.dumps(document()), encoding="utf-8")
    page.get_by_label("Choose a file").set_input_files(file)
    page.get_by_text("No flag differs from second.json.").wait_for()


def test_a_second_file_that_is_none_says_why(visitor: Visitor):
    site = visitor.site(document())
    page = visitor.open(site, view="compare")
    page.get_by_label("Or paste its text").fill("{")
    page.get_by_role("main").get_by_role("button", name="Compare").click()
    page.get_by_text("The file is no definitions document").wait_for()
    assert "422" in site.trouble.pop()  # the browser's own line about the refusal


def test_everything_is_reached_by_the_keyboard_and_the_focus_is_seen(visitor: Visitor):
    page = visitor.open(visitor.site(PRODUCT), flag="dark-mode")
    page.keyboard.press("/")
    page.keyboard.type("pricing")
    page.keyboard.press("Enter")
    page.locator("#detail h2", has_text="pricing-2026").wait_for()
    page.locator("#shares").wait_for()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "flag-title"
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        part = page.evaluate(
            "document.activeElement.dataset.part ?? document.activeElement.tagName"
        )
        if part == "BODY":  # past the last
            break
        seen.add(part)
        style = "getComputedStyle(document.activeElement)"
        ring = page.evaluate(f"{style}.outlineStyle + ' ' + {style}.outlineWidth")
        is_slider = (
            page.evaluate("document.activeElement.type") == "range"
        )  # its thumb has the ring
        assert is_slider or ring == "solid 2px"
    assert {"slider 0", "number 0", "slider 1", "SUMMARY"} <= seen
    page.locator("#flag-title").focus()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "rows"
    page.keyboard.press("p")
    assert page.evaluate("document.activeElement.dataset.part") == "distinct id"
    page.keyboard.press("Tab")
    page.keyboard.press("n")
    assert page.get_by_label("Distinct id", exact=True).input_value() == "user-2"
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_label("Use the keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    assert page.get_by_role("button", name="Flags").get_attribute("aria-current") == "page"


def test_flags_are_searched_and_filtered(visitor: Visitor):
    page = visitor.open(visitor.site(document()), PRO)
    page.get_by_label("Search flags").fill("seats")
    assert page.locator(".row:visible").all_inner_texts() == ["seated\noff"]
    page.get_by_label("Search flags").fill("nothing like it")
    page.get_by_role("button", name="Show all flags").click()
    page.get_by_label("Show").select_option("Inactive")
    assert page.locator("#count").inner_text() == "1 of 4"


ATTACK = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\'"&lt;'


def test_nothing_that_definitions_or_events_hold_can_run(visitor: Visitor):
    hostile = flag(
        ATTACK,
        {"properties": [{"key": ATTACK, "type": "person", "value": [ATTACK, "__proto__"]}]},
        {"rollout_percentage": 50},
        name=ATTACK,
        filters={
            "multivariate": {"variants": [{"key": ATTACK, "rollout_percentage": 100}]},
            "payloads": {ATTACK: json.dumps(ATTACK)},
        },
    )
    odd = [flag(name, {}) for name in ("__proto__", "constructor", "toString", "\u202egnp.exe")]
    broken = {"key": f"{ATTACK}2", "active": True, "filters": {"groups": ATTACK}}
    site = visitor.site(definitions(hostile, broken, *odd))
    person = {"distinct_id": ATTACK, "properties": {ATTACK: ATTACK, "__proto__": ATTACK}}
    page = visitor.open(site, person, flag=ATTACK)
    page.locator("#shares").wait_for()
    assert page.locator("#flag-title").inner_text() == ATTACK
    assert json.loads(json.dumps(ATTACK)) in page.locator(".answer pre").inner_text()
    page.get_by_label("Rollout of condition 2, in percent").fill("10")
    page.locator(".outcome strong").wait_for()
    for each in ("__proto__", "constructor", "toString"):
        page.locator(".row", has_text=each).click()
        page.locator("#flag-title", has_text=each).wait_for()
        page.locator(".answer .chip", has_text="on").wait_for()
    send_event(site, ATTACK, ATTACK, **{ATTACK: ATTACK, "__proto__": ATTACK})
    page.get_by_role("button", name="Events").click()
    page.locator("td.event", has_text=ATTACK).wait_for()
    page.locator("td.more summary").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Or paste its text").fill(
        json.dumps(definitions(flag(f"{ATTACK}3", {}, name=ATTACK)))
    )
    page.get_by_role("main").get_by_role("button", name="Compare").click()
    page.locator(".change").first.wait_for()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, main script, main iframe").count() == 0


def test_changed_definitions_are_shown_at_once_and_broken_ones_in_a_banner(visitor: Visitor):
    site = visitor.site(document())
    page = visitor.open(site, PRO, flag="old")
    page.locator(".answer .chip", has_text="off").wait_for()
    site.write(definitions(CHECKOUT, flag("old", {}), flag("newer", {})))
    page.locator(".answer .chip", has_text="on").wait_for()
    page.get_by_text("3 flags").first.wait_for()
    site.write('{"flags": [')
    banner = page.get_by_role("alert")
    banner.get_by_text("The definitions cannot be loaded: flags.json").wait_for()
    assert page.locator(".answer .chip").inner_text() == "on"
    site.write(document())
    banner.get_by_text("cannot be loaded").wait_for(state="detached")
    page.locator(".answer .chip", has_text="off").wait_for()


def test_a_server_that_is_gone_is_said_to_be_gone(visitor: Visitor):
    site = visitor.site(document())
    page = visitor.open(site)
    site.running.__exit__()
    page.get_by_role("alert").get_by_text("The server does not answer").wait_for()
    site.trouble.clear()  # the browser's own lines about the lost connection


def test_forced_values_are_only_shown_without_a_control_key(visitor: Visitor, tmp_path: Path):
    forced = tmp_path / "forced.json"
    forced.write_text('{"checkout": "test"}', encoding="utf-8")
    page = visitor.open(visitor.site(document(), project={"overrides": forced}), flag="checkout")
    page.get_by_text("file of forced values, for everybody").wait_for()
    assert page.get_by_role("button", name="Force").count() == 0


def test_forced_values_are_changed_with_the_control_key(visitor: Visitor):
    site = visitor.site(document(), control_key="open sesame")
    page = visitor.open(site, flag="checkout")
    page.get_by_text("Force a value").click()
    page.get_by_label("Control key").fill("wrong")
    page.get_by_role("button", name="Force").click()
    page.get_by_text("The server does not take this control key.").wait_for()
    assert "401" in site.trouble.pop()
    page.get_by_label("Control key").fill("open sesame")
    page.get_by_label("Value to force").select_option("test")
    page.get_by_role("button", name="Force").click()
    page.get_by_text("through the control API").wait_for()
    assert page.locator(".answer .chip").inner_text() == "test"
    assert "sesame" not in page.url + page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("button", name="Release").click()
    page.get_by_text("through the control API").wait_for(state="detached")


def send_event(site: Site, name: str, distinct_id: str, **properties: Any) -> None:
    """Send an event as SDKs do."""
    event = {"event": name, "distinct_id": distinct_id, "properties": properties}
    body = json.dumps({"api_key": "phc_any", **event}).encode()
    request = Request(f"{site.url}/capture/", body, {"content-type": "application/json"})
    with urlopen(request) as answer:
        assert answer.status == 200


def test_without_events_the_page_says_where_they_are_sent(visitor: Visitor):
    site = visitor.site(document(), prefix="/ph")
    page = visitor.open(site)
    page.get_by_role("button", name="Events").click()
    page.get_by_text(f"No events yet. SDKs send them when their host is {site.url}").wait_for()


def test_events_are_shown_as_they_come_in(visitor: Visitor):
    site = visitor.site(document())
    send_event(site, "earlier", "user-7", **{"$feature_flag": "checkout"})
    page = visitor.open(site)
    page.get_by_role("button", name="Events").click()
    page.locator("td.event", has_text="earlier").wait_for()
    send_event(site, "later", "user-8", price=3)
    page.locator("td.event", has_text="later").wait_for()
    assert page.locator("td.event").all_inner_texts() == ["later", "earlier"]
    page.get_by_label("Filter events").fill("checkout")
    assert page.locator("td.event").all_inner_texts() == ["earlier"]
    page.get_by_role("button", name="user-7").click()
    assert page.get_by_label("Distinct id", exact=True).input_value() == "user-7"
    page.get_by_role("button", name="Pause").click()
    send_event(site, "unseen", "user-9")
    page.get_by_text("paused, 1 more came").wait_for()
    assert page.locator("td.event", has_text="unseen").count() == 0
    page.get_by_label("Filter events").fill("")
    page.get_by_role("button", name="Resume").click()
    page.locator("td.event", has_text="unseen").wait_for()


def test_nothing_is_wider_than_the_window(visitor: Visitor):
    page = visitor.open(visitor.site(PRODUCT), PRO, flag="pricing-2026")
    page.locator("#shares").wait_for()
    for width in (1440, 800, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for view in ("Compare", "Flags"):
            page.get_by_role("button", name=view, exact=True).click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="All flags").click()
    page.locator(".row", has_text="dark-mode").click()
    page.locator("#flag-title", has_text="dark-mode").wait_for()
    page.get_by_role("button", name="All flags").wait_for()


def test_the_search_and_the_answer_stay_in_sight_while_the_list_is_scrolled(visitor: Visitor):
    page = visitor.open(visitor.site(PRODUCT), PRO)
    for width in (1440, 800):
        page.set_viewport_size({"width": width, "height": 700})
        for key in ("account-switcher", "web-vitals"):  # the first and the last
            page.locator(".row", has_text=key).click()
            title = page.locator("#flag-title", has_text=key)
            title.wait_for()
            for each in (title, page.get_by_label("Search flags")):
                box = each.bounding_box()
                assert box is not None
                assert 0 < box["y"] < 300


def test_a_thousand_flags_have_rows_that_are_made_once(visitor: Visitor):
    thousand = [flag(f"flag-{number}", {}, name="One of many") for number in range(1_000)]
    page = visitor.open(visitor.site(definitions(*thousand)))
    page.evaluate("window.first = document.querySelector('.row')")
    page.get_by_label("Search flags").fill("flag-98")
    assert page.locator("#count").inner_text() == "11 of 1,000"
    page.get_by_label("Search flags").fill("")
    assert page.evaluate("document.querySelector('.row') === window.first")
    assert page.evaluate("getComputedStyle(window.first).contentVisibility") == "auto"


def test_those_who_ask_for_less_motion_get_none(visitor: Visitor):
    page = visitor.open(visitor.site(document()))
    moves = "getComputedStyle(document.querySelector('.chip')).transitionDuration"
    assert "0.15s" in page.evaluate(moves)
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moves) == "0s"


def test_the_rules_of_accessibility_find_nothing_in_any_view_and_light(visitor: Visitor):
    axe = pytest.importorskip("axe_playwright_python", reason="needs the group browser")
    rules = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = visitor.open(visitor.site(document(OTHER)), PRO, flag="checkout")
    page.emulate_media(reduced_motion="reduce")  # else colours are looked at while they change
    page.locator("#shares").wait_for()
    page.get_by_label("Rollout of condition 1, in percent").fill("50")
    page.locator(".outcome strong").wait_for()
    page.evaluate(rules)
    assert _findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert _findings(page, "color-contrast") == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Edit").click()
    assert _findings(page) == []
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Or paste its text").fill(json.dumps(definitions(CHECKOUT)))
    page.get_by_role("main").get_by_role("button", name="Compare").click()
    page.locator(".change").first.wait_for()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert _findings(page) == []
    page.emulate_media(color_scheme="light")
    assert _findings(page, "color-contrast") == []


def _findings(page: Any, *only: str) -> list[Any]:
    """What axe-core finds wrong by all rules, or by one, with the elements."""
    run = f", runOnly: {json.dumps(only)}" if only else ""
    found = page.evaluate(f"axe.run({{resultTypes: ['violations']{run}}})")
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]
    ]
