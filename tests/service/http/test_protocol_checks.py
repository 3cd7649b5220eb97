import pytest
from gunicorn.http import errors as http_errors

from service.http.protocol_checks import NoHost, check_head, problem_below

HOST = ("HOST", "here")


@pytest.mark.parametrize("version", [(1, 0), (1, 1)])
@pytest.mark.parametrize("coding", ["chunked", " Chunked"])
def test_a_head_that_http_allows_passes(version, coding):
    check_head(version, [HOST, ("TRANSFER-ENCODING", coding)])
    check_head((1, 0), [])


def test_a_request_that_names_no_host_is_refused():
    with pytest.raises(NoHost, match="send one"):
        check_head((1, 1), [("ACCEPT", "*/*")])


@pytest.mark.parametrize("coding", ["gzip, chunked", "identity", "chunked, chunked", ""])
def test_a_body_packed_for_the_way_is_refused(coding):
    with pytest.raises(http_errors.UnsupportedTransferCoding):
        check_head((1, 1), [HOST, ("TRANSFER-ENCODING", coding)])


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (http_errors.InvalidRequestLine("x"), 400),
        (http_errors.InvalidHeader("x"), 400),
        (http_errors.LimitRequestLine(9, 8), 414),
        (http_errors.LimitRequestHeaders("x"), 431),
        (http_errors.UnsupportedTransferCoding("x"), 501),
        (http_errors.ExpectationFailed("x"), 417),
        (NoHost(), 400),
    ],
)
def test_what_is_no_request_has_its_own_status(fault, status):
    problem = problem_below(fault)
    assert problem is not None
    assert problem.status == status


def test_a_failure_of_the_server_itself_is_no_fault_of_the_bytes():
    assert problem_below(ZeroDivisionError("secret")) is None
