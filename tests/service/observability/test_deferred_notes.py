import pytest

from service.observability.deferred_notes import DeferredNotes
from service.observability.request_record import RequestRecord


def record(request_id):
    return RequestRecord(request_id, "POST", "/v1/classify", 0.0)


@pytest.fixture
def waiting():
    """Pieces of work that are to be done soon."""
    return []


def test_requests_answered_together_are_passed_on_together_and_once(waiting):
    seen: list[list[str]] = []
    notes = DeferredNotes(
        [lambda records: seen.append([one.request_id for one in records])], waiting.append
    )
    notes(record("a"))
    notes(record("b"))
    assert seen == []
    waiting.pop()()
    assert waiting == []
    assert seen == [["a", "b"]]
    notes(record("c"))
    waiting.pop()()
    assert seen == [["a", "b"], ["c"]]


def test_a_taker_that_fails_keeps_the_records_from_nobody_else(waiting, caplog):
    def fail(records):
        raise OSError("the disk is full")

    seen: list[RequestRecord] = []
    notes = DeferredNotes([fail, seen.extend], waiting.append)
    notes(record("a"))
    notes.flush()
    assert [one.request_id for one in seen] == ["a"]
    assert "no note was taken of 1 requests" in caplog.text


def test_without_greenlets_a_record_is_passed_on_at_once():
    seen: list[RequestRecord] = []
    DeferredNotes([seen.extend])(record("a"))
    assert len(seen) == 1


def test_who_reads_what_was_noted_sees_the_last_request_too(waiting):
    seen: list[RequestRecord] = []
    notes = DeferredNotes([seen.extend], waiting.append)
    notes(record("a"))
    assert notes.flushed_before(lambda: len(seen))() == 1
