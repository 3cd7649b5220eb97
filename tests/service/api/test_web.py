import re

import pytest

from service.api.web import CONTENT_SECURITY_POLICY, WEB_DIR, read_files

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_gets_the_page(client):
    answer = client.get("/", headers=HTML)
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.data == (WEB_DIR / "index.html").read_bytes()


def test_a_program_gets_the_list_of_routes(client):
    answer = client.get("/", headers={"Accept": "*/*"})
    assert answer.content_type == "text/plain; charset=utf-8"
    assert "POST /v1/classify" in answer.text
    assert answer.headers["Vary"] == "Accept"


def test_the_page_finds_all_its_own_files(client):
    page = client.get("/", headers=HTML).text
    links = re.findall(r'(?:src|href)="/?(static/[^"]+)"', page)
    assert links
    for link in links:
        assert client.get("/" + link).status_code == 200, link


@pytest.mark.parametrize("path", ["/", "/static/index.html"])
def test_pages_are_closed_to_foreign_content(client, path):
    headers = client.get(path, headers=HTML).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_an_unchanged_file_is_not_sent_again(client):
    tag = client.get("/static/index.html").headers["ETag"]
    answer = client.get("/static/index.html", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    other = client.get("/static/index.html", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["nix.js", "../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "/etc/passwd", ""],
)
def test_nothing_but_the_pages_files_is_served(client, path):
    assert client.get(f"/static/{path}").status_code == 404


def test_files_get_the_type_of_their_name(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.js").write_text("1")
    (tmp_path / "b.css").write_text("a {}")
    (tmp_path / "c.bin").write_bytes(b"\0")
    types = {path: file.content_type for path, file in read_files(tmp_path).items()}
    assert types == {
        "b.css": "text/css; charset=utf-8",
        "c.bin": "application/octet-stream",
        "deep/a.js": "text/javascript; charset=utf-8",
    }
