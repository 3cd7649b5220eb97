"""Many texts at once: pasted lines and CSV files in, a table and a CSV file out."""

import csv
import io

import pytest
from playwright.sync_api import Route, expect

from service.errors import EngineFailure, QueueFull
from tests.e2e.playground.engine import REFUSED

pytestmark = pytest.mark.e2e

ROWS = [
    ["id", "label", "review"],
    ["1", "pos", "A great film,\nfull of “good” things, and\r\nnever slow"],
    ["2", "neg", 'An awful, "dull" film'],
    ["=cmd", "neg", ""],
    ["-4", "neg", "=HYPERLINK(awful)"],
]


def as_csv(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def choose(page, content, name="reviews.csv"):
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})


def run(page):
    page.locator("#batch-run").click()
    expect(page.locator("#batch-count")).to_contain_text("answered in")


def download(page):
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    content = started.value.path().read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))


def test_pasted_lines_become_a_table(page):
    page.fill("#lines", "a great film\n\n   \nan awful film\n")
    expect(page.locator("#batch-run")).to_have_text("Classify 2 texts")
    run(page)
    expect(page.locator("#answers tr")).to_have_text(
        ["1a great filmpositive66.7 %", "2an awful filmnegative66.7 %"]
    )
    expect(page.locator("#tally li")).to_have_text(["1 positive", "1 negative"])


def test_many_texts_are_sent_a_few_hundred_at_a_time_and_stay_in_order(page, engine):
    engine.requests.clear()
    page.fill("#lines", "\n".join(f"{'great' if i % 3 else 'awful'} {i}" for i in range(600)))
    run(page)
    assert [len(request.texts) for request in engine.requests] == [256, 256, 88]
    expect(page.locator("#answers tr")).to_have_count(500)
    expect(page.locator("#shown")).to_have_text("100 more are in the download.")
    labels = [row[1] for row in download(page)[1:]]
    assert labels == ["positive" if i % 3 else "negative" for i in range(600)]


def test_a_csv_file_comes_back_with_answers(page):
    choose(page, as_csv(ROWS))
    expect(page.locator("#column")).to_have_value("2")  # "review", by its name
    expect(page.locator("#file-rows")).to_have_text("4 rows")
    run(page)
    header, *rows = download(page)
    assert header[:3] == ["id", "label", "review"]
    assert header[3:5] == ["predicted_label", "predicted_score"]
    assert [row[3] for row in rows] == ["positive", "negative", "", "negative"]
    assert rows[0][2] == ROWS[1][2]
    assert rows[2][-1] == "no text"


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([["id", "title", "review"], ["1", "A Film", "I did not like this one at all"]], 2),
        ([["id", "title", "notes"], ["1", "A Film", "I did not like this one at all"]], 2),
        ([["text", "summary"], ["all that I wrote", "one two three four five"]], 0),
        ([["url", "tweet"], ["https://example.org/a/very/long/address/of/it", "so good"]], 1),
        ([["ReviewText", "reviewer"], ["one two", "three four"]], 0),
        ([["label", "x"], ["very good indeed", "fine"]], 1),
    ],
    ids=["review", "longest", "name over length", "no address", "name of two words", "no label"],
)
def test_the_column_is_ranked_by_its_name_and_its_words(page, rows, column):
    """`id,title,review` had the titles labelled."""
    choose(page, as_csv(rows))
    expect(page.locator("#column")).to_have_value(str(column))


def test_first_values_are_shown_and_a_person_s_choice_is_kept(page):
    choose(page, as_csv(ROWS))
    expect(page.locator("#column option").nth(2)).to_contain_text("review — A great film, full of")
    expect(page.locator("#column-values li")).to_have_count(3)
    page.select_option("#column", "1")
    expect(page.locator("#column-values li")).to_have_text(["pos", "neg", "neg"])
    page.locator("#has-header").uncheck()
    expect(page.locator("#column")).to_have_value("1")
    expect(page.locator("#column-values li").first).to_have_text("label")
    choose(page, as_csv(ROWS), name="more.csv")  # with the same columns
    expect(page.locator("#column")).to_have_value("1")
    choose(page, as_csv([["a", "text"], ["x", "some words"]]))
    expect(page.locator("#column")).to_have_value("1")
    expect(page.locator("#column option")).to_have_count(2)


def reopen(page):
    choose(page, as_csv([["id", "text"], ["9", "an awful film"]]), name="other.csv")
    expect(page.locator("#file-name")).to_have_text("other.csv")


def refuse(page):
    choose(page, b"PK\x03\x04\x00\x00", name="photo.csv")
    expect(page.locator("#batch-notice")).to_contain_text("photo.csv cannot be read")


def rechoose(page):
    page.select_option("#column", "0")


def unhead(page):
    page.locator("#has-header").uncheck()


def remove(page):
    page.get_by_role("button", name="Remove the file").click()


@pytest.mark.parametrize("change", [reopen, refuse, rechoose, unhead, remove])
def test_no_answers_stay_that_belong_to_something_else(page, change):
    """After another or a refused file one could download the old answers under the new name."""
    choose(page, as_csv(ROWS))
    run(page)
    expect(page.locator("#answers-of")).to_have_text(
        "reviews.csv, column “review”, by sentiment, version 2"
    )
    change(page)
    expect(page.locator("#batch-result")).to_be_hidden()
    expect(page.locator("#answers tr, #tally li")).to_have_count(0)
    expect(page.locator("#batch-count")).to_be_empty()


