"""The playground in a browser, served by the real application in front of a fake engine."""

import threading

import pytest
from playwright.sync_api import expect
from werkzeug.exceptions import NotFound
from werkzeug.serving import WSGIRequestHandler, make_server

from service.api.app import create_app
from service.settings import Settings
from tests.e2e.playground.browser import DESKTOP, Watch, find_browser, open_browser
from tests.e2e.playground.engine import PlaygroundEngine

PATIENCE_MS = 60_000  # what a busy machine may need


@pytest.fixture(scope="package")
def browser():
    if find_browser() is None:
        pytest.skip("no Chromium found (Debian and Ubuntu: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    with open_browser() as browser:
        yield browser


class Handler(WSGIRequestHandler):
    """Keeps connections open, as the real server does, and writes no log."""

    protocol_version = "HTTP/1.1"

    def log(self, type, message, *args):
        pass


@pytest.fixture(scope="package")
def server():
    """A server without an application; each test brings its own."""
    server = make_server("127.0.0.1", 0, NotFound(), threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def engine():
    return PlaygroundEngine()


@pytest.fixture
def site(server, engine):
    server.app = create_app(engine, Settings(max_tokens=100_000))
    # Without it each test would wait in vain for the page to become ready.
    assert server.app.test_client().get("/v1/models").status_code == 200
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def open_page(browser, site):
    """Opens the playground at an address, in a context with any of Playwright's options."""
    contexts, watches = [], []

    def open_at(address="/", **options):
        context = browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watches.append(Watch(page, site))
        page.goto(site + address)
        page.locator("#classifier:enabled, #generator:enabled").first.wait_for(state="attached")
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


@pytest.fixture
def page(open_page):
    """The playground on the desk, its first answer shown."""
    page = open_page()
    page.locator("#bars li").first.wait_for()
    return page
