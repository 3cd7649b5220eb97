"""The panel that writes: streaming, stopping, seeds, prompts to choose from, and errors."""

import pytest
from playwright.sync_api import expect

from service.errors import EngineFailure, InvalidInput, NotReady

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(open_page):
    """The playground with the panel "Generate" open."""
    return open_page("/#generate")


def write(page, **values):
    """Set controls by id, press Write, and wait for the end."""
    for name, value in values.items():
        page.fill(f"#{name}", str(value))
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#generate-said")).to_contain_text("Done")
    return page.locator("#output").inner_text()


def test_text_is_streamed_after_its_prompt(page, engine):
    page.fill("#prompt", "abc ")
    text = write(page, seed=1, max_tokens=7)
    assert text == "abc bc abc "
    expect(page.locator("#output .asked")).to_have_text("abc ", use_inner_text=False)
    sampling = engine.generations[-1].request.sampling
    assert (sampling.seed, sampling.max_tokens, sampling.temperature) == (1, 7, None)


def test_speed_is_shown(page):
    write(page, max_tokens=400)  # long enough to come in more than one burst, however busy it is
    speed = page.locator("#speed")
    expect(speed).to_contain_text("Tokens400")
    expect(speed).to_contain_text("Tokens a second")
    expect(speed).to_contain_text("First after")
    expect(speed).to_contain_text("reached max tokens")
    page.select_option("#generator", "names")
    expect(speed).to_contain_text("Modelshakespeare:1")  # what was written is still that model's


def test_tokens_are_counted_while_it_writes_not_the_events_that_bring_them(page, engine):
    """A stopped stream of 988 characters showed 69 tokens: those of the events that had come."""
    engine.tokens_a_piece = 20
    page.fill("#prompt", "abc")
    page.fill("#max_tokens", "90000")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#output .piece")).to_contain_text("abc" * 60)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#generate-said")).to_have_text("Done: stopped by you.")
    written = page.locator("#output .piece").text_content().removeprefix("abc")
    shown = page.locator("#speed div").first.locator("dd").inner_text()
    assert int(shown.replace(",", "")) == len(written)  # this model's tokens are characters


@pytest.mark.parametrize("how", ["button", "escape"])
def test_a_text_can_be_stopped_and_the_service_knows(page, engine, how):
    page.fill("#prompt", "abc")
    page.fill("#max_tokens", "90000")  # a minute and a half
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#output .piece")).to_contain_text("abcabc")
    if how == "button":
        page.get_by_role("button", name="Stop", exact=True).click()
    else:
        page.keyboard.press("Escape")
    expect(page.locator("#generate-said")).to_have_text("Done: stopped by you.")
    expect(page.locator("#stop-writing")).to_be_hidden()
    assert engine.generations[-1].ended.wait(10)
    assert page.locator("#output").inner_text().startswith("abc")


def test_the_same_seed_writes_the_same_text(page, engine):
    first = write(page, max_tokens=40)
    seed = page.locator("#used-seed").inner_text()
    page.get_by_role("button", name="Same seed again").click()
    expect(page.locator("#speed")).to_contain_text("End")
    assert page.locator("#output").inner_text() == first
    assert page.locator("#used-seed").inner_text() == seed
    page.get_by_role("button", name="New seed").click()
    expect(page.locator("#used-seed")).not_to_have_text(seed)


def test_several_answers_stand_apart(page, engine):
    write(page, n=3, max_tokens=5, seed=10)
    expect(page.locator("#output .piece")).to_have_count(3)
    assert engine.generations[-1].request.sampling.n == 3


def test_several_answers_are_numbered_with_their_seeds_and_one_is_not(page):
    page.fill("#prompt", "")
    text = write(page, n=2, max_tokens=3, seed=10)
    assert text.split("\n\n")[0::2] == ["Answer 1 of 2, seed 10", "Answer 2 of 2, seed 11"]
    write(page, n=1)
    expect(page.locator("#output .eyebrow")).to_have_count(0)


def test_a_long_text_is_seen_from_its_first_line(page):
    write(page, max_tokens=2000)
    box = page.locator("#output")
    assert box.evaluate("(e) => [e.scrollTop, e.scrollHeight - e.clientHeight]") == [0, 0]


def test_what_might_have_stood_in_a_place_is_shown_where_one_points(page, engine):
    page.fill("#prompt", "abc")
    write(page, max_tokens=4, seed=0)
    assert engine.generations[-1].request.sampling.logprobs == 5
    box = page.locator("#output .piece").evaluate(
        """(piece) => {
            const range = document.createRange();
            range.setStart(piece.lastChild, 1);
            range.setEnd(piece.lastChild, 2);
            const { x, y, width, height } = range.getBoundingClientRect();
            return [x + width / 2, y + height / 2];
        }"""
    )
    page.mouse.move(*box)
    expect(page.locator("#instead")).to_have_text("b 62.4 % and nothing else")
    page.locator("#output").press("ArrowRight")
    expect(page.locator("#instead")).to_contain_text("c 62.1 %")
    page.locator("#output").press("ArrowLeft")
    expect(page.locator("#generate-said")).to_contain_text("b 62.4 %")


