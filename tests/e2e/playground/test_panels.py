"""The panels of the newer tasks: each answers, and has no tab where nothing is served for it."""

import pytest
from playwright.sync_api import expect
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from service.errors import InvalidInput, NotReady
from tests.e2e.playground.browser import DESKTOP, PHONE
from tests.e2e.playground.test_access import OVERFLOW, violations

pytestmark = pytest.mark.e2e

PANELS = ("translate", "tag", "digits")
READY = {"translate": "#translate-grid td", "tag": "#tagged li", "digits": "#digits-bars li"}


def open_panel(open_page, panel, **options):
    page = open_page(f"/#{panel}", **options)
    page.locator(READY[panel]).first.wait_for()
    return page


@pytest.fixture
def translator(open_page):
    page = open_panel(open_page, "translate")
    page.fill("#translate-text", "👍 red house")
    page.locator("#translate-run").click()
    expect(page.locator("#translate-written")).to_have_text("👍 der esuoh")
    return page


def test_a_sentence_is_translated_with_the_beams_that_were_chosen(translator):
    translator.select_option("#translate-beams", "4")
    translator.locator("#translate-text").press("Control+Enter")
    expect(translator.locator("#translate-written")).to_have_text("👍 der esuoh!")
    expect(translator.locator("#translate-curl")).to_contain_text('"num_beams":4')


def test_attention_is_a_grid_with_a_row_for_each_written_token(translator):
    expect(translator.locator("#translate-grid tbody tr")).to_have_count(4)
    expect(translator.locator("#translate-grid thead th")).to_have_text(["👍", "red", "house"])
    expect(translator.locator("#translate-grid tbody th")).to_have_text(
        ["👍", "der", "esuoh", "(end)"]
    )


def test_pointing_at_a_written_word_shows_what_it_looked_at(translator):
    translator.locator("#translate-written .token").nth(1).hover()
    expect(translator.locator("#translate-looks")).to_have_text(
        "“der” looks at “red” with 70.0 %, most of all."
    )
    weights = translator.locator("#translate-read .token").evaluate_all(
        "(tokens) => tokens.map((token) => token.style.getPropertyValue('--weight'))"
    )
    assert weights == ["0.1500", "0.7000", "0.1500"]


def test_arrow_keys_tell_the_squares_of_the_grid(translator):
    translator.locator("#translate-grid td[tabindex='0']").focus()
    translator.keyboard.press("ArrowDown")
    translator.keyboard.press("ArrowRight")
    expect(translator.locator("#translate-looks")).to_have_text("“der” looks at “red” with 70.0 %.")
    translator.keyboard.press("ArrowRight")
    expect(translator.locator("#translate-looks")).to_contain_text("“house” with 15.0 %")
    expect(translator.locator("#translate-grid td[tabindex='0']")).to_have_count(1)


def test_words_are_tagged_as_one_types(open_page):
    page = open_panel(open_page, "tag")
    page.fill("#tag-text", "the cat in Paris.")
    expect(page.locator("#tagged .tag")).to_have_text(["DET", "NOUN", "ADP", "PROPN", "PUNCT"])
    expect(page.locator("#tag-legend")).to_contain_text("proper noun")
    page.locator("#tagged li").nth(1).hover()
    expect(page.locator("#tag-readout")).to_have_text("“cat”: NOUN, noun, 91.0 %")


def test_the_labels_are_also_a_table(open_page):
    page = open_panel(open_page, "tag")
    page.fill("#tag-text", "she")
    page.get_by_text("The labels as a table").click()
    expect(page.locator("#tag-rows tr")).to_have_text(["shePRONpronoun91.0 %"])


