"""The panel that shows a network's inside: what it draws and tells is what the service does."""

import base64
import struct

import pytest
from playwright.sync_api import expect

from tests.e2e.playground.browser import DESKTOP, PHONE
from tests.e2e.playground.test_access import OVERFLOW, press, violations

pytestmark = pytest.mark.e2e

TEXT = "a great start and an awful end"
PIXELS = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...new Set(new Uint32Array(data.buffer))].length;
}"""


def open_inside(open_page, **options):
    page = open_page("/#inside", **options)
    page.select_option("#inside-model", "sentiment")
    page.fill("#inside-text", TEXT)
    wait(page, 7)
    return page


def wait(page, num_tokens, side=1):
    """Wait until a text of so many tokens is shown."""
    tokens = page.locator(f".inside-side:nth-child({side}) .inside-tokens .token")
    expect(tokens).to_have_count(num_tokens)
    expect(page.locator(f".inside-side:nth-child({side})")).to_have_attribute("aria-busy", "false")


@pytest.fixture
def inside(open_page):
    return open_inside(open_page)


def told(page, **fields):
    """What the service answers to the page's question, asked by the test itself."""
    body = {"model": "sentiment", "input": TEXT, "explain": "gates", "units": "all", **fields}
    answer = page.request.post(page.url.split("#")[0] + "v1/classify", data=body)
    return answer.json()["data"][0]["gates"]["layers"][0]


def shown(value):
    return f"{value:.3f}".replace("-", "−")


def heat(page):
    return page.locator(".inside-heat").first


def hover(page, right, down):
    """Point at a place of the heat map, in shares of its size."""
    box = heat(page).bounding_box()
    heat(page).hover(position={"x": box["width"] * right, "y": box["height"] * down})


def test_the_page_names_the_unit_that_matters_most_at_the_last_token(inside):
    layer = told(inside, layers=[1])
    unit = max(layer["units"], key=lambda one: abs(layer["influence"][one]))
    value = shown(layer["forget"]["values"][6][unit])
    expect(inside.locator(".inside-where").first).to_have_text(
        f"Forget gate of unit {unit} at “end”, token 7 of 7: {value}"
    )
    expect(inside.locator(".inside-value").first).to_have_text(value)


@pytest.mark.parametrize("name", ["input", "forget", "output", "candidate", "cell", "hidden"])
def test_every_quantity_is_told_with_its_equation(inside, name):
    inside.locator(".inside-sort").first.select_option("number")
    inside.locator(".inside-quantity").first.select_option(name)
    heat(inside).focus()
    press(inside, "Home", *["ArrowRight"] * 2, *["ArrowUp"] * 8, *["ArrowDown"] * 3)
    layer = told(inside, layers=[1])
    at = {one: layer[one]["values"][2][3] for one in layer if isinstance(layer[one], dict)}
    before = layer["cell"]["values"][1][3]
    expect(inside.locator(".inside-value").first).to_have_text(shown(at[name]))
    numbers = inside.locator(".inside-equation span:last-child").first.text_content()
    expected = {
        "cell": [at["forget"], before, at["input"], at["candidate"], at["cell"]],
        "hidden": [at["output"], at["cell"], at["hidden"]],
    }
    if name in expected:
        assert all(shown(one) in numbers for one in expected[name])
    else:
        parts = [layer[name][part][2][3] for part in ("from_input", "from_hidden")]
        assert all(shown(abs(one)) in numbers for one in (*parts, at[name]))


def test_pointing_at_a_square_tells_of_it(inside):
    inside.locator(".inside-sort").first.select_option("number")
    hover(inside, 2.5 / 7, 5.5 / 8)
    expect(inside.locator(".inside-where").first).to_contain_text("unit 5 at “start”, token 3 of 7")


def test_units_are_sorted_by_activity(inside):
    inside.locator(".inside-quantity").first.select_option("hidden")
    inside.locator(".inside-sort").first.select_option("activity")
    values = told(inside, layers=[1])["hidden"]["values"]
    activity = [sum(abs(row[unit]) for row in values) for unit in range(8)]
    order = sorted(range(8), key=lambda unit: -activity[unit])
    heat(inside).focus()
    press(inside, *["ArrowUp"] * 8)
    for unit in order:
        expect(inside.locator(".inside-where").first).to_contain_text(f"of unit {unit} at")
        press(inside, "ArrowDown")


def test_zooming_shows_fewer_and_larger_squares(inside):
    inside.locator(".inside-sort").first.select_option("number")
    heat(inside).focus()
    press(inside, "Home", *["ArrowUp"] * 8)
    press(inside, "+")
    hover(inside, 0.99, 0.99)
    expect(inside.locator(".inside-where").first).to_contain_text("of unit 3 at “and”, token 4")
    inside.get_by_role("button", name="All", exact=True).first.click()
    hover(inside, 0.99, 0.99)
    expect(inside.locator(".inside-where").first).to_contain_text("of unit 7 at “end”, token 7")


def test_the_heat_map_has_the_colours_of_the_theme(inside):
    assert heat(inside).evaluate(PIXELS) > 20
    before = heat(inside).evaluate("(canvas) => canvas.toDataURL()")
    inside.locator("#theme").click()
    inside.wait_for_function(
        "(before) => document.querySelector('.inside-heat').toDataURL() !== before", arg=before
    )


