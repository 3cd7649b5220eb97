"""A browser for the tests of the playground, and what all of them hold against a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)


def find_browser() -> str | None:
    """Return the path of an installed Chromium, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Run the installed Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """Notes what no page of ours may do: fail, break its policy, ask another site.

    Args:
        page: The page to watch, before it is opened.
        base_url: The only site that it may ask.
    """

    def __init__(self, page: Page, base_url: str) -> None:
        self._base_url = base_url
        self.faults: list[str] = []
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._note_address(request.url))

    def _note_message(self, message: ConsoleMessage) -> None:
        # The browser notes each answer of 400 and up by itself; tests of errors ask for those.
        is_status = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not is_status:
            self.faults.append(f"{message.type}: {message.text}")

    def _note_address(self, url: str) -> None:
        if not url.startswith((self._base_url, f"blob:{self._base_url}", "data:")):
            self.faults.append(f"asked another site: {url}")
