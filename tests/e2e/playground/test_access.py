"""For everyone: keyboard alone, screen readers, both themes, small screens, a strict policy."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from service.api.web import WEB_DIR
from tests.e2e.playground.browser import DESKTOP, PHONE

pytestmark = pytest.mark.e2e

REFUSAL = {"error": {"message": "no", "type": "x", "param": "prompt", "code": "invalid_value"}}
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def files_of(pattern):
    """The page's files, those of its panels included; the API docs are another page."""
    return [path for path in sorted(WEB_DIR.rglob(pattern)) if WEB_DIR / "docs" not in path.parents]


def name_of(path):
    return path.relative_to(WEB_DIR).as_posix()


def violations(page):
    results = Axe().run(page).response["violations"]
    return [(found["id"], [node["target"] for node in found["nodes"]]) for found in results]


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def fill_reading(page):
    """Bring up all that the panel can show."""
    page.fill("#text", "a great start 👍🏽 and an awful end")
    page.get_by_text("Word by word, as a table").click()
    page.fill("#lines", "a great film\nan awful film")
    page.locator("#batch-run").click()
    expect(page.locator("#answers tr")).to_have_count(2)
    expect(page.locator("#words-rows tr")).to_have_count(8)


def fill_writing(page):
    page.fill("#max_tokens", "-3")
    page.locator("#write-why:not(:empty)").wait_for()
    page.fill("#max_tokens", "60")
    page.route("**/v1/generate", lambda route: route.fulfill(status=422, json=REFUSAL), times=1)
    page.get_by_role("button", name="Write").click()
    page.locator("#generate-notice summary").click()
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#generate-said")).to_contain_text("Done")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_page, theme, viewport):
    page = open_page(color_scheme=theme, viewport=viewport, reduced_motion="reduce")
    fill_reading(page)
    assert violations(page) == []
    page.get_by_role("tab", name="Generate").click()
    fill_writing(page)
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(open_page, width):
    page = open_page(viewport={"width": width, "height": 800})
    fill_reading(page)
    assert page.evaluate(OVERFLOW) <= 0
    page.get_by_role("tab", name="Generate").click()
    fill_writing(page)
    assert page.evaluate(OVERFLOW) <= 0


def test_the_keyboard_alone_reads_and_writes(page):
    press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to the playground")).to_be_focused()
    press(page, "Tab")
    expect(page.get_by_role("tab", name="Sentiment")).to_be_focused()
    press(page, *["Tab"] * 10)
    expect(page.locator("#text")).to_be_focused()
    press(page, "Control+a")
    page.keyboard.type("an awful film")
    expect(page.locator("#label")).to_have_text("negative")
    press(page, "Tab", "ArrowRight")
    expect(page.get_by_label("Leave one word out")).to_be_checked()
    page.get_by_role("tab", name="Sentiment").focus()
    press(page, "ArrowRight")
    expect(page.get_by_role("tab", name="Generate")).to_be_focused()
    press(page, *["Tab"] * 5)
    expect(page.locator("#prompt")).to_be_focused()
    press(page, "Control+a")
    page.keyboard.type("abc")
    press(page, "Control+Enter")
    expect(page.locator("#generate-said")).to_contain_text("Done")
    expect(page.locator("#output")).to_contain_text("abc")


def test_focus_is_seen_on_everything_that_takes_it(page):
    for _ in range(16):
        press(page, "Tab")
        unseen = page.evaluate(
            """() => {
                const seen = (e) => e && getComputedStyle(e).outlineStyle !== "none";
                const at = document.activeElement;
                return [at, at.nextElementSibling, at.parentElement].some(seen) ? "" : at.outerHTML;
            }"""
        )
        assert unseen == ""


def test_a_tab_has_its_own_address(open_page):
    page = open_page("/#generate")
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="Generate")).to_be_visible()
    page.get_by_role("tab", name="Sentiment").click()
    assert page.url.endswith("#sentiment")


def test_the_theme_follows_the_system_until_chosen(open_page):
    page = open_page(color_scheme="dark")
    dark = page.evaluate(BACKGROUND)
    toggle = page.get_by_role("button", name="Dark theme")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    light = page.evaluate(BACKGROUND)
    assert light != dark
    page.reload()
    assert page.evaluate(BACKGROUND) == light
    expect(toggle).to_have_attribute("aria-pressed", "false")


def test_the_page_works_where_storage_is_switched_off(browser, site):
    context = browser.new_context()
    for name in ("localStorage", "sessionStorage"):
        refuse = "get() { throw new DOMException('no storage', 'SecurityError'); }"
        context.add_init_script(f"Object.defineProperty(window, '{name}', {{ {refuse} }});")
    page = context.new_page()
    page.goto(site)
    expect(page.locator("#label")).to_have_text("negative")
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()


def test_nothing_moves_for_those_who_ask_for_no_motion(open_page):
    page = open_page("/#generate", reduced_motion="reduce")
    assert page.evaluate("() => document.getAnimations().length") == 0
    page.fill("#max_tokens", "90000")
    page.get_by_role("button", name="Write").click()
    page.locator("#output .writing").wait_for()
    assert page.evaluate("() => document.getAnimations().length") == 0
    press(page, "Escape")


def test_a_command_can_be_copied(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy the curl command", exact=True).first
    page.locator("#bars li").first.wait_for()
    button.click()
    expect(page.locator("#copied")).to_have_text("Copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.locator("#sentiment-curl").inner_text()


def test_long_texts_scroll_with_the_cursor(page):
    page.fill("#text", "one more line\n" * 60)
    page.locator("#text").press("Control+End")
    page.keyboard.type("end")
    below = page.locator("#page").evaluate("(e) => e.scrollHeight - e.scrollTop - e.clientHeight")
    assert below < 60


def test_no_two_panels_style_the_same_class():
    """All panels' styles are on the one page."""
    owners: dict[str, list[str]] = {}
    for path in files_of("panel.css"):
        for name in set(re.findall(r"^\.([a-z-]+) \{", path.read_text(encoding="utf-8"), re.M)):
            owners.setdefault(name, []).append(path.parent.name)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", files_of("*.html"), ids=name_of)
def test_pages_hold_no_inline_code_or_style_and_name_no_other_site(path):
    html = Path(path).read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", html) == []
    assert re.findall(r"(?:https?:)?//[a-z]", html) == []


@pytest.mark.parametrize("path", files_of("*.js"), ids=name_of)
def test_scripts_never_make_html_or_code_of_text(path):
    source = path.read_text(encoding="utf-8")
    banned = r"(inner|outer|Adjacent)HTML|document\.write|\beval\b|new Function|DOMParser"
    assert re.findall(banned, source) == []
