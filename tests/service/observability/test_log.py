import json
import logging
import sys
from select import PIPE_BUF
from typing import Any

import pytest

from service.observability.log import JsonFormatter, RequestLog, note_body, utc
from service.observability.request_record import RequestRecord


@pytest.fixture
def lines():
    return []


def record(**fields: Any) -> RequestRecord:
    known: dict[str, Any] = {
        "request_id": "abc",
        "method": "POST",
        "route": "/v1/classify",
        "started": 0.0,
    }
    return RequestRecord(**known | {"status": 200} | fields)


def test_a_request_is_one_line_of_json(lines):
    story = record(
        model="sentiment",
        version=3,
        queue_s=0.0012,
        compute_s=0.5,
        batch_size=4,
        prompt_tokens=30,
        completion_tokens=2,
        duration_s=0.5031,
    )
    RequestLog("info", lines.append)([story])
    [line] = lines
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    told = json.loads(line)
    assert told["time"].endswith("Z")
    del told["time"], told["pid"]
    assert told == {
        "level": "info",
        "logger": "request",
        "request_id": "abc",
        "method": "POST",
        "route": "/v1/classify",
        "status": 200,
        "duration_ms": 503.1,
        "model": "sentiment",
        "version": 3,
        "queue_ms": 1.2,
        "compute_ms": 500.0,
        "batch_size": 4,
        "prompt_tokens": 30,
        "completion_tokens": 2,
    }


def test_a_failed_request_tells_its_reason_and_key(lines):
    story = record(status=503, reason="queue_full", key_name="team-a")
    RequestLog("info", lines.append)([story])
    told = json.loads(lines[0])
    assert (told["level"], told["reason"], told["key"]) == ("error", "queue_full", "team-a")
    assert "model" not in told


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", ["info", "warning", "warning", "error"]),
        ("info", ["info", "warning", "warning", "error"]),
        ("warning", ["warning", "warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_a_higher_level_leaves_out_what_is_less_serious(lines, level, logged):
    log = RequestLog(level, lines.append)
    log([record(status=status) for status in (200, 422, 429, 503)])
    assert [json.loads(line)["level"] for line in b"".join(lines).splitlines()] == logged


def test_a_stream_that_failed_midway_is_an_error_although_it_began_well(lines):
    story = record(status=200, reason="engine_failure", error_status=500)
    RequestLog("error", lines.append)([story])
    told = json.loads(lines[0])
    assert (told["level"], told["status"], told["reason"]) == ("error", 200, "engine_failure")


def test_lines_are_written_together_but_never_more_than_a_pipe_takes_at_once(lines):
    RequestLog("info", lines.append)([record(request_id=f"id-{number}") for number in range(100)])
    assert 1 < len(lines) < 20
    assert all(line.endswith(b"}\n") and len(line) <= PIPE_BUF for line in lines)
    told = [json.loads(line)["request_id"] for line in b"".join(lines).splitlines()]
    assert told == [f"id-{number}" for number in range(100)]


def test_a_log_record_is_one_line_of_json():
    formatter = JsonFormatter()
    try:
        raise ValueError("broken")
    except ValueError:
        line = logging.LogRecord(
            "service", logging.ERROR, "x.py", 1, "it %s", ("failed\nbadly",), sys.exc_info()
        )
    line.request_id = "abc"
    text = formatter.format(line)
    told = json.loads(text)
    assert "\n" not in text
    assert (told["message"], told["request_id"]) == ("it failed\nbadly", "abc")
    assert "ValueError: broken" in told["exception"]


@pytest.mark.parametrize(
    "body", [b'{"input": "good"}', "{'ein Süßer ☕'}".encode(), b"\xff\x00\n" * 5000, b"x" * 9000]
)
def test_a_body_that_is_logged_fits_a_pipe_and_tells_how_long_it_was(caplog, body):
    with caplog.at_level(logging.INFO):
        note_body("abc", body)
    [noted] = caplog.records
    line = JsonFormatter().format(noted)
    told = json.loads(line)
    assert len(line) < PIPE_BUF
    assert (told["request_id"], told["body_bytes"]) == ("abc", len(body))
    assert told["body"]
    assert body.decode(errors="replace").startswith(told["body"])
    assert told["body"].encode() == body or len(told["body"]) >= 500


def test_times_are_utc_with_milliseconds():
    assert utc(0.25) == "1970-01-01T00:00:00.250Z"
    assert utc(1_700_000_000) == "2023-11-14T22:13:20.000Z"
