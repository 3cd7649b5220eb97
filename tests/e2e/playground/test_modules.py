"""The page's own modules, called in the browser and held against Python's libraries."""

import csv
import io
import json
import random
import shlex
import shutil
import subprocess

import pytest

from service.api.app import create_app
from service.settings import Settings
from tests.e2e.playground.engine import PlaygroundEngine

pytestmark = pytest.mark.e2e

AWKWARD = [
    "plain",
    "",
    'say "hi"',
    "a,b",
    "a;b",
    "a\tb",
    "two\nlines",
    "two\r\nlines",
    " spaces ",
    "ü 👍🏽",
]


@pytest.fixture(scope="module")
def modules(browser, server):
    """One page for all calls of functions that touch no page."""
    server.app = create_app(PlaygroundEngine(), Settings())
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/")
    yield page
    context.close()


def call(modules, module, function, *args):
    """Call an exported function of a module of the page."""
    return modules.evaluate(
        "([module, name, args]) => import(`/static/${module}`).then((m) => m[name](...args))",
        [module, function, list(args)],
    )


def tables(seed):
    """Make tables of awkward fields, as rectangular as CSV files are."""
    draw = random.Random(seed)
    for _ in range(40):
        width = draw.randint(1, 4)
        yield [draw.choices(AWKWARD, k=width) for _ in range(draw.randint(1, 6))]


@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_csv_is_read_as_python_reads_it(modules, separator):
    for table in tables(seed=1):
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=separator, lineterminator="\n").writerows(table)
        text = file.getvalue()
        expected = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row
        ]
        assert call(modules, "csv.js", "parseCsv", text, separator) == expected


def test_csv_is_written_so_that_python_reads_the_same(modules):
    for table in tables(seed=2):
        text = call(modules, "csv.js", "writeCsv", table).removeprefix("\ufeff")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert [row or [""] for row in rows] == table


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b", [["a", "b"]]),
        ("a,b\r\n", [["a", "b"]]),
        ("\ufeffa,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,\n,b", [["a", ""], ["", "b"]]),
        ("\n\na\n\n", [["a"]]),
        ('"a""b"\n""', [['a"b'], [""]]),
        ('5" disc,x', [['5" disc', "x"]]),
        ('"never closed,\n1', [["never closed,\n1"]]),
        ("", []),
    ],
)
def test_csv_edges(modules, text, rows):
    assert call(modules, "csv.js", "parseCsv", text) == rows


@pytest.mark.parametrize(
    ("text", "separator"),
    [("a;b;c\n1,2", ";"), ("a\tb,c\td", "\t"), ('"a;b;c;d",x', ","), ("a", ",")],
)
def test_the_separator_is_found_outside_of_quotes(modules, text, separator):
    assert call(modules, "csv.js", "separatorOf", text) == separator


def test_shell_quotes_hold_any_text_together(modules):
    for text in [*AWKWARD, "it's", "'; rm -rf '", "$HOME `id` \\n !x", "''", "-d @x"]:
        assert shlex.split(call(modules, "curl.js", "shellQuote", text)) == [text]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_command_on_the_page_gives_the_answer_on_the_page(page):
    with page.expect_response("**/v1/classify") as shown:
        page.fill("#text", "it's \"great\" 👍🏽 $HOME `id` \\n\nand great & 'fine'")
    command = page.locator("#sentiment-curl").inner_text()
    ran = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=30)
    assert json.loads(ran.stdout)["data"] == shown.value.json()["data"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_command_of_a_batch_answers_every_text(page):
    page.fill("#lines", "it's great\nJSON\n'awful' $HOME \\ \"x\"")
    command = page.locator("#batch-curl").inner_text()
    ran = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=30)
    assert [item["label"] for item in json.loads(ran.stdout)["data"]] == [
        "positive",
        "negative",
        "negative",
    ]


STREAM = """async ([text, sizes]) => {
    const { readEvents } = await import("/static/sse.js");
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream({
        start(controller) {
            let at = 0;
            for (const size of sizes) controller.enqueue(bytes.slice(at, (at += size)));
            controller.enqueue(bytes.slice(at));
            controller.close();
        },
    });
    const events = [];
    for await (const event of readEvents(body)) events.push(event);
    return events;
}"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_events_are_the_same_however_the_bytes_arrive(modules, line_end):
    first = ': beat\n\nevent: x\ndata: {"a": "ü👍🏽"}\n\n'
    text = f"{first}data:one\ndata: two\n\n\ndata\n\ndata: [DONE]\n\n"
    draw = random.Random(3)
    for _ in range(20):
        sizes = [draw.randint(1, 9) for _ in range(draw.randint(0, 12))]
        events = modules.evaluate(STREAM, [text.replace("\n", line_end), sizes])
        assert events == ['{"a": "ü👍🏽"}', "one\ntwo", "[DONE]"]


def test_offsets_count_code_points(modules):
    text = "👍🏽 a𝒯b é"
    pieces = [{"start": i, "end": i + 1} for i in range(len(text))]
    spans = call(modules, "offsets.js", "toUtf16", text, pieces)
    units = text.encode("utf-16-le")
    cut = [units[2 * span["start"] : 2 * span["end"]].decode("utf-16-le") for span in spans]
    assert cut == list(text)


def test_stretches_that_were_not_read_are_found(modules):
    text = "one two three four five six"
    pieces = [{"start": 0, "end": 3}, {"start": 4, "end": 7}, {"start": 24, "end": 27}]
    unread = call(modules, "panels/sentiment/explanation.js", "unread", text, pieces)
    assert unread == [{"start": 7, "end": 24}]


PIECES = {
    "initial_probs": [0.4, 0.6],
    "trajectory": [
        {"start": 0, "end": 3, "text": "tra", "probs": [0.5, 0.5]},
        {"start": 3, "end": 5, "text": "ve", "probs": [0.7, 0.3]},
        {"start": 5, "end": 6, "text": "\n", "probs": [0.75, 0.25]},
        {"start": 6, "end": 13, "text": " 👍 good", "probs": [0.2, 0.8]},
        {"start": 13, "end": 14, "text": ".", "probs": [0.1, 0.9]},
    ],
}


@pytest.mark.parametrize(
    ("is_in_pieces", "words", "changes"),
    [
        (False, ["trave", "👍 good."], [-0.3, 0.6]),
        (True, ["tra", "ve", "👍 good", "."], [-0.1, -0.2, 0.5, 0.1]),
    ],
    ids=["words", "pieces"],
)
def test_pieces_are_joined_to_words_and_changes_add_up(modules, is_in_pieces, words, changes):
    """Spaces are no part of a word; the first one's change is that to the answer to nothing."""
    text = "trave\n 👍 good."
    options = {"followed": 1, "isInPieces": is_in_pieces}
    found = call(modules, "panels/sentiment/explanation.js", "explained", text, PIECES, options)
    units = text.encode("utf-16-le")
    shown = [units[2 * one["start"] : 2 * one["end"]].decode("utf-16-le") for one in found]
    assert shown == words
    assert [one["change"] for one in found] == pytest.approx(changes)
    assert sum(one["change"] for one in found) == pytest.approx(0.9 - 0.6)


def test_long_texts_make_more_requests(modules):
    items = [{"text": "x" * 90_000}] * 5 + [{"text": "y"}] * 300
    chunks = call(modules, "panels/sentiment/bulk.js", "chunksOf", items)
    assert [len(chunk) for chunk in chunks] == [2, 2, 256, 45]
    assert [item for chunk in chunks for item in chunk] == items
