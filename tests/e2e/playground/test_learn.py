"""The pages at /learn in a browser, before the shipped models: what runs on them is right."""

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from model_store import Store
from service.api.learn import find_pages
from service.api.web import WEB_DIR, read_files
from tests.e2e.conftest import ROOT
from tests.e2e.playground.browser import DESKTOP, PHONE, Watch
from training.lessons.language import LABELS
from training.lessons.learning import layer_of
from training.nets.cells import STEPS
from training.tasks.text_classification.stored_net import classifier_of

pytestmark = pytest.mark.e2e

STORE = ROOT / "model_store" / "models"
PAGES = find_pages(read_files(WEB_DIR), "en")
NAMES = [page.name for page in PAGES]
SENTENCE = "Je suis belge, le temps passe, et j'habite en"
PATIENCE_MS = 60_000
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def live_url(live_service):
    return live_service(store_dir=STORE)


@pytest.fixture
def visit(browser, live_url):
    """Opens an address of the service, in a context with any of Playwright's options."""
    contexts, watches = [], []

    def open_at(address, **options):
        context = browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watches.append(Watch(page, live_url))
        page.goto(live_url + address)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


def wait_for_answers(page):
    """Wait until all that runs on a page has run."""
    live = page.locator("[data-live]")
    for place in range(live.count()):
        expect(live.nth(place)).to_have_attribute("data-state", "ready")


def part(page, name):
    return page.locator(f'[data-part="{name}"]').first


def number(locator):
    """The number that an element shows, as the English page writes it."""
    text = locator.inner_text().replace("−", "-").replace(",", "")
    mantissa, _, power = text.partition(" · 10")
    digits = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(mantissa) * 10 ** int(digits or 0)


def read_with(name, text):
    """The stored net, the tokens' vectors and the states after each, by the plain equations."""
    stored = Store(STORE).open(name)
    net = classifier_of(stored).double()
    layer = layer_of(net)
    ids = stored.tokenizer().encode_ids(text)
    vectors = net.stack.embedding(torch.tensor(ids)).detach()
    states = [tuple(part.double() for part in layer.zero_state(1))]
    for vector in vectors:
        states.append(STEPS[layer.cell](vector[None], states[-1], layer.weights()))
    return net, vectors, states


def gradients_of(net, vectors, target):
    """Autograd's gradients of the loss of the last answer, by the fused kernel of torch."""
    layer = layer_of(net)
    outputs, _ = layer(vectors[None])
    logits = net.head(outputs[:, -1], torch.tensor([len(vectors)]))
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([target]))
    return torch.autograd.grad(loss, [layer.weight_hh, layer.weight_ih])


def test_every_page_is_two_clicks_from_the_playground(visit):
    for name, title in [(page.name, page.title) for page in PAGES]:
        page = visit("/", locale="en-GB")
        page.get_by_role("link", name="How it works").click()
        page.locator(".lessons").get_by_role("link", name=title).click()
        page.wait_for_url(f"**/learn/{name}")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", NAMES)
def test_what_runs_on_a_page_answers_in_both_languages(visit, name, language):
    page = visit(f"/learn/{name}?lang={language}")
    wait_for_answers(page)
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("lang", language)


def test_the_browser_chooses_the_language_and_the_reader_another(visit):
    page = visit("/learn/step", locale="fr-FR")
    expect(page.get_by_role("heading", level=1)).to_have_text("Un pas")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One step")
    page.get_by_role("link", name="The gates").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The gates")


def test_numbers_of_a_step_are_those_of_the_stored_network(visit):
    page = visit("/learn/step?lang=en")
    wait_for_answers(page)
    page.fill("#step-text", SENTENCE)
    page.fill("#step-unit", "7")
    part(page, "tokens").get_by_role("button", name="belge").click()
    _, _, states = read_with("lost-context-rnn", SENTENCE)
    assert number(part(page, "value")) == pytest.approx(states[3][0][0, 6].item(), rel=1e-4)
    expect(part(page, "check")).to_contain_text("differ by")


