"""Addresses of views, two versions side by side, and what is told of a model beside its answers."""

from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from tests.e2e.playground.browser import DESKTOP, PHONE
from tests.e2e.playground.test_access import OVERFLOW, violations

pytestmark = pytest.mark.e2e


def address_of(page, name):
    """Wait until the address is of this panel and says something; return what."""
    page.wait_for_function("(name) => location.hash.startsWith(`#${name}?`)", arg=name)
    return {key: value for key, [value] in parse_qs(page.url.split("?", 1)[1]).items()}


def test_a_reading_has_an_address_and_an_address_shows_the_reading(open_page):
    page = open_page()
    page.select_option("#classifier", "topics")
    page.fill("#text", "a great film & an awful #1 👍")
    page.get_by_label("Leave one word out").check(force=True)
    page.select_option("#beside", "sentiment:1")
    page.wait_for_function("() => location.hash.includes('beside')")
    assert address_of(page, "sentiment") == {
        "model": "topics:1",
        "text": "a great film & an awful #1 👍",
        "explain": "occlusion",
        "beside": "sentiment:1",
    }
    again = open_page(page.url[page.url.index("/#") :])
    expect(again.locator("#classifier")).to_have_value("topics")
    expect(again.locator("#text")).to_have_value("a great film & an awful #1 👍")
    expect(again.get_by_label("Leave one word out")).to_be_checked()
    expect(again.locator("#beside-name")).to_have_text("sentiment, version 1, says")


def test_no_text_of_an_address_reaches_the_server_in_a_path(open_page):
    page = open_page("/#sentiment?model=sentiment:2&text=a+secret+film")
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.reload()
    expect(page.locator("#text")).to_have_value("a secret film")
    expect(page.locator("#facts dd")).to_have_count(3)
    assert sent
    assert all("secret" not in url.partition("#")[0] for url in sent)


def test_the_page_as_it_begins_has_no_long_address(page):
    page.wait_for_timeout(400)  # longer than the page waits before it writes one
    assert page.url.partition("#")[2] in ("", "sentiment")


def test_an_address_that_changes_is_followed(open_page):
    page = open_page("/#sentiment?text=a+great+film")
    expect(page.locator("#label")).to_have_text("positive")
    page.evaluate("() => { location.hash = '#sentiment?text=an+awful+film'; }")
    expect(page.locator("#label")).to_have_text("negative")
    expect(page.locator("#text")).to_have_value("an awful film")


def test_an_address_without_a_sentence_asks_for_nothing(open_page, engine):
    page = open_page("/#translate?model=en-fr:1&text=+")
    expect(page.locator("#translate-why")).to_have_text("Write a sentence first.")
    expect(page.locator("#translate-notice")).to_be_empty()


def test_an_address_of_a_version_that_is_not_served_says_so(open_page):
    page = open_page("/#sentiment?model=sentiment:4&text=a+great+film")
    expect(page.locator("#models-notice")).to_have_text(
        "sentiment:4 is not served here; sentiment is shown instead."
    )
    expect(page.locator("#label")).to_have_text("positive")


def test_a_text_that_was_written_has_an_address_that_writes_it_again(open_page):
    page = open_page("/#generate")
    page.fill("#prompt", "abc")
    page.fill("#max_tokens", "9")
    page.fill("#seed", "2")
    page.locator("#write").click()
    expect(page.locator("#generate-said")).to_contain_text("Done")
    page.wait_for_function("() => location.hash.includes('seed')")
    fields = address_of(page, "generate")
    assert fields == {
        "model": "shakespeare:1", "prompt": "abc", "max_tokens": "9", "seed": "2",
    }  # fmt: skip
    again = open_page(page.url[page.url.index("/#") :])
    expect(again.locator("#generate-said")).to_contain_text("Done")
    expect(again.locator("#output .piece")).to_have_text("abccabcabcab")


@pytest.mark.parametrize(
    ("address", "shown", "text"),
    [
        ("/#tag?text=she", "#tagged .word", "she"),
        ("/#translate?text=red+house&beams=4", "#translate-written", "der esuoh!"),
        ("/#models?model=sentiment:4", "#card-name", "sentiment:4"),
        ("/#digits?ink=___f", "#digits-label", "1"),
    ],
    ids=["tag", "translate", "models", "digits"],
)
def test_every_panel_follows_its_address(open_page, address, shown, text):
    page = open_page(address)
    expect(page.locator(shown)).to_have_text(text)


@pytest.mark.parametrize(("panel", "box"), [("tag", "#tag-text"), ("translate", "#translate-text")])
def test_every_panel_keeps_its_address(open_page, panel, box):
    page = open_page(f"/#{panel}")
    page.fill(box, "some words")
    assert address_of(page, panel)["text"] == "some words"


def test_a_drawing_has_an_address_that_draws_it_again(open_page):
    shades = "(all) => all.map((one) => one.getAttribute('fill-opacity'))"
    page = open_page("/#digits")
    page.get_by_role("button", name="Example 7").click()
    ink = address_of(page, "digits")["ink"]
    drawn = page.locator("#digits-pad .square").evaluate_all(shades)
    again = open_page(f"/#digits?ink={ink}")
    expect(again.locator("#digits-facts dd")).not_to_have_count(0)
    assert again.locator("#digits-pad .square").evaluate_all(shades) == drawn


