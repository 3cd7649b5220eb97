"""The page over the real server and real (tiny) models: what it shows is what the API answers."""

import math
import re
from contextlib import contextmanager

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.playground.browser import Watch

pytestmark = pytest.mark.e2e

PROMPT = "A film "


@contextmanager
def opened(browser, address, base_url):
    context = browser.new_context()
    page = context.new_page()
    watch = Watch(page, base_url)
    page.goto(address)
    yield page
    context.close()
    assert watch.faults == []


@pytest.fixture
def page(browser, base_url):
    with opened(browser, base_url, base_url) as page:
        page.locator("#bars li").first.wait_for()
        yield page


def ask(base_url, route, **body):
    return requests.post(f"{base_url}/v1/{route}", json=body, timeout=30).json()


def test_the_verdict_is_the_service_s_own(page, base_url):
    page.fill("#text", "a very good film, but the story was awful 👍🏽")
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")
    answer = ask(base_url, "classify", input=page.locator("#text").input_value(), explain=True)
    result = answer["data"][0]
    expect(page.locator("#label")).to_have_text(result["label"])
    expect(page.locator("#score")).to_have_text(f"{result['score'] * 100:.1f} % sure")
    page.get_by_text("Word by word, as a table").click()
    words = page.locator("#words-rows td:first-child")
    text = page.locator("#text").input_value()
    expect(words).to_have_text(re.findall(r"\S+", text))
    page.get_by_label("Pieces of words").check()
    expect(words).to_have_text([piece["text"].strip() for piece in result["trajectory"]])
    first = result["trajectory"][0]["probs"][1] - result["initial_probs"][1]
    shown = page.locator("#words-rows tr:first-child td:last-child").inner_text()
    assert float(shown.replace("−", "-").replace("±", "")) == pytest.approx(100 * first, abs=0.06)
    end = result["trajectory"][-1]["probs"][1]
    expect(page.locator("#words-rows tr:last-child")).to_contain_text(f"{end * 100:.1f} %")


def test_a_batch_gets_the_labels_of_the_service(page, base_url):
    texts = ["a good film", "an awful film", "not bad"]
    page.fill("#lines", "\n".join(texts))
    page.locator("#batch-run").click()
    labels = [item["label"] for item in ask(base_url, "classify", input=texts)["data"]]
    expect(page.locator("#answers .label")).to_have_text(labels)


@pytest.mark.parametrize("generator", ["shakespeare", "names"])
def test_streamed_text_is_what_the_service_writes_with_this_seed(page, base_url, generator):
    page.get_by_role("tab", name="Generate").click()
    page.select_option("#generator", generator)
    prompt = PROMPT if generator == "shakespeare" else "Polish"
    if generator == "shakespeare":
        page.fill("#prompt", PROMPT)
    else:
        page.select_option("#prompts", prompt)
        page.fill("#n", "1")
    page.fill("#max_tokens", "20")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#generate-said")).to_contain_text("Done")
    seed = int(page.locator("#used-seed").inner_text())
    settings = {"model": generator, "prompt": prompt, "max_tokens": 20, "seed": seed}
    text = ask(base_url, "generate", **settings)["choices"][0]["text"]
    shown = page.locator("#output .piece").text_content()
    assert shown == (PROMPT + text if generator == "shakespeare" else text)


def test_the_alternatives_are_those_of_the_service(page, base_url):
    page.get_by_role("tab", name="Generate").click()
    page.select_option("#generator", "shakespeare")
    page.fill("#prompt", PROMPT)
    page.fill("#max_tokens", "3")
    page.fill("#seed", "5")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#generate-said")).to_contain_text("Done")
    fields = {"model": "shakespeare", "prompt": PROMPT, "max_tokens": 3, "seed": 5, "logprobs": 5}
    first = ask(base_url, "generate", **fields)["choices"][0]["logprobs"][0]
    page.locator("#output").press("ArrowRight")
    shares = page.locator("#instead").inner_text()
    others = [one for one in first["top"] if one["text"] != first["text"]]
    for candidate in [first, *others]:
        assert f"{math.exp(candidate['logprob']) * 100:.1f} %" in shares
    assert shares.count("%") == 1 + len(others)


def test_the_controls_show_the_defaults_that_the_service_lists(page, base_url):
    model = requests.get(f"{base_url}/v1/models/shakespeare", timeout=30).json()
    page.get_by_role("tab", name="Generate").click()
    page.select_option("#generator", "shakespeare")
    for name in ("temperature", "top_p", "min_p", "repetition_penalty", "top_k", "max_tokens"):
        assert float(page.locator(f"#{name}").input_value()) == model["sampling"][name]


def test_the_newest_version_is_looked_at_before_it_is_served(browser, live_service, carded_store):
    url = live_service(store_dir=carded_store.root)
    with opened(browser, f"{url}/#models", url) as page:
        expect(page.locator("#card-text")).to_contain_text("tests/models.py")
        expect(page.locator("#card-verdict")).to_contain_text(
            "Version 2, the newest, is better than version 1, the default: made_up 0.75 against 0.5"
        )
        page.get_by_role("button", name="Version 2").click()
        expect(page.locator("#card-text img[src]")).to_have_count(2)
        expect(page.locator(".confusion td")).to_have_count(4)