def test_terms_of_the_way_back_add_up_to_the_gradients_of_autograd(visit):
    page = visit("/learn/backwards?lang=en")
    wait_for_answers(page)
    page.select_option("#back-target", "Italie")
    page.fill("#back-text", SENTENCE)
    expect(part(page, "terms")).to_contain_text("belge")
    net, vectors, _ = read_with("lost-context-rnn", SENTENCE)
    of_state, of_input = gradients_of(net, vectors, LABELS.index("Italie"))
    assert number(part(page, "of-state")) == pytest.approx(of_state.norm().item(), rel=1e-3)
    assert number(part(page, "of-input")) == pytest.approx(of_input.norm().item(), rel=1e-3)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_states_on_the_page_of_gates_are_those_of_the_stored_network(visit, cell):
    page = visit("/learn/gates?lang=en")
    wait_for_answers(page)
    section = page.locator(f'[data-cell="{cell}"]')
    section.locator("textarea").fill(SENTENCE)
    square = section.locator("table").last.get_by_role("button", name="temps, unit 5:")
    square.click()
    _, _, states = read_with(f"lost-context-{cell}", SENTENCE)
    last = section.locator('[data-part="numbers"] dd').last.inner_text()
    shown = float(last.rpartition("= ")[2].replace("−", "-"))
    assert shown == pytest.approx(states[6][0][0, 4].item(), rel=6e-3)
    expect(section.locator('[data-part="check"]')).to_contain_text("from the service")


def test_larger_recurrent_weights_and_clipping_change_the_gradient(visit):
    page = visit("/learn/gradients?lang=en")
    wait_for_answers(page)
    first = part(page, "reach").locator("tbody tr").first.locator(".value")
    served = number(first)
    page.locator("#grad-scale").fill("-3")
    assert number(first) < served / 100
    page.locator("#grad-scale").fill("0")
    page.locator("#grad-clip").check()
    expect(part(page, "total")).to_contain_text("clipped: ")


def test_a_longer_sentence_is_lost_by_the_rnn_and_not_by_the_lstm(visit):
    page = visit("/learn/lost-context?lang=en")
    wait_for_answers(page)
    answers = part(page, "answers").locator("li")
    for place in range(3):
        expect(answers.nth(place)).to_have_class("right")
    part(page, "longer").click()
    expect(part(page, "distance")).to_have_text("30 tokens between the nationality and the end")
    expect(answers.nth(0)).to_have_class("wrong")
    for place in (1, 2):
        expect(answers.nth(place)).to_contain_text("en Belgique")


def test_the_losses_of_the_characters_add_up(visit):
    page = visit("/learn/loss?lang=en")
    wait_for_answers(page)
    page.fill("#loss-text", "ROMEO: hi")
    values = part(page, "terms").locator(".value")
    expect(values).to_have_count(8)
    total = sum(number(value) for value in values.all())
    shown = part(page, "total").inner_text().removeprefix("L = ").partition(" nats")[0]
    assert float(shown) == pytest.approx(total, rel=5e-3)


@pytest.mark.parametrize("name", ["", *NAMES])
@pytest.mark.parametrize(
    ("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark-phone"]
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(visit, name, theme, viewport):
    page = visit(
        f"/learn/{name}".rstrip("/") + "?lang=fr",
        color_scheme=theme, viewport=viewport, reduced_motion="reduce",
    )  # fmt: skip
    wait_for_answers(page)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate("() => document.getAnimations().length") == 0


def test_the_keyboard_alone_reads_a_gate(visit):
    page = visit("/learn/gates?lang=en")
    wait_for_answers(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    section = page.locator('[data-cell="lstm"]')
    section.locator("textarea").focus()
    for key in ("Tab", "Tab", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(section.locator('[data-part="numbers"]')).to_contain_text("« suis », unit 2")