def test_two_taggers_and_two_translators_answer_side_by_side(open_page, engine):
    engine.second_models = True
    page = open_page("/#tag?text=the+cat&beside=pos:2")
    expect(page.locator("#tagged li")).to_have_text(["theDET", "catNOUNVERB"])
    expect(page.locator("#tag-facts")).to_contain_text("Same label1 of 2")
    page = open_page("/#translate?text=red+house&beside=en-fr:2")
    expect(page.locator("#translate-written")).to_have_text("der esuoh")
    expect(page.locator("#translate-beside-name")).to_have_text("What en-fr, version 2, writes")
    expect(page.locator("#translate-beside-written")).to_have_text("DER ESUOH")
    page.select_option("#translator-beside", "none")
    expect(page.locator("#translate-beside")).to_be_hidden()


def test_two_versions_read_side_by_side(page):
    page.fill("#text", "a great film")
    page.select_option("#beside", "sentiment:1")
    expect(page.locator("#beside-name")).to_have_text("sentiment, version 1, says")
    expect(page.locator("#beside-label")).to_have_text("positive")
    expect(page.locator("#beside-bars li")).to_have_text(["positive66.7 %", "negative33.3 %"])
    expect(page.locator("#plot .line.beside")).to_have_count(1)
    page.select_option("#beside", "topics")  # of other classes
    expect(page.locator("#beside-label")).to_have_text("sports")
    expect(page.locator("#plot .line.beside")).to_have_count(0)
    page.select_option("#beside", "none")
    expect(page.locator("#beside-verdict")).to_be_hidden()


def test_two_models_write_side_by_side_with_one_seed(open_page, engine):
    page = open_page("/#generate")
    expect(page.locator("#generator-beside")).to_be_hidden()
    engine.second_models = True
    page.reload()
    page.select_option("#generator-beside", "shakespeare:2")
    page.fill("#prompt", "abc")
    page.fill("#max_tokens", "5")
    page.locator("#write").click()
    expect(page.locator("#generate-said")).to_contain_text("Done")
    expect(page.locator("#output-name")).to_have_text("shakespeare:1")
    expect(page.locator("#output-beside-name")).to_have_text("shakespeare:2")
    first = page.locator("#output .piece").text_content()
    expect(page.locator("#output-beside .piece")).to_have_text(first)
    one, other = (generation.request.sampling for generation in engine.generations[-2:])
    assert one == other


def test_what_the_card_says_stands_beside_the_answers(page):
    about = page.locator("#sentiment-about")
    expect(about).to_contain_text("test accuracy0.90.88 to 0.92")
    expect(about).to_contain_text("trained ontoys")
    expect(about).to_contain_text("not servedversion 4")
    expect(about.locator("img[src]")).to_have_count(1)
    about.get_by_role("link").click()
    expect(page.locator("#card-name")).to_have_text("sentiment:2")
    expect(page.get_by_role("tab", name="Models")).to_have_attribute("aria-selected", "true")


def test_no_hole_is_between_the_sheets_nor_under_the_verdict(page):
    """300 empty pixels were under the verdict on a desktop."""
    expect(page.locator("#sentiment-about img[src]")).to_have_count(1)
    boxes = page.locator("#panel-sentiment > .columns > *").evaluate_all(
        "(all) => all.map((one) => [one.className, one.getBoundingClientRect()])"
        ".map(([name, { top, bottom }]) => [name, top, bottom])"
    )
    left = [box for box in boxes if box[0] != "side"]
    gaps = [after[1] - before[2] for before, after in zip(left, left[1:], strict=False)]
    assert all(gap < 40 for gap in gaps)
    [side] = [box for box in boxes if box[0] == "side"]
    assert left[-1][2] - side[2] < 300


def test_examples_and_the_tab_fit_the_chosen_model(page):
    """A classifier of tickets was tried with films, in a tab called Sentiment."""
    expect(page.locator("#examples button")).to_have_count(4)
    page.select_option("#classifier", "topics")
    expect(page.get_by_role("tab", name="Classify", exact=True)).to_be_visible()
    expect(page.locator("#examples button")).to_have_text(["From its card"])
    expect(page.locator("#text")).to_have_value("words of its own kind")
    page.fill("#text", "what I typed myself")
    page.select_option("#classifier", "sentiment")
    expect(page.get_by_role("tab", name="Sentiment", exact=True)).to_be_visible()
    expect(page.locator("#text")).to_have_value("what I typed myself")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_with_two_side_by_side(open_page, theme, viewport):
    page = open_page(
        "/#sentiment?text=a+great+film&beside=sentiment:1",
        color_scheme=theme, viewport=viewport, reduced_motion="reduce",
    )  # fmt: skip
    expect(page.locator("#sentiment-about img[src]")).to_have_count(1)
    expect(page.locator("#beside-verdict")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate(OVERFLOW) <= 0