def test_alternatives_are_left_out_on_demand(page, engine):
    page.get_by_label("With alternatives").uncheck()
    write(page, max_tokens=4)
    assert engine.generations[-1].request.sampling.logprobs is None
    expect(page.locator("#instead")).to_be_hidden()


def test_prompts_of_a_fixed_list_are_chosen_from_a_menu(page, engine):
    page.select_option("#generator", "names")
    expect(page.locator("#prompt")).to_be_hidden()
    page.get_by_label("Prompt", exact=True).select_option("Polish")
    write(page, max_tokens=4)
    assert engine.generations[-1].request.prompt == "Polish"
    expect(page.locator("#output .piece")).to_have_count(5)
    assert page.locator("#output .asked").count() == 0


def test_stop_texts_take_escapes(page, engine):
    write(page, stop="THE END\n\\n\\n\nback\\\\slash", max_tokens=3)
    assert engine.generations[-1].request.sampling.stop == ("THE END", "\n\n", "back\\slash")


def test_controls_begin_with_the_model_s_own_values(page):
    expect(page.locator("#temperature-value")).to_have_text("0.80")
    expect(page.locator("#top_k")).to_have_value("40")
    expect(page.locator("#stop")).to_have_value("\\n\\n")
    page.select_option("#generator", "names")
    expect(page.locator("#temperature-value")).to_have_text("1.00")
    expect(page.locator("#stop")).to_have_value("")


def test_reset_returns_to_the_model_s_own_values(page, engine):
    page.locator("#temperature").fill("1.5")
    expect(page.locator("#temperature-value")).to_have_text("1.50")
    page.get_by_role("button", name="Reset").click()
    write(page)
    assert engine.generations[-1].request.sampling.temperature is None


@pytest.mark.parametrize(
    ("control", "value", "why"),
    [
        ("max_tokens", "-3", "Max tokens is a whole number from 0 to 100,000."),
        ("max_tokens", "100001", "Max tokens is a whole number from 0 to 100,000."),
        ("n", "0", "Answers is a whole number from 1 to 128."),
        ("top_k", "1.5", "Top k is a whole number from 0 to 2,147,483,647."),
        ("stop", "x\n" * 33, "Stop at takes up to 32 texts."),
        ("prompt", "x" * 100_001, "has 100,001 characters; the service reads up to 100,000."),
    ],
    ids=["below", "above", "none", "half", "stops", "prompt"],
)
def test_what_would_be_refused_cannot_be_sent_and_says_why(page, engine, control, value, why):
    page.fill(f"#{control}", value)
    button = page.get_by_role("button", name="Write")
    expect(button).to_be_disabled()
    expect(page.locator("#write-why")).to_contain_text(why)
    page.locator("#prompt").press("Control+Enter")
    page.get_by_role("button", name="Reset").click()
    page.fill("#prompt", "abc")
    expect(button).to_be_enabled()
    expect(page.locator("#write-why")).to_be_empty()
    assert engine.generations == []


def test_a_refused_value_is_told_in_words_and_pointed_at(page, engine):
    said = "`max_tokens` must be at most 7 for this model, got 8"
    engine.fails_with = InvalidInput(said, param="max_tokens")
    page.get_by_role("button", name="Write").click()
    notice = page.locator("#generate-notice [role=alert]")
    expect(notice.locator("> p")).to_have_text("Max tokens must be at most 7 for this model, got 8")
    expect(notice.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.locator("#max_tokens")).to_have_attribute("aria-invalid", "true")
    notice.get_by_text("In the service’s own words").click()
    expect(notice.locator("details")).to_contain_text(said)


def test_an_error_in_the_stream_keeps_what_was_written(page, engine):
    engine.fails_midway = EngineFailure("the model failed on this request")
    page.fill("#prompt", "abc ")
    page.fill("#seed", "0")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#generate-notice")).to_contain_text("the model failed on this request")
    assert page.locator("#output").inner_text() == "abc ab"
    expect(page.locator("#stop-writing")).to_be_hidden()


def test_a_stream_that_breaks_off_is_told(page):
    page.route(
        "**/v1/generate",
        lambda route: route.fulfill(body=": hi\n\n", content_type="text/event-stream"),
    )
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#generate-notice")).to_contain_text("ended before the answer was complete")


def test_a_service_that_is_not_ready_is_waited_for(page, engine):
    engine.fails_with = NotReady("the worker is draining; try again", retry_after_s=1)
    page.fill("#max_tokens", "4")
    page.get_by_role("button", name="Write").click()
    notice = page.locator("#generate-notice")
    expect(notice).to_contain_text("The worker is draining; try again")
    expect(notice).to_contain_text("goes on by itself")
    engine.fails_with = None
    expect(page.locator("#generate-said")).to_contain_text("Done")
    expect(notice).to_be_empty()


def test_the_page_waits_for_a_service_that_is_starting(browser, site):
    context = browser.new_context()
    page = context.new_page()
    tries = []

    def start(route):
        tries.append(route)
        if len(tries) == 1:
            return route.fulfill(status=503, json={"error": {"message": "starting"}})
        return route.continue_()

    page.route("**/v1/models", start)
    page.goto(site)
    expect(page.locator("#label")).to_have_text("negative")
    context.close()
