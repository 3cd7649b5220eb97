"""Takes the README's pictures of the playground, with the models of the store.

    python -m tests.e2e.playground.screenshots docs/images

starts the service, takes every tab with models in both themes and some of the pages at /learn, and
ends it. Fonts are those of the machine: with Debian's `fonts-inter` and `fonts-urw-base35` the
pictures come out as they are in the README.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.conftest import LiveProcess
from tests.e2e.playground.browser import PHONE, find_browser, open_browser

VIEWPORT = ViewportSize(width=1200, height=940)
MODEL = "shakespeare"
SEED = 4
MAX_TOKENS = 420
PATIENCE_MS = 60_000


def show_sentiment(page: Page) -> None:
    """Have the example read."""
    page.locator("#bars li").first.wait_for(timeout=PATIENCE_MS)
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")


def show_generate(page: Page) -> None:
    """Have a text written, the same each time."""
    page.select_option("#generator", MODEL)
    page.fill("#max_tokens", str(MAX_TOKENS))
    page.fill("#seed", str(SEED))
    page.get_by_role("button", name="Write").click()
    said = page.locator("#generate-said")
    expect(said).to_contain_text("Done", timeout=PATIENCE_MS)
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    page.mouse.move(0, 0)


def show_translate(page: Page) -> None:
    """Have the example translated, and a word's attention shown."""
    page.locator("#translate-grid td").first.wait_for(timeout=PATIENCE_MS)
    page.locator("#translate-written .token").first.hover()


def show_tag(page: Page) -> None:
    """Have the example tagged."""
    page.locator("#tagged li").first.wait_for(timeout=PATIENCE_MS)


def show_digits(page: Page) -> None:
    """Have the first drawing read."""
    page.locator("#digits-facts dd").first.wait_for(timeout=PATIENCE_MS)


def show_inside(page: Page) -> None:
    """Have the example read by two networks, and the unit that matters most told of."""
    page.select_option("#inside-model", "sentiment")
    page.select_option("#inside-other", "sentiment-small")
    for side in (1, 2):
        own = page.locator(f".inside-side:nth-child({side})")
        own.locator(".inside-value:not(:empty)").wait_for(timeout=PATIENCE_MS)
        expect(own).to_have_attribute("aria-busy", "false")
        own.locator(".inside-heat").press("ArrowLeft")
    page.evaluate("() => document.activeElement.blur()")
    page.locator(".inside-side").first.evaluate("(side) => side.scrollIntoView()")


def show_models(page: Page) -> None:
    """Have the card of the sentiment model shown, with its pictures."""
    page.select_option("#card-model", "sentiment")
    page.locator("#card-text img[src]").first.wait_for(timeout=PATIENCE_MS)


PANELS = {
    "sentiment": show_sentiment,
    "generate": show_generate,
    "translate": show_translate,
    "tag": show_tag,
    "digits": show_digits,
    "inside": show_inside,
    "models": show_models,
}

ON_THE_PHONE = {"inside"}  # panels of which there is a picture as wide as a phone, too


def take(browser: Browser, base_url: str, folder: Path) -> None:
    """Write one picture for each panel and theme into `folder`."""
    for theme in ("light", "dark"):
        for panel, show in PANELS.items():
            page = browser.new_page(
                viewport=VIEWPORT,
                color_scheme="light" if theme == "light" else "dark",
                device_scale_factor=1.5,
                reduced_motion="reduce",
            )
            page.goto(f"{base_url}/#{panel}")
            page.locator("#classifier:enabled").wait_for(state="attached", timeout=PATIENCE_MS)
            if page.locator(f"#tab-{panel}").is_hidden():
                page.close()
                continue
            show(page)
            path = folder / f"playground-{panel}-{theme}.png"
            page.screenshot(path=path)
            print(path)
            if theme == "light" and panel in ON_THE_PHONE:
                page.set_viewport_size(PHONE)
                show(page)
                page.screenshot(path=folder / f"playground-{panel}-phone.png")
            page.close()


LESSONS = (  # page at /learn, language, theme
    ("lost-context", "fr", "light"),
    ("gradients", "en", "light"),
    ("gates", "fr", "dark"),
    ("step", "en", "dark"),
)


def take_lessons(browser: Browser, base_url: str, folder: Path) -> None:
    """Write a picture of some of the pages on recurrent networks, all that runs on them ready."""
    for name, language, theme in LESSONS:
        page = browser.new_page(
            viewport=VIEWPORT,
            color_scheme="light" if theme == "light" else "dark",
            device_scale_factor=1.5,
            reduced_motion="reduce",
        )
        page.goto(f"{base_url}/learn/{name}?lang={language}")
        live = page.locator("[data-live]")
        for place in range(live.count()):
            expect(live.nth(place)).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
        live.first.scroll_into_view_if_needed()
        live.first.evaluate("(section) => scrollTo(0, section.offsetTop - 16)")
        path = folder / f"learn-{name}-{language}-{theme}.png"
        page.screenshot(path=path)
        page.close()
        print(path)


@contextmanager
def service(url: str | None) -> Iterator[str]:
    """Yield `url`, or else the address of a service that runs meanwhile."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as logs:
        live = LiveProcess({}, None, Path(logs) / "log")
        try:
            live.wait_until_ready()
            yield live.base_url
        finally:
            live.stop()


def main(argv: list[str] | None = None) -> int:
    """Take the pictures; 1 without a browser."""
    parser = argparse.ArgumentParser(description="Take pictures of the playground.")
    parser.add_argument("folder", type=Path, help="where to write the pictures")
    parser.add_argument("--only-lessons", action="store_true", help="only the pages at /learn")
    parser.add_argument("--url", help="a service that runs already (default: start one)")
    args = parser.parse_args(argv)
    if find_browser() is None:
        print("no Chromium found (Debian and Ubuntu: apt-get install chromium)", file=sys.stderr)
        return 1
    args.folder.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser, service(args.url) as base_url:
        if not args.only_lessons:
            take(browser, base_url, args.folder)
        take_lessons(browser, base_url, args.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
