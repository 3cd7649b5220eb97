"""The panel that reads: typing, colours, the chart, classes, and what it says when it cannot."""

import hashlib
import re

import pytest
from playwright.sync_api import Route, expect

from service.api.app import create_app
from service.api.guards import KeyGuard
from service.auth import Keyring
from service.errors import QueueFull
from service.settings import Settings
from tests.e2e.playground.engine import REFUSED

pytestmark = pytest.mark.e2e

COLOURED = """(marks, kind) => [...marks.querySelectorAll(`.${kind}`)].map((e) => e.textContent)"""


def read(page, text):
    """Type `text` and wait for its own answer."""

    def is_own(answer):
        return (answer.request.post_data_json or {}).get("input") == text

    with page.expect_response(is_own):
        page.fill("#text", text)
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")


def coloured(page, kind):
    return page.locator("#marks").evaluate(COLOURED, kind)


def test_typing_shows_label_and_probabilities(page):
    read(page, "a great film")
    expect(page.locator("#label")).to_have_text("positive")
    expect(page.locator("#score")).to_have_text("66.7 % sure")
    expect(page.locator("#bars li")).to_have_text(["positive66.7 %", "negative33.3 %"])


def test_words_are_coloured_by_how_the_score_moved(page):
    read(page, "a great start and an awful end")
    assert coloured(page, "rise") == ["great"]
    assert coloured(page, "fall") == ["awful"]


def test_colours_fall_on_the_words_after_characters_of_two_units(page):
    read(page, "👍🏽 𝒯his is great 🎬 and awful")
    assert coloured(page, "rise") == ["great"]
    assert coloured(page, "fall") == ["awful"]


def test_the_colours_lie_on_the_words_of_every_line(page):
    """A rule of another panel once laid the coloured words out as a row of boxes."""
    read(page, "a great film and an awful one, " * 20)
    height = "(e) => e.scrollHeight"
    assert page.locator("#marks").evaluate(height) == page.locator("#text").evaluate(height)
    assert page.locator("#marks").evaluate("(e) => getComputedStyle(e).display") == "block"


def test_what_was_read_stays_coloured_while_typing_goes_on(page):
    read(page, "a great film")
    page.route("**/v1/classify", lambda route: None)  # never answered
    page.locator("#text").press("End")
    page.locator("#text").press_sequentially(" and awful")
    assert coloured(page, "rise") == ["great"]
    assert coloured(page, "fall") == []


def test_an_answer_that_comes_late_is_not_shown(page):
    held: list[Route] = []

    def hold_first(route):
        if held:
            route.continue_()
        held.append(route)

    page.route("**/v1/classify", hold_first)
    with page.expect_request("**/v1/classify"):
        page.fill("#text", "an awful film")
    read(page, "a great film")
    expect(page.locator("#label")).to_have_text("positive")
    assert held[0].request.failure is not None  # the page gave the first question up


def test_leaving_words_out_colours_what_each_adds(page):
    page.get_by_label("Leave one word out").check(force=True)
    read(page, "a great start and an awful, dull end")
    assert coloured(page, "rise") == ["great"]
    assert coloured(page, "fall") == ["awful,", "dull"]
    expect(page.locator("#plot rect.rise")).to_have_count(1)
    expect(page.locator("#legend")).to_contain_text("speaks for positive")


def test_the_chart_shows_the_score_at_the_word_pointed_at(page):
    read(page, "a great film")
    plot = page.locator("#plot svg")
    box = plot.bounding_box()
    plot.hover(position={"x": box["width"] * 0.53, "y": box["height"] / 2})
    expect(page.locator("#readout")).to_have_text("after “great” 66.7 % (+16.7)")
    expect(page.locator("#marks .here")).to_have_text("great")


def test_the_axes_have_words(page):
    read(page, "a great film of the most extraordinarylongest sort")
    expect(page.locator("#plot .axis")).to_have_text(
        ["probability of positive", "“a”", "word by word →", "“sort”"]
    )
    page.get_by_label("Leave one word out").check(force=True)
    expect(page.locator("#plot .axis").first).to_have_text("points it adds")


def test_moving_the_cursor_shows_the_score_there(page):
    read(page, "a great film")
    page.locator("#text").press("Home")
    expect(page.locator("#readout")).to_have_text("after “a” 50.0 % (±0.0)")
    page.locator("#text").press("End")
    expect(page.locator("#readout")).to_have_text("at the end 66.7 %")


def test_the_table_has_every_word_with_its_score(page):
    read(page, "a great film")
    page.get_by_text("Word by word, as a table").click()
    rows = page.locator("#words-rows tr")
    expect(rows).to_have_text(["a50.0 %±0.0", "great66.7 %+16.7", "film66.7 %±0.0"])


def test_any_of_many_classes_can_be_followed(page):
    page.select_option("#classifier", "topics")
    read(page, "a great film")
    expect(page.locator("#bars li")).to_have_text(["sports66.7 %", "world25.0 %", "business8.3 %"])
    assert coloured(page, "rise") == ["great"]
    page.get_by_role("button", name="world").click()
    expect(page.get_by_role("button", name="world")).to_be_focused()
    expect(page.locator("#chart-title")).to_have_text("Probability of world along the text")
    assert coloured(page, "fall") == ["great"]


def test_what_was_cut_is_marked_as_unread(page, engine):
    read(page, "good " * 40 + "bad " * 40)
    expect(page.locator("#facts")).to_contain_text("50 tokens, the rest was cut")


def test_default_versions_come_first_and_refused_ones_not_at_all(page):
    options = page.locator("#classifier option")
    expect(options).to_have_text(["sentiment · v2", "topics · v1", "sentiment:1"])


