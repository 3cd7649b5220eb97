import re

import pytest

from service.api.web import CONTENT_SECURITY_POLICY, WEB_DIR, read_files

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_gets_the_page(client):
    answer = client.get("/", headers=HTML)
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.data == read_files(WEB_DIR)["index.html"].body


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


INDEX = """<head><!-- panels: styles --></head>
<div role="tablist"><!-- panels: tabs --></div>
<main><!-- panels: sections --></main>
"""


def drop_panel(web, name, head, **files):
    folder = web / "panels" / name
    folder.mkdir(parents=True)
    (folder / "panel.html").write_text(f"{head}\n<h1>{name}</h1>\n")
    (folder / "panel.js").write_text("export const tasks = [];\n")
    for suffix, text in files.items():
        (folder / f"panel.{suffix}").write_text(text)


def page_of(web):
    (web / "index.html").write_text(INDEX)
    return read_files(web)["index.html"].body.decode()


def test_a_folder_dropped_in_becomes_a_panel(tmp_path):
    drop_panel(tmp_path, "smell", "<!-- title: Smell & see; place: 7 -->", css="a {}")
    page = page_of(tmp_path)
    assert '<link rel="stylesheet" href="static/panels/smell/panel.css">' in page
    assert 'aria-controls="panel-smell" aria-selected="true">Smell &amp; see</button>' in page
    assert 'data-module="static/panels/smell/panel.js">\n<h1>smell</h1>\n</section>' in page
    assert "<!--" not in page


def test_panels_stand_in_the_order_of_their_places_and_the_first_is_open(tmp_path):
    drop_panel(tmp_path, "alpha", "<!-- title: Late; place: 20 -->")
    drop_panel(tmp_path, "omega", "<!-- title: Soon; place: 3 -->")
    page = page_of(tmp_path)
    assert re.findall(r'role="tab" id="tab-(\w+)"', page) == ["omega", "alpha"]
    assert re.findall(r'panel-(\w+)" aria-labelledby="[\w-]+" [^>]* hidden>', page) == ["alpha"]
    assert "stylesheet" not in page


def test_a_panel_without_title_and_place_is_refused_by_name(tmp_path):
    drop_panel(tmp_path, "smell", "<p>")
    with pytest.raises(ValueError, match=r"panels/smell/panel.html must begin .* got '<p>"):
        page_of(tmp_path)


def test_every_panel_of_the_page_brings_its_module(client):
    page = client.get("/", headers=HTML).text
    modules = re.findall(r'data-module="([^"]+)"', page)
    assert modules
    for module in modules:
        source = client.get("/" + module).text
        for name in ("const verb", "const tasks", "class Panel"):
            assert f"export {name}" in source, module
