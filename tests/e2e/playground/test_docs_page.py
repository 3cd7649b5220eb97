"""The page of the API: every route, folded, in the playground's style, asked from the page."""

import ast
import json
import os
import subprocess
import sys

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.playground.browser import DESKTOP, PHONE, Watch
from tests.e2e.playground.test_access import BACKGROUND, OVERFLOW, violations
from tests.e2e.playground.test_modules import AWKWARD, call, modules  # noqa: F401

pytestmark = pytest.mark.e2e

CLASSIFY = "#post_v1_classify"


@pytest.fixture
def open_docs(browser, site):
    """Opens the page at an anchor, in a context with any of Playwright's options."""
    contexts, watches = [], []

    def open_at(anchor="", **options):
        context = browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options})
        contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page, site))
        page.goto(f"{site}/docs{anchor}")
        page.locator(".route").first.wait_for()
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


@pytest.fixture
def classify(open_docs):
    """The page with the route that classifies open."""
    page = open_docs(CLASSIFY)
    page.locator(f"{CLASSIFY} .try").wait_for()
    return page.locator(CLASSIFY)


def test_every_route_of_the_document_is_there_under_its_heading(open_docs, site):
    document = requests.get(f"{site}/openapi.json", timeout=30).json()
    wanted = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    page = open_docs()
    shown = page.locator(".route").evaluate_all("(all) => all.map((one) => one.id)")
    assert sorted(shown) == sorted(wanted)
    linked = page.locator("#contents li a").evaluate_all("(all) => all.map((one) => one.hash)")
    assert sorted(linked) == sorted(f"#{one}" for one in wanted)
    expect(page.locator(".heading h2")).to_have_text([tag["name"] for tag in document["tags"]])


def test_every_route_can_be_opened(open_docs):
    """What is in a route is made of its schemas when it is opened; one that fails is a fault."""
    page = open_docs()
    page.evaluate(
        "() => document.querySelectorAll('.route').forEach((one) => { one.open = true; })"
    )
    expect(page.locator(".route .try")).to_have_count(page.locator(".route").count())
    assert "undefined" not in page.locator("#routes").inner_text()


def test_one_route_is_a_screen_long_not_six(classify, open_docs):
    """It was 6,000 pixels long: each of its statuses had an example of the same shape."""
    assert classify.bounding_box()["height"] < DESKTOP["height"]
    expect(classify.locator(".part[open]")).to_have_count(0)


def test_errors_are_one_table_with_one_example(classify):
    classify.get_by_text("Errors (").click()
    errors = classify.locator(".part").last
    expect(errors.locator("pre")).to_have_count(1)
    assert json.loads(errors.locator("pre").inner_text())["error"].keys() == {
        "message", "type", "param", "code",
    }  # fmt: skip
    expect(errors.locator("tbody")).to_contain_text("queue_full")
    expect(errors.locator("tbody")).to_contain_text("text_too_long")


def test_fields_tell_what_they_take(classify):
    classify.get_by_text("Fields it takes").click()
    field = classify.locator(".fields li", has=classify.page.locator("code.name", has_text="input"))
    expect(field.first).to_contain_text("text, at most 100,000 characters")
    expect(field.first).to_contain_text("needed")


def test_a_route_is_asked_from_the_page(classify):
    classify.get_by_label("Body, as JSON").fill('{"input": "a great film"}')
    classify.get_by_role("button", name="Send").click()
    expect(classify.locator(".status")).to_contain_text("200 in")
    assert (
        json.loads(classify.locator(".answer pre").inner_text())["data"][0]["label"] == "positive"
    )
    classify.get_by_label("Body, as JSON").fill('{"inptu": "a great film"}')
    classify.get_by_role("button", name="Send").click()
    expect(classify.locator(".answer pre")).to_contain_text("did you mean `input`?")


def test_a_body_that_is_not_json_cannot_be_sent_and_says_why(classify):
    classify.get_by_label("Body, as JSON").fill('{"input": ')
    expect(classify.get_by_role("button", name="Send")).to_be_disabled()
    expect(classify.locator(".why")).to_contain_text("The body is not JSON")


