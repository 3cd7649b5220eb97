from collections.abc import Iterator

import pytest

from service import errors
from service.api.errors import (
    KINDS,
    BodyNotJson,
    MethodNotAllowed,
    Problem,
    inference_protocol_body,
    openai_body,
    problem_of,
)


def tree(cls: type[errors.ServiceError]) -> Iterator[type[errors.ServiceError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("cls", list(tree(errors.ServiceError)))
def test_every_error_has_its_own_row_in_the_table(cls):
    assert cls in KINDS


def test_the_table_has_no_row_without_an_error():
    assert set(KINDS) == set(tree(errors.ServiceError))


def test_only_faults_of_ours_are_server_errors():
    for cls, kind in KINDS.items():
        assert (kind.type == "server_error") == (kind.status >= 500), cls


def test_what_is_no_service_error_is_not_told():
    problem = problem_of(KeyError("/etc/secret"))
    assert problem.status == 500
    assert "secret" not in problem.message


@pytest.mark.parametrize(("retry_after_s", "header"), [(None, "1"), (0.2, "1"), (7.1, "8")])
def test_a_full_queue_says_when_to_try_again_in_whole_seconds(retry_after_s, header):
    problem = problem_of(errors.QueueFull("full", retry_after_s=retry_after_s))
    assert problem.headers == (("Retry-After", header),)


def test_an_error_of_the_request_brings_its_own_headers():
    fault = MethodNotAllowed("use POST", headers=(("Allow", "POST"),))
    assert problem_of(fault).headers == (("Allow", "POST"),)
    assert problem_of(BodyNotJson("no")).headers == ()


def test_bodies_have_the_shape_of_their_protocol():
    problem = Problem(422, 'not "so"', "invalid_request_error", "input[0]", "invalid_value")
    assert openai_body(problem) == (
        b'{"error":{"message":"not \\"so\\"","type":"invalid_request_error",'
        b'"param":"input[0]","code":"invalid_value"}}'
    )
    assert inference_protocol_body(problem) == b'{"error":"not \\"so\\""}'


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (errors.NotReady("draining"), 503),
        (errors.QueueFull("full"), 503),
        (errors.DeadlineExceeded("late"), 504),
        (errors.EngineFailure("no"), 500),
        (RuntimeError("no"), 500),
    ],
)
def test_engine_errors_become_statuses_and_reasons(client, engine, records, fault, status):
    engine.fails_with = fault
    answer = client.post("/v1/classify", json={"input": "good"})
    assert answer.status_code == status
    assert records[0].reason == answer.get_json()["error"]["code"]


def test_a_fault_of_ours_is_logged_with_the_request_id(client, engine, caplog):
    engine.fails_with = RuntimeError("broken")
    client.post("/v1/classify", json={"input": "good"}, headers={"X-Request-Id": "abc"})
    [line] = caplog.records
    assert line.request_id == "abc"
    assert line.exc_info[1] is engine.fails_with


def test_a_fault_of_the_caller_is_not_logged_as_ours(client, caplog):
    client.post("/v1/classify", json={})
    assert not caplog.records
