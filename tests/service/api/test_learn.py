"""The pages at /learn: in the reader's language, linked to each other, and all there in both."""

import re
from urllib.parse import urljoin

import pytest

from service.api.learn import LANGUAGES, find_pages
from service.api.web import CONTENT_SECURITY_POLICY, WEB_DIR, WebFile, read_files

FILES = read_files(WEB_DIR)
PAGES = {language: find_pages(FILES, language) for language in LANGUAGES}


def language_of(answer):
    return answer.text.partition('<html lang="')[2][:2]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("de, fr;q=0.5, en;q=0.7", "en"),
        ("de", "en"),
        ("en;q=0, fr;q=0.1", "fr"),
    ],
)
def test_the_language_is_the_one_that_the_reader_prefers(client, accepted, language):
    answer = client.get("/learn", headers={"Accept-Language": accepted})

    assert language_of(answer) == answer.headers["Content-Language"] == language
    assert answer.headers["Vary"] == "Accept-Language"


def test_a_language_that_was_chosen_wins_and_stays(client):
    answer = client.get("/learn/step?lang=fr", headers={"Accept-Language": "en"})

    assert language_of(answer) == "fr"
    links = re.findall(r'href="(\.\./learn/[a-z-]+[^"]*)"', answer.text)
    assert {link.partition("?")[2] for link in links} == {"lang=fr", "lang=en"}  # en: the switch
    assert sum(link.endswith("lang=en") for link in links) == 1


def test_a_language_that_is_not_there_is_refused_with_those_that_are(client):
    answer = client.get("/learn?lang=de")

    assert answer.status_code == 422
    assert "lang is 'de'; these pages are in en and fr" in answer.json["error"]["message"]


def test_both_languages_have_the_same_pages_in_the_same_order():
    english, french = ([page.name for page in PAGES[language]] for language in LANGUAGES)

    assert english == french
    assert len(english) == 8


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["", *(f"/{page.name}" for page in PAGES["en"])])
def test_a_page_finds_all_its_files_and_neighbours(client, name, language):
    answer = client.get(f"/learn{name}?lang={language}")

    assert answer.status_code == 200
    assert "{{" not in answer.text
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    root = "../" if name else ""
    for link in re.findall(r'(?:src|href)="([^"#]+)"', answer.text):
        assert link.startswith(root)
        path = "/" + link.removeprefix(root).removeprefix(".")
        assert client.get(path).status_code == 200, link


@pytest.mark.parametrize("name", [page.name for page in PAGES["en"]])
def test_what_runs_on_a_page_is_the_same_in_both_languages(name):
    english, french = (
        next(page.html for page in PAGES[language] if page.name == name) for language in LANGUAGES
    )

    for attribute in ("data-live", "data-part", "data-model", "data-cell", "id"):
        pattern = rf'{attribute}="([^"]+)"'
        assert re.findall(pattern, english) == re.findall(pattern, french), attribute


def test_a_page_that_is_not_there_is_answered_with_those_that_are(client):
    answer = client.get("/learn/nix")

    assert answer.status_code == 404
    assert "/learn/lost-context" in answer.json["error"]["message"]


def test_a_slash_at_the_end_leads_to_the_page(client):
    for path in ("/learn/", "/learn/step/"):
        answer = client.get(path)
        assert answer.status_code == 308
        assert urljoin(path, answer.headers["Location"]) == path.rstrip("/")


def test_an_unchanged_page_is_not_sent_again(client):
    tag = client.get("/learn").headers["ETag"]

    assert client.get("/learn", headers={"If-None-Match": tag}).status_code == 304
    french = client.get("/learn?lang=fr", headers={"If-None-Match": tag})
    assert french.status_code == 200


def test_a_page_without_title_and_summary_is_refused_by_name():
    files = {"learn/en/smell.html": WebFile(b"<p>", "text/html", '"x"')}

    with pytest.raises(ValueError, match=r"learn/en/smell\.html must begin with its title"):
        find_pages(files, "en")
