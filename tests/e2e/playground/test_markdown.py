"""The page's own small Markdown: what it knows, and that nothing of a card is ever trusted."""

import json

import pytest

from service.api.app import create_app
from service.settings import Settings
from tests.e2e.playground.engine import PlaygroundEngine
from tests.e2e.playground.test_modules import call

pytestmark = pytest.mark.e2e

RENDER = """async (text) => {
    const { renderMarkdown } = await import("/static/markdown.js");
    const image = (source, alt) => {
        const made = document.createElement("img");
        made.setAttribute("data-source", source);
        made.alt = alt;
        return made;
    };
    const page = document.createElement("div");
    page.append(...renderMarkdown(text, { image }));
    return page.innerHTML;
}"""


@pytest.fixture(scope="module")
def modules(browser, server):
    server.app = create_app(PlaygroundEngine(), Settings())
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/")
    yield page
    context.close()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One\n## Two", "<h2>One</h2><h3>Two</h3>"),
        ("one\ntwo\n\nthree", "<p>one two</p><p>three</p>"),
        (
            "- a\n- **b**\n\n1. c",
            "<ul><li>a</li><li><strong>b</strong></li></ul><ol><li>c</li></ol>",
        ),
        ("a `**b**` c", "<p>a <code>**b**</code> c</p>"),
        ("![loss](a.png)", '<p><img data-source="a.png" alt="loss"></p>'),
        ("[text](http://x.org)", "<p>[text](http://x.org)</p>"),
        ("words\n# Head", "<p>words</p><h2>Head</h2>"),
        ("#no heading", "<p>#no heading</p>"),
        ("a | b", "<p>a | b</p>"),
        ("**never closed", "<p>**never closed</p>"),
        ("", ""),
    ],
)
def test_what_cards_are_written_in_is_shown(modules, text, html):
    assert modules.evaluate(RENDER, text) == html


def test_code_is_shown_as_it_stands(modules):
    html = modules.evaluate(RENDER, "```bash\n# no *head*\n\n| a |\n```\nafter")
    assert "<code># no *head*\n\n| a |</code></pre><p>after</p>" in html


def test_code_that_never_ends_takes_the_rest(modules):
    assert "<code>a\nb</code>" in modules.evaluate(RENDER, "```\na\nb")


def test_columns_of_numbers_stand_at_the_right(modules):
    html = modules.evaluate(RENDER, "| a | b |\n| --- | --- |\n| x | 1,200 |\n| y | 0.5 |")
    assert html == (
        '<table><thead><tr><th scope="col">a</th><th scope="col" class="number">b</th></tr></thead>'
        '<tbody><tr><td>x</td><td class="number">1,200</td></tr>'
        '<tr><td>y</td><td class="number">0.5</td></tr></tbody></table>'
    )


def test_rows_are_as_long_as_their_header_and_bars_may_be_escaped(modules):
    html = modules.evaluate(RENDER, "| a | b |\n|---|---|\n| x\\|y |\n| 1 | 2 | 3 |")
    cells = html.partition("<tbody>")[2].replace(' class="number"', "")
    assert cells == ("<tr><td>x|y</td><td></td></tr><tr><td>1</td><td>2</td></tr></tbody></table>")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "# <b onclick=x>head</b>",
    "- <a href='javascript:x'>a</a>",
    "`<i>`",
    "**<i>**",
    "![<i>](<i>)",
    '![" onerror="x](a"onerror="x.png)',
    "| <i> |\n| --- |\n| <i> |",
    "```<i>\n<i>\n```",
    "[a](javascript:alert(1))",
    "<!-- --> <style>*{display:none}</style>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_html_in_a_card_is_text_to_be_read(modules, text):
    names = modules.evaluate(
        f"""async (text) => {{
            const page = document.createElement("div");
            page.append(document.createRange().createContextualFragment(await ({RENDER})(text)));
            return [...page.querySelectorAll("*")].flatMap((one) => [
                one.localName, ...one.getAttributeNames().map((name) => `@${{name}}`),
            ]);
        }}""",
        text,
    )
    ours = {"p", "h2", "ul", "li", "code", "strong", "pre", "img", "table", "thead", "tbody"}
    ours |= {"tr", "th", "td", "@alt", "@data-source", "@scope", "@class", "@tabindex", "@role"}
    assert set(names) <= ours | {"@aria-label"}


PIECES = ["`", "**", "![", "![a](", "|", "- a\n", "#", "| a |\n", "| a |\n|---|\n", "a\n\n", "|-"]


@pytest.mark.parametrize("piece", PIECES)
def test_a_card_of_one_megabyte_is_cut_and_shown(modules, piece):
    """A table of 100,000 rows once had more children than the browser takes at once."""
    text = "|a|\n|-|\n" + piece * (1_000_000 // len(piece))
    html = modules.evaluate(RENDER, text)
    assert html.startswith("<p>This card is too long for this page")
    assert html.count("<") < 500_000


VERSIONS = [
    {"version": 1, "is_default": False, "metrics": {"loss": 0.5, "loss_low": 0.4}},
    {"version": 2, "is_default": True, "metrics": {"loss": 0.3}},
    {"version": 3, "is_default": False, "metrics": {"loss": 0.4}},
]


def versions(**newest):
    copied = json.loads(json.dumps(VERSIONS))
    for one in copied:
        one["primary_metric"] = {"name": "loss", "higher_is_better": False}
    copied[-1] |= newest
    return copied


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (versions(), "Version 3, the newest, is worse than version 2, the default: loss 0.4"),
        (versions(metrics={"loss": 0.2}), "is better than version 2, the default: loss 0.2"),
        (versions(metrics={"loss": 0.3}), "is as good as version 2, the default"),
        (versions(metrics={"other": 1}, primary_metric=None), "not measured by the same main"),
        (versions()[:2], "Version 2, the newest and the default, is better than version 1: loss"),
        (versions()[1:2], "Version 2 is the only one."),
        (versions()[::2], "none is served"),
    ],
)
def test_the_verdict_goes_by_the_main_figure_and_its_direction(modules, given, words):
    assert words in call(modules, "panels/models/versions.js", "verdictOf", given)


def test_ends_of_intervals_are_no_figures_of_their_own(modules):
    given = [{"metrics": {"acc": 1, "acc_low": 1, "acc_high": 1, "so_low": 1}}]
    assert call(modules, "panels/models/versions.js", "figuresOf", given) == ["acc", "so_low"]


@pytest.mark.parametrize(
    ("rows", "is_one"),
    [
        ([["a", "1", "2"], ["b", "3", "4,000"]], True),
        ([["a", "1", "2"], ["c", "3", "4"]], False),
        ([["a", "1", "x"], ["b", "3", "4"]], False),
        ([["a", "1", "2"]], False),
    ],
)
def test_a_confusion_is_known_by_its_labels_and_counts(modules, rows, is_one):
    table = {"header": ["label", "a", "b"], "rows": rows}
    assert call(modules, "panels/models/matrix.js", "isConfusion", table) is is_one