def test_a_drawing_is_read_while_it_is_drawn(open_page):
    page = open_panel(open_page, "digits")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#digits-score")).to_have_text("Nothing is drawn.")
    box = page.locator("#digits-pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.05)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.95, steps=4)
    page.mouse.up()
    expect(page.locator("#digits-label")).to_have_text("8")
    expect(page.locator("#digits-caption")).to_have_text("eight")


def test_the_keyboard_draws_square_by_square(open_page):
    page = open_panel(open_page, "digits")
    page.get_by_role("button", name="Clear").click()
    page.locator("#digits-pad").focus()
    for key in ("ArrowRight", "Space", "Space", "ArrowDown", "Space"):
        page.keyboard.press(key)
    expect(page.locator("#digits-cell")).to_have_text("Row 2, column 2: 8 of 16")
    expect(page.locator("#digits-label")).to_have_text("2")
    expect(page.locator("#digits-curl")).to_contain_text('"input":[[0,16,0,0,0,0,0,0,0,8,0')


def test_an_example_has_soft_edges_and_all_counts_are_of_sixteen(open_page):
    page = open_panel(open_page, "digits")
    page.get_by_role("button", name="Example 0").click()
    expect(page.locator("#digits-label")).to_have_text("8")
    shades = page.locator("#digits-pad .square").evaluate_all(
        "(squares) => squares.map((square) => square.getAttribute('fill-opacity') * 16)"
    )
    assert len(shades) == 64
    assert {0, 16} < set(shades) <= set(range(17))


@pytest.mark.parametrize(
    ("task", "tab"),
    [
        ("translation", "Translate"),
        ("token-classification", "Tag"),
        ("text-generation", "Generate"),
        ("text-classification", "Sentiment"),
    ],
)
def test_a_tab_without_models_is_hidden(open_page, engine, task, tab):
    engine.hidden_tasks = frozenset({task})
    page = open_page(f"/#{tab.lower()}")
    expect(page.get_by_role("tab")).to_have_count(6)
    expect(page.get_by_role("tab", name=tab, exact=True)).to_have_count(0)
    expect(page.get_by_role("tabpanel")).to_have_count(1)
    expect(page.get_by_role("tab").first).to_have_attribute("aria-selected", "true")


def test_one_of_a_panel_s_tasks_is_enough(open_page, engine):
    engine.hidden_tasks = frozenset({"vector-classification"})
    page = open_page("/#digits")
    expect(page.locator("#digits-caption")).to_have_text("eight")
    expect(page.locator("#digits-classifier-field")).to_be_hidden()
    expect(page.locator("#digits-curl")).to_contain_text("v1/generate")


def test_models_of_other_numbers_make_no_tab_for_drawings(open_page, engine):
    """The fake's "vowels" takes 12 numbers and classifies too."""
    page = open_panel(open_page, "digits")
    expect(page.locator("#digits-classifier option")).to_have_text(["digits · v1"])
    engine.hidden_models = frozenset({"digits", "digit-names"})
    page.reload()
    expect(page.get_by_role("tab", name="Digits")).to_have_count(0)


def test_panels_are_found_behind_a_prefix(open_page, server, site):
    server.app = DispatcherMiddleware(NotFound(), {"/deep/down": server.app})
    page = open_page("/deep/down/#tag")
    expect(page.locator("#tagged .tag").first).to_have_text("PRON")


@pytest.mark.parametrize("panel", PANELS)
def test_a_service_that_is_away_is_waited_for(open_page, engine, panel):
    engine.fails_with = NotReady("the worker is draining; try again", retry_after_s=1)
    page = open_page(f"/#{panel}")
    notice = page.locator(f"#{panel}-notice")
    expect(notice).to_contain_text("The worker is draining; try again")
    engine.fails_with = None
    page.locator(READY[panel]).first.wait_for()
    expect(notice).to_be_empty()


@pytest.mark.parametrize("panel", PANELS)
def test_no_answer_stays_beside_a_question_that_failed(open_page, engine, panel):
    page = open_panel(open_page, panel)
    engine.fails_with = InvalidInput("`input` is not for me", param="input")
    if panel == "digits":
        page.get_by_role("button", name="Example 0").click()
    else:
        page.fill(f"#{panel}-text", "something else")
    if panel == "translate":
        page.locator("#translate-run").click()
    notice = page.locator(f"#{panel}-notice")
    expect(notice).to_contain_text("This text is not for me")
    expect(notice.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.locator(READY[panel])).to_have_count(0)


def test_an_empty_sentence_cannot_be_translated_and_says_why(open_page):
    page = open_panel(open_page, "translate")
    page.fill("#translate-text", " ")
    expect(page.locator("#translate-run")).to_be_disabled()
    expect(page.locator("#translate-why")).to_have_text("Write a sentence first.")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("panel", PANELS)
def test_axe_finds_nothing_on_a_panel(open_page, panel, theme, viewport):
    page = open_panel(
        open_page, panel, color_scheme=theme, viewport=viewport, reduced_motion="reduce"
    )
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("panel", PANELS)
def test_no_panel_is_wider_than_the_screen(open_page, panel, width):
    page = open_panel(open_page, panel, viewport={"width": width, "height": 800})
    assert page.evaluate(OVERFLOW) <= 0