def test_text_is_never_taken_for_html(page):
    read(page, "<img src=x onerror=alert(1)> <b>great</b>")
    assert page.locator("main img[src=x], main b").count() == 0
    expect(page.locator("#marks")).to_contain_text("<img src=x onerror=alert(1)>")


def test_an_empty_text_asks_for_nothing(page):
    page.fill("#text", "")
    expect(page.locator("#score")).to_have_text("Waiting for a text.")
    expect(page.locator("#sentiment-curl")).to_be_hidden()


def test_a_busy_service_is_told_in_its_own_words_and_can_be_asked_again(page, engine):
    engine.fails_with = QueueFull("2,048 requests are waiting; try again", retry_after_s=3)
    page.fill("#text", "a great film")
    notice = page.locator("#sentiment-notice")
    expect(notice).to_contain_text("2,048 requests are waiting; try again")
    expect(notice).to_contain_text("goes on by itself")
    engine.fails_with = None
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator("#label")).to_have_text("positive")
    expect(notice).to_be_empty()


def test_the_page_goes_on_by_itself_when_the_server_is_back(page, engine):
    """One had to press Try again, also after the server had come back long ago."""
    page.route("**/*", lambda route: route.abort())
    page.fill("#text", "a great film")
    expect(page.locator("#sentiment-notice")).to_contain_text("goes on by itself")
    engine.hidden_models = frozenset({"topics"})  # it comes back with other models
    page.unroute("**/*")
    expect(page.locator("#label")).to_have_text("positive")
    expect(page.locator("#sentiment-notice")).to_be_empty()
    expect(page.locator("#classifier option")).to_have_text(["sentiment · v2", "sentiment:1"])


def test_a_refusal_speaks_of_the_text_and_offers_no_second_try(page):
    page.fill("#text", f"an {REFUSED} text")
    notice = page.locator("#sentiment-notice .notice")
    expect(notice.locator("> p")).to_have_text("This text cannot be read")
    expect(notice.get_by_role("button", name="Try again")).to_have_count(0)
    expect(notice.locator("details")).to_contain_text("`input[0]` cannot be read")


def test_what_cannot_be_explained_is_greyed_with_the_reason(page):
    """A text of 257 words was refused in the words of a machine."""
    page.get_by_label("Leave one word out").check(force=True)
    read(page, "word " * 257)
    expect(page.get_by_label("Leave one word out")).to_be_disabled()
    expect(page.get_by_label("As it reads")).to_be_checked()
    expect(page.locator("#explain-help")).to_contain_text("up to 256 words; this text has 257.")
    read(page, "a great film")
    expect(page.get_by_label("Leave one word out")).to_be_enabled()


def test_a_text_beyond_the_limit_is_not_sent(page, engine):
    asked = len(engine.requests)
    page.fill("#text", "x" * 100_001)
    expect(page.locator("#score")).to_have_text(
        "This text has 100,001 characters; the service reads up to 100,000."
    )
    assert len(engine.requests) == asked


def test_a_broken_connection_is_told_and_nothing_is_lost(page):
    page.route("**/v1/classify", lambda route: route.abort())
    page.fill("#text", "a great film")
    expect(page.locator("#sentiment-notice")).to_contain_text("cannot be reached")
    expect(page.locator("#text")).to_have_value("a great film")


def test_a_model_without_a_score_along_the_text_is_read_by_leaving_words_out(page):
    refusal = {"error": {"message": "no trajectory", "type": "x", "param": "explain", "code": "x"}}

    def refuse_trajectory(route):
        if route.request.post_data_json["explain"] == "trajectory":
            return route.fulfill(status=422, json=refusal)
        return route.continue_()

    page.route("**/v1/classify", refuse_trajectory)
    page.fill("#text", "a great film")
    expect(page.get_by_label("Leave one word out")).to_be_checked()
    expect(page.get_by_label("As it reads")).to_be_disabled()
    expect(page.locator("#label")).to_have_text("positive")


def test_a_key_is_asked_for_when_the_service_wants_one(page):
    refusal = {
        "error": {"message": "an API key is needed", "type": "x", "param": None, "code": "x"}
    }

    def check(route):
        is_known = route.request.headers.get("authorization") == "Bearer secret"
        return route.continue_() if is_known else route.fulfill(status=401, json=refusal)

    page.route("**/v1/**", check)
    page.fill("#text", "an awful film")
    page.get_by_label("API key").fill("secret")
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator("#label")).to_have_text("negative")
    expect(page.locator("#key-form")).to_be_hidden()
    expect(page.locator("#sentiment-curl")).to_contain_text('-H "Authorization: Bearer $API_KEY"')
    kept = page.evaluate("() => [JSON.stringify(sessionStorage), JSON.stringify(localStorage)]")
    assert "secret" in kept[0]
    assert "secret" not in kept[1]


def test_a_service_with_keys_is_used_with_a_key_given_to_the_browsers_dialog(
    browser, server, engine, tmp_path
):
    digest = hashlib.sha256(b"right").hexdigest()
    (tmp_path / "keys").write_text(f"ann {digest}\n")
    guard = KeyGuard(Keyring(tmp_path / "keys"))
    server.app = create_app(engine, Settings(max_tokens=100_000), guards=[guard])
    given = {"username": "anyone", "password": "right"}
    with browser.new_context(http_credentials=given) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}")
        page.fill("#text", "an awful film")
        expect(page.locator("#label")).to_have_text("negative")
        expect(page.locator("#key-form")).to_be_hidden()


def test_the_answer_is_read_out_once_typing_has_settled(page):
    said = page.locator("#said")
    page.locator("#text").fill("")
    page.locator("#text").press_sequentially("a great film", delay=30)
    expect(said).to_have_text(re.compile(r"^positive, 66\.7 %$"))
