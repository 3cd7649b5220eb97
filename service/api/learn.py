"""The pages at `/learn`: how recurrent networks work, in French and in English.

Put together when the files of the page are read, one for each subject and language:

    learn/shell.html            what surrounds every page, with {{…}} where something goes
    learn/LANGUAGE/NAME.html    the inside of a page; its first lines say its title, its place
                                among the others and what it is about:
                                <!-- title: One step; place: 20 -->
                                <!-- summary: A state, a word, and what comes of them. -->
    learn/LANGUAGE/words.json   the shell's own words in that language

The language is the `lang` of the address if it has one, which the page's links then keep, else what
`Accept-Language` prefers (RFC 9110, section 12.5.4), else English. What a page is about, nothing
here knows.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from service.api.errors import RouteNotFound
from service.api.handler import Endpoint, Route
from service.api.reply import Reply
from service.api.request import Request
from service.api.web import WebFile, etag_of, file_reply
from service.errors import InvalidInput

LANGUAGES = ("en", "fr")
PAGE_FILE = re.compile(r"learn/([a-z]{2})/([a-z][a-z-]*)\.html")
PAGE_HEAD = re.compile(
    r"<!-- title: (?P<title>.+?); place: (?P<place>\d+) -->\n<!-- summary: (?P<summary>.+?) -->\n"
)
INDEX = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one language: its name in the address, title, place, what it is about, inside."""

    name: str
    title: str
    place: int
    summary: str
    html: str


def learn_routes(files: Mapping[str, WebFile]) -> list[Route]:
    """Return the routes of the pages among `files`; none where there are no such files."""
    if "learn/shell.html" not in files:
        return []
    endpoint = learn_endpoint(files)
    return [
        Route("/learn", endpoint, summary="How recurrent networks work"),
        Route("/learn/<page>", endpoint, summary="One page of that"),
    ]


def learn_endpoint(files: Mapping[str, WebFile]) -> Endpoint:
    """Make the endpoint of `/learn` and `/learn/<page>`."""
    pages = {language: find_pages(files, language) for language in LANGUAGES}
    shell = files["learn/shell.html"].body.decode()
    words = {one: json.loads(files[f"learn/{one}/words.json"].body) for one in LANGUAGES}
    made: dict[tuple[str, str, bool], WebFile] = {}

    def learn(request: Request) -> Reply:
        name = request.params.get("page", INDEX)
        if request.environ["PATH_INFO"].endswith("/"):  # the page's links are relative
            return Reply(b"", 308, headers=(("Location", f"../{name or 'learn'}"),))
        chosen = request.query("lang")
        language = language_of(chosen, request.header("Accept-Language"))
        key = (name, language, chosen is not None)
        if key not in made:
            if name != INDEX and all(page.name != name for page in pages[language]):
                known = ", ".join(f"/learn/{page.name}" for page in pages[language])
                raise RouteNotFound(f"there is no such page; there are {known}")
            html = render(shell, words[language], pages[language], name, is_chosen=key[2])
            body = html.encode()
            made[key] = WebFile(body, "text/html; charset=utf-8", etag_of(body))
        reply = file_reply(made[key], request)
        reply.headers += (("Content-Language", language), ("Vary", "Accept-Language"))
        return reply

    return learn


def language_of(chosen: str | None, accepted: str) -> str:
    """Return the language to answer in.

    Args:
        chosen: What the address asks for, if anything.
        accepted: The header `Accept-Language`.

    Raises:
        InvalidInput: The pages are not in the language that the address asks for.
    """
    if chosen is None:
        header = parse_accept_header(accepted, LanguageAccept)
        return header.best_match(LANGUAGES, default=LANGUAGES[0])
    if chosen not in LANGUAGES:
        raise InvalidInput(
            f"lang is {chosen[:20]!r}; these pages are in {' and '.join(LANGUAGES)}", param="lang"
        )
    return chosen


def find_pages(files: Mapping[str, WebFile], language: str) -> list[Page]:
    """Return the pages in one language, in the order of their places.

    Raises:
        ValueError: The first lines of one are not as above.
    """
    pages = []
    for path, file in files.items():
        found = PAGE_FILE.fullmatch(path)
        if found is None or found[1] != language:
            continue
        html = file.body.decode()
        head = PAGE_HEAD.match(html)
        if head is None:
            raise ValueError(f"{path} must begin with its title, place and summary")
        place = int(head["place"])
        pages.append(Page(found[2], head["title"], place, head["summary"], html[head.end() :]))
    return sorted(pages, key=lambda page: page.place)


def render(
    shell: str, words: Mapping[str, str], pages: list[Page], name: str, *, is_chosen: bool
) -> str:
    """Put a page together.

    Args:
        shell: What surrounds it.
        words: The shell's words, "language" among them.
        pages: All pages in the language.
        name: Which one, `INDEX` for the list of them.
        is_chosen: Whether links go on in this language.
    """
    language = words["language"]
    root, query = ("" if name == INDEX else "../"), (f"?lang={language}" if is_chosen else "")
    folder = f"{root}learn/"
    page = next((page for page in pages if page.name == name), None)
    inside = page.html if page is not None else list_of(pages, words, folder, query)
    parts = {
        **{key: escape(text) for key, text in words.items()},
        "root": root,
        "home": f"{root}learn{query}",
        "here": f"{root}learn" if page is None else f"{folder}{name}",
        "title": escape(page.title if page is not None else words["name"]),
        "menu": menu_of(pages, name, folder, query),
        "next": next_of(pages, name, words, folder, query) if page is not None else "",
    }
    parts["inside"] = filled(inside, parts)
    return filled(shell, parts)


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Replace each {{name}} by its part."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def menu_of(pages: list[Page], name: str, folder: str, query: str) -> str:
    """Return links to all pages, the present one marked."""
    links = []
    for page in pages:
        mark = ' aria-current="page"' if page.name == name else ""
        address = f"{folder}{page.name}{query}"
        links.append(f'<li><a href="{address}"{mark}>{escape(page.title)}</a></li>')
    return "\n".join(links)


def list_of(pages: list[Page], words: Mapping[str, str], folder: str, query: str) -> str:
    """Return the inside of the first page: every page with what it is about."""
    cards = [
        f'<li><a href="{folder}{page.name}{query}"><h2>{escape(page.title)}</h2>'
        f"<p>{escape(page.summary)}</p></a></li>"
        for page in pages
    ]
    intro = f"<h1>{escape(words['name'])}</h1><p>{escape(words['lead'])}</p>"
    listed = "\n".join(cards)
    return f'<div class="intro">{intro}</div>\n<ol class="lessons">\n{listed}\n</ol>'


def next_of(pages: list[Page], name: str, words: Mapping[str, str], folder: str, query: str) -> str:
    """Return the link to the page after this one, "" after the last."""
    at = next(place for place, page in enumerate(pages) if page.name == name)
    if at + 1 == len(pages):
        return ""
    after = pages[at + 1]
    return (
        f'<p class="next"><a class="button" href="{folder}{after.name}{query}">'
        f"{escape(words['next'])} {escape(after.title)}</a></p>"
    )