def test_a_stream_and_a_picture_are_shown(open_docs):
    page = open_docs("#post_v1_generate")
    route = page.locator("#post_v1_generate")
    body = {"prompt": "abc", "max_tokens": 3, "stream": True}
    route.get_by_label("Body, as JSON").fill(json.dumps(body))
    route.get_by_role("button", name="Send").click()
    expect(route.locator(".answer pre")).to_contain_text("[DONE]")
    page.goto(page.url.partition("#")[0] + "#get_v1_models_model_pictures_picture")
    route = page.locator("#get_v1_models_model_pictures_picture")
    route.get_by_role("button", name="Send").click()
    expect(route.locator(".answer img")).to_be_visible()


def test_the_python_beside_curl_runs_and_gives_the_answer_on_the_page(classify):
    classify.get_by_label("Body, as JSON").fill(
        '{"input": ["it\'s great ☃", "an \\"awful\\" film"]}'
    )
    classify.get_by_label("Python").check(force=True)
    program = classify.locator(".curl pre").inner_text()
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, check=True, timeout=60, text=True, env=os.environ | {"NO_PROXY": "*"},
    )  # fmt: skip
    answer = ast.literal_eval(ran.stdout)
    assert [item["label"] for item in answer["data"]] == ["positive", "negative"]


def test_the_language_chosen_is_kept_for_the_next_route(classify):
    classify.get_by_label("Python").check(force=True)
    page = classify.page
    page.locator("#post_v1_tag > summary").click()
    expect(page.locator("#post_v1_tag .curl pre")).to_contain_text("import requests")


def test_json_is_written_as_python_reads_it(modules):  # noqa: F811
    values = [
        None,
        True,
        [False, 1.5, -3],
        {"a b": {"c": AWKWARD}},
        {},
        [],
        "\u2028 \\ ' \" \x07 \x7f",
    ]
    for value in [*values, [values] * 3]:
        written = call(modules, "docs/snippets.js", "pythonOf", value)
        assert ast.literal_eval(written) == value


def test_routes_are_found_by_words(open_docs):
    page = open_docs()
    page.get_by_label("Find a route").fill("v2 stream")
    expect(page.locator(".route:visible")).to_have_count(2)
    page.get_by_label("Find a route").fill("nothing of the kind")
    expect(page.locator("#nothing-found")).to_be_visible()


def test_a_key_is_asked_for_where_one_is_wanted(open_docs):
    page = open_docs("#get_v1_models")
    sent = []

    def check(route):
        sent.append(route.request.headers.get("authorization"))
        return route.fulfill(status=200 if sent[-1] else 401, json={})

    page.route("**/v1/models", check)
    route = page.locator("#get_v1_models")
    route.get_by_role("button", name="Send").click()
    page.get_by_label("API key").fill("secret")
    page.get_by_role("button", name="Use this key").click()
    route.get_by_role("button", name="Send").click()
    expect(route.locator(".status")).to_contain_text("200")
    assert sent == [None, "Bearer secret"]


def test_the_theme_is_the_playground_s(open_docs, open_page):
    docs, playground = open_docs(color_scheme="dark"), open_page(color_scheme="dark")
    assert docs.evaluate(BACKGROUND) == playground.evaluate(BACKGROUND)
    font = "() => getComputedStyle(document.querySelector('h1')).fontFamily"
    assert docs.evaluate(font) == playground.evaluate(font)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_docs(open_docs, theme, viewport):
    page = open_docs(CLASSIFY, color_scheme=theme, viewport=viewport, reduced_motion="reduce")
    route = page.locator(CLASSIFY)
    route.get_by_role("button", name="Send").click()
    expect(route.locator(".status")).to_contain_text("200 in")
    for part in route.locator(".part > summary").all():
        part.click()
    assert violations(page) == []
    assert page.evaluate(OVERFLOW) <= 0
