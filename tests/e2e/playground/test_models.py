"""The panel of models: each version's card, its pictures, and all versions side by side."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.playground.browser import DESKTOP, PHONE
from tests.e2e.playground.test_access import OVERFLOW, press, violations

pytestmark = pytest.mark.e2e

LOADED = "#card-text img[src]"


def open_cards(open_page, model="sentiment", **options):
    page = open_page("/#models", **options)
    page.locator("#card-text img").first.wait_for()
    page.select_option("#card-model", model)
    expect(page.locator("#card-name")).to_contain_text(f"{model}:")
    expect(page.locator(LOADED)).to_have_count(2)
    return page


@pytest.fixture
def cards(open_page):
    return open_cards(open_page)


def version(page, number):
    return page.get_by_role("button", name=f"Version {number}", exact=True)


def test_the_card_of_the_default_version_is_shown_first(cards):
    expect(cards.locator("#card-name")).to_have_text("sentiment:2")
    expect(cards.locator("#card-text h2")).to_have_text("sentiment")
    expect(cards.locator("#card-text h3")).to_have_text(
        ["Figures", "Confusion", "Calibration", "Limits"]
    )
    expect(version(cards, 2)).to_have_attribute("aria-pressed", "true")


def test_the_pictures_of_the_card_are_seen(cards):
    widths = cards.locator(LOADED).evaluate_all("(all) => all.map((one) => one.naturalWidth)")
    assert widths == [1, 1]
    expect(cards.get_by_alt_text("loss by epoch")).to_have_count(1)


def test_a_card_never_becomes_html_and_asks_no_other_site(cards):
    """The fake's card holds an image with a handler, a script and a picture of another site."""
    expect(cards.locator("#card-text")).to_contain_text('<img src="x" onerror="document.title = ')
    expect(cards.locator("#card-text")).to_contain_text("<script>")
    expect(cards.locator("#card-text")).to_contain_text("from elsewhere")
    assert cards.locator("#card-text script").count() == 0
    assert "taken over" not in cards.title()


def test_the_confusion_is_coloured_by_share(cards):
    cells = cards.locator(".confusion tbody td")
    expect(cells).to_have_text(["9090.0 %", "1010.0 %", "1,50075.0 %", "50025.0 %"])
    kinds = cells.evaluate_all("(all) => all.map((one) => one.className)")
    assert kinds == ["right", "wrong", "wrong", "right"]
    depths = cells.evaluate_all("(all) => all.map((one) => one.style.getPropertyValue('--depth'))")
    assert depths == ["0.9000", "0.3162", "0.8660", "0.2500"]
    assert cells.nth(2).get_attribute("title") == (
        "positive taken for negative: 1,500, 75.0 % of this label's"
    )


def test_all_versions_stand_side_by_side_the_newest_first(cards):
    rows = cards.locator("#card-versions tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_have_text(re.compile(r"Version 4.*0\.925.*\+0\.025 better.*not served"))
    expect(rows.nth(1)).to_have_text(re.compile(r"Version 3.*refused.*golden.json: answers differ"))
    expect(rows.nth(2)).to_have_text(re.compile(r"Version 2.*0\.9.*default.*stable.*Nov 14, 2023"))
    expect(rows.nth(3)).to_have_text(re.compile(r"Version 1.*−0\.05 worse.*served"))


def test_whether_the_newest_is_better_is_said_in_words(cards):
    expect(cards.locator("#card-verdict")).to_have_text(
        "Version 4, the newest, is better than version 2, the default: test_accuracy 0.925 "
        "against 0.9. Their intervals overlap: it may be chance."
    )


def test_a_version_that_is_not_served_shows_its_card(cards):
    version(cards, 4).click()
    expect(cards.locator("#card-name")).to_have_text("sentiment:4")
    expect(version(cards, 4)).to_have_attribute("aria-pressed", "true")
    expect(version(cards, 2)).to_have_attribute("aria-pressed", "false")
    expect(cards.locator("#card-curl")).to_contain_text("/v1/models/sentiment%3A4/card'")


def test_the_keyboard_alone_walks_through_the_versions(cards):
    version(cards, 4).focus()
    press(cards, "Enter")
    expect(cards.locator("#card-name")).to_have_text("sentiment:4")
    expect(version(cards, 4)).to_be_focused()
    press(cards, "Tab", "Space")
    expect(cards.locator("#card-name")).to_have_text("sentiment:3")


def test_versions_can_be_compared_by_any_figure_but_ends_of_intervals(cards):
    expect(cards.locator("#card-metric option")).to_have_text(["test_accuracy"])
    expect(cards.locator("#card-metric")).to_have_value("test_accuracy")


def test_another_model_brings_its_own_card(cards):
    cards.select_option("#card-model", "shakespeare")
    expect(cards.locator("#card-name")).to_have_text("shakespeare:1")
    expect(cards.locator("#card-verdict")).to_have_text("Version 1 is the only one.")


def test_a_refused_version_alone_still_has_its_card(open_page, engine):
    engine.hidden_versions = frozenset({("sentiment", 1), ("sentiment", 2)})
    page = open_page("/#models")
    page.select_option("#card-model", "sentiment")
    expect(page.locator("#card-name")).to_have_text("sentiment:4")
    expect(page.locator("#card-verdict")).to_contain_text("none is served")


def test_a_card_that_cannot_be_read_is_told_in_the_service_s_words(cards, engine):
    engine.damaged = frozenset({"README.md"})
    version(cards, 4).click()
    expect(cards.locator("#card-notice")).to_contain_text("sentiment:4: README.md: sha256 differs")
    expect(cards.locator("#card-name")).to_be_empty()  # the one shown before is another's
    expect(cards.locator("#card-text")).to_be_empty()
    engine.damaged = frozenset()
    version(cards, 4).click()
    expect(cards.locator("#card-name")).to_have_text("sentiment:4")
    expect(cards.locator("#card-notice")).to_be_empty()


def test_no_versions_of_another_model_stay_beside_a_card_that_failed(cards, engine):
    engine.damaged = frozenset({"README.md"})
    cards.select_option("#card-model", "shakespeare")
    expect(cards.locator("#card-notice")).to_contain_text("sha256 differs")
    expect(cards.locator("#card-versions tr")).to_have_count(0)
    expect(cards.locator("#card-verdict")).to_be_empty()


def test_a_picture_that_cannot_be_read_leaves_the_card(cards, engine):
    engine.damaged = frozenset({"curves.png"})
    version(cards, 1).click()
    expect(cards.locator("#card-text")).to_contain_text("curves.png: curves.png: sha256 differs")
    expect(cards.locator("#card-name")).to_have_text("sentiment:1")


def test_cards_and_their_pictures_are_read_with_the_key(cards):
    """An image that fetched itself would send none."""
    sent = []
    cards.on("request", lambda request: sent.append(request.headers.get("authorization")))
    cards.evaluate("() => import('/static/api.js').then((api) => api.setKey('secret'))")
    version(cards, 4).click()
    expect(cards.locator("#card-name")).to_have_text("sentiment:4")
    expect(cards.locator(LOADED)).to_have_count(2)
    assert sent == ["Bearer secret"] * 3
    expect(cards.locator("#card-curl")).to_contain_text('-H "Authorization: Bearer $API_KEY"')


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_cards(open_page, theme, viewport):
    page = open_cards(open_page, color_scheme=theme, viewport=viewport, reduced_motion="reduce")
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 768])
def test_cards_are_not_wider_than_the_screen(open_page, width):
    page = open_cards(open_page, viewport={"width": width, "height": 800})
    assert page.evaluate(OVERFLOW) <= 0
