"""A page of another origin in a browser asks the real server: what the browser lets it see."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error

from tests.e2e.playground.conftest import PATIENCE_MS
from tests.service.test_auth import line

pytestmark = pytest.mark.e2e

KEY = "a-key"
RATE = 6
ASK = """async ([url, method, headers, fields]) => {
    const body = fields && JSON.stringify(fields);
    const answer = await fetch(url, { method, headers, body });
    const seen = Object.fromEntries(answer.headers);
    return { status: answer.status, seen, text: await answer.text() };
}"""
JSON = {"Content-Type": "application/json", "X-Request-Id": "from-a-page"}
GOOD = JSON | {"Authorization": f"Bearer {KEY}"}


class EmptyPage(BaseHTTPRequestHandler):
    """Answers with a page that has nothing on it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><link rel=icon href=data:,>")

    def log_message(self, *args):
        """Be quiet."""


@pytest.fixture
def elsewhere():
    """The origin of a site on a port of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser, elsewhere):
    """A page of that site."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(elsewhere)
    yield page
    context.close()


@pytest.fixture
def start(start_process, tiny_store, tmp_path):
    """Starts the service, which wants a key, for the pages of these origins."""
    keys = tmp_path / "keys"
    keys.write_text(line("ann", KEY))

    def start_for(origins):
        env = {"CORS_ORIGINS": origins, "API_KEYS_FILE": str(keys), "RATE_LIMIT": f"{RATE}/hour"}
        return start_process(tiny_store, env).base_url

    return start_for


def ask(page, url, headers=GOOD, fields=None):
    method = "GET" if fields is None else "POST"
    return page.evaluate(ASK, [url, method, headers, fields])


@pytest.mark.parametrize("origins", ["{}", "*"], ids=["listed", "all"])
def test_a_page_that_may_ask_reads_answers_streams_and_errors(page, elsewhere, start, origins):
    url = start(origins.format(elsewhere))
    fields = {"prompt": "To be", "max_tokens": 5, "stream": True}
    answers = [
        ask(page, f"{url}/v1/models"),
        ask(page, f"{url}/v1/classify", fields={"input": "good"}),
        ask(page, f"{url}/v1/generate", fields=fields),
        ask(page, f"{url}/v1/classify", fields={"input": ""}),
        ask(page, f"{url}/v2/models/nix/infer", fields={"inputs": []}),
        ask(page, f"{url}/nowhere"),
        ask(page, f"{url}/v1/classify", JSON, {"input": "good"}),
        ask(page, f"{url}/v1/classify", fields={"input": "good"}),
    ]
    statuses = [answer["status"] for answer in answers]
    assert statuses == [200, 200, 200, 422, 400, 404, 401, 429]
    assert {answer["seen"].get("x-request-id") for answer in answers} == {"from-a-page"}
    assert '"label"' in answers[1]["text"]
    assert answers[2]["text"].endswith("data: [DONE]\n\n")
    assert int(answers[-1]["seen"]["retry-after"]) > 0


@pytest.mark.parametrize("origins", ["", "https://app.example"], ids=["none", "another"])
def test_a_page_that_may_not_ask_gets_nothing(page, start, origins):
    url = start(origins)
    for headers, fields in ((GOOD, {"input": "good"}), ({}, None)):
        with pytest.raises(Error, match="Failed to fetch"):
            ask(
                page,
                f"{url}/v1/models" if fields is None else f"{url}/v1/classify",
                headers,
                fields,
            )