def test_the_lines_are_those_of_the_units_with_the_most_influence(inside):
    layer = told(inside, layers=[1])
    order = sorted(layer["units"], key=lambda one: -abs(layer["influence"][one]))
    names = [f"unit {unit}" for unit in order]
    expect(inside.locator(".inside-side:first-child .inside-units button")).to_have_text(names)
    inside.get_by_role("button", name=names[2], exact=True).first.click()
    expect(inside.locator(".inside-where").first).to_contain_text(f"of {names[2]} at")
    expect(inside.locator(".inside-side:first-child path.here")).to_have_count(1)


def test_half_lives_are_those_of_the_forget_gates(inside):
    expect(inside.locator(".inside-side:first-child .inside-bins li")).to_have_count(8)
    layer = told(inside, layers=[1])
    body = [0.9] * 6 + [0.5] * 2
    data = base64.b64encode(struct.pack("<8f", *body)).decode()
    lives = inside.evaluate(
        """async ([gates, layer, data]) => {
            const { Reading } = await import("/static/panels/inside/reading.js");
            layer.forget.values = data;
            return new Reading(gates, layer).halfLives();
        }""",
        [{"cell": "lstm", "tokens": [{}]}, layer, data],
    )
    assert lives == pytest.approx([6.5788] * 6 + [1.0] * 2, abs=1e-3)


def test_another_layer_is_asked_for_when_it_is_wanted(inside):
    with inside.expect_request("**/v1/classify") as asked:
        inside.locator(".inside-layer").first.select_option(label="1 of 2")
    assert asked.value.post_data_json["layers"] == [0]
    layer = told(inside, layers=[0])
    where = inside.locator(".inside-where").first
    expect(where).to_contain_text(": " + shown(layer["forget"]["values"][6][_unit(where)]))


def _unit(where):
    return int(where.text_content().split("unit ")[1].split(" ")[0])


def test_two_versions_stand_side_by_side(inside):
    inside.select_option("#inside-other", "sentiment:1")
    wait(inside, 7, side=2)
    expect(inside.locator(".inside-name")).to_have_text(["sentiment:2", "sentiment:1"])
    inside.fill("#inside-text", "an awful end")
    wait(inside, 3)
    wait(inside, 3, side=2)
    inside.select_option("#inside-other", "")
    expect(inside.locator(".inside-side:visible")).to_have_count(1)


def test_only_what_takes_the_same_text_is_offered_beside(inside):
    options = inside.locator("#inside-other option")
    expect(options).to_have_text(["nothing", "topics:1", "sentiment:1"])
    inside.select_option("#inside-model", "names")
    expect(options).to_have_text(["nothing"])
    expect(inside.locator("#inside-prompts")).to_be_visible()


def test_a_generator_tells_what_it_expects_after_each_token(inside):
    inside.select_option("#inside-model", "shakespeare")
    inside.fill("#inside-text", "To be")
    inside.fill("#inside-max-tokens", "3")
    wait(inside, 9)  # and the token that texts begin with
    expect(inside.locator(".inside-side:first-child .is-written")).to_have_count(3)
    body = {"prompt": "To be", "max_tokens": 3, "seed": 1, "explain": "gates"}
    answer = inside.request.post(inside.url.split("#")[0] + "v1/generate", data=body).json()
    tokens = answer["choices"][0]["gates"]["tokens"]
    heat(inside).focus()
    press(inside, "Home")
    for place in (0, 1):
        best = tokens[place]["expects"][0]
        expect(inside.locator(".inside-bars li").first).to_contain_text(
            f"{best['prob'] * 100:.1f} %"
        )
        expect(inside.locator(".inside-bars li")).to_have_count(5)
        press(inside, "ArrowRight")


def test_a_unit_can_be_read_as_a_table(inside):
    inside.get_by_text("This unit, token by token, as a table").first.click()
    rows = inside.locator(".inside-side:first-child .inside-details tbody tr")
    expect(rows).to_have_count(7)
    layer = told(inside, layers=[1])
    unit = _unit(inside.locator(".inside-where").first)
    for row, name in ((0, "forget"), (4, "hidden")):
        expect(rows.nth(row)).to_contain_text(shown(layer[name]["values"][row][unit]))


def test_what_the_service_refuses_is_told_in_its_words(inside):
    inside.fill("#inside-text", "unreadable")
    expect(inside.locator(".inside-notice").first).to_contain_text("cannot be read")
    expect(inside.locator(".inside-side:first-child .inside-body")).to_be_hidden()
    inside.fill("#inside-text", TEXT)
    wait(inside, 7)
    expect(inside.locator(".inside-notice").first).to_be_empty()


def test_nothing_is_asked_before_the_panel_is_looked_at(open_page):
    page = open_page()
    page.locator("#bars li").first.wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.get_by_role("tab", name="Inside").click()
    expect(page.locator(".inside-side:first-child")).to_have_attribute("aria-busy", "false")
    assert asked
    assert all('"gates"' in body for body in asked if "classify" in body)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_inside(open_page, theme, viewport):
    page = open_inside(open_page, color_scheme=theme, viewport=viewport, reduced_motion="reduce")
    page.select_option("#inside-other", "sentiment:1")
    wait(page, 7, side=2)
    page.get_by_text("This unit, token by token, as a table").first.click()
    assert violations(page) == []
    page.select_option("#inside-model", "shakespeare")
    page.locator(".inside-bars li").first.wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 768])
def test_the_inside_is_not_wider_than_the_screen(open_page, width):
    page = open_inside(open_page, viewport={"width": width, "height": 800})
    page.select_option("#inside-other", "sentiment:1")
    wait(page, 7, side=2)
    assert page.evaluate(OVERFLOW) <= 0