def test_a_run_on_its_way_does_not_answer_for_another_file(page):
    held: list[Route] = []
    page.route("**/v1/classify", lambda route: held.append(route))
    choose(page, as_csv(ROWS))
    with page.expect_request("**/v1/classify"):
        page.locator("#batch-run").click()
    reopen(page)
    assert held[0].request.failure is not None  # given up
    expect(page.locator("#batch-result")).to_be_hidden()
    expect(page.locator("#batch-stop")).to_be_hidden()


def test_the_download_is_named_after_the_file(page):
    choose(page, as_csv(ROWS))
    run(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download CSV").click()
    assert started.value.suggested_filename == "reviews-answers.csv"


@pytest.mark.parametrize("width", [320, 390])
def test_every_column_of_the_answers_is_seen_on_a_phone(open_page, width):
    """The score was cut off."""
    page = open_page(viewport={"width": width, "height": 800})
    page.fill("#lines", "a great film that goes on and on\nan awful film\n" + "word" * 40)
    run(page)
    over = page.locator("#batch-result .scroll").evaluate("(e) => e.scrollWidth - e.clientWidth")
    assert over == 0


def test_nothing_in_the_download_runs_in_a_spreadsheet(page):
    choose(page, as_csv(ROWS))
    run(page)
    rows = download(page)
    assert [row[0] for row in rows[3:]] == ["'=cmd", "-4"]  # a number is no formula
    assert rows[4][2] == "'=HYPERLINK(awful)"


def test_any_column_of_a_file_without_header_can_be_taken(page):
    choose(page, as_csv([["x, y and a long remark", "great"], ["another long remark", "awful"]]))
    expect(page.locator("#has-header")).not_to_be_checked()
    page.select_option("#column", "1")
    run(page)
    expect(page.locator("#answers .label")).to_have_text(["positive", "negative"])


def test_a_file_can_be_dropped(page):
    transfer = page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["a great film\\nan awful film"], "films.txt"));
            return transfer;
        }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    expect(page.locator("#file-name")).to_have_text("films.txt")
    expect(page.locator("#batch-run")).to_have_text("Classify 2 texts")


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "This file is empty."), (b"PK\x03\x04\x00\x00", "This file is not text.")],
    ids=["empty", "not text"],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(page, content, why):
    choose(page, content)
    expect(page.locator("#batch-notice [role=alert]")).to_contain_text(why)
    expect(page.locator("#lines")).to_be_visible()


def test_a_refused_text_costs_only_its_own_row(page):
    texts = ["a great film"] * 5 + [f"{REFUSED} one"] + ["an awful film"] * 5
    page.fill("#lines", "\n".join(texts))
    run(page)
    expect(page.locator("#tally li")).to_have_text(["5 positive", "5 negative", "1 refused"])
    expect(page.locator("#answers .failed")).to_contain_text("cannot be read")
    assert "cannot be read" in download(page)[6][-1]


def test_a_batch_can_be_stopped_and_keeps_what_it_has(page):
    asked: list[Route] = []

    def answer_first(route):
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route("**/v1/classify", answer_first)
    page.fill("#lines", "\n".join(["a great film"] * 300))
    page.locator("#batch-run").click()
    expect(page.locator("#batch-count")).to_have_text("256 of 300 answered")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#batch-count")).to_have_text("Stopped after 256 of 300 answered.")
    assert [row[-1] for row in download(page)[256:258]] == ["", "not answered"]


def test_a_busy_service_is_asked_again_when_it_says(page, engine):
    page.clock.install()
    engine.fails_with = QueueFull("full", retry_after_s=30)
    page.fill("#lines", "a great film")
    page.locator("#batch-run").click()
    expect(page.locator("#batch-count")).to_have_text("The service is busy; going on in 30 s.")
    engine.fails_with = None
    page.clock.run_for(30_000)
    expect(page.locator("#answers .label")).to_have_text(["positive"])


def test_a_batch_goes_on_where_it_was_when_the_server_is_back(page, engine):
    engine.requests.clear()
    gone: list[Route] = []

    def leave_after_the_first(route):
        if route.request.url.endswith("classify") and len(gone) == 1:
            gone.append(route)
            return route.abort()
        gone.append(route)
        return route.continue_()

    page.route("**/*", leave_after_the_first)
    page.fill("#lines", "\n".join(f"great {i}" for i in range(300)))
    page.locator("#batch-run").click()
    expect(page.locator("#batch-said")).to_contain_text("goes on by itself")
    expect(page.locator("#batch-count")).to_contain_text("300 of 300 answered in")
    assert [len(request.texts) for request in engine.requests] == [256, 44]


def test_there_is_nothing_to_press_without_texts(page):
    expect(page.locator("#batch-run")).to_be_disabled()
    expect(page.locator("#batch-why")).to_have_text("Paste some texts or choose a file first.")


def test_a_failure_ends_the_batch_in_the_service_s_words(page, engine):
    engine.fails_with = EngineFailure("the model failed on this request")
    page.fill("#lines", "a great film")
    page.locator("#batch-run").click()
    expect(page.locator("#batch-notice")).to_contain_text("the model failed on this request")
    expect(page.locator("#batch-stop")).to_be_hidden()


def test_the_table_can_be_sorted(page):
    page.fill("#lines", "a great film\nan awful, dull film\ngood great fine film")
    run(page)
    page.get_by_role("button", name="Score").click()
    numbers = page.locator("#answers tr td:first-child")
    expect(numbers).to_have_text(["3", "2", "1"])
    header = page.get_by_role("columnheader", name="Score")
    expect(header).to_have_attribute("aria-sort", "descending")
