import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_store import InvalidName
from model_store.names import check_file_name, check_model_name, check_version, parse_version


@pytest.mark.parametrize("name", ["a", "0", "sentiment", "film-reviews_2", "x" * 64])
def test_a_model_may_be_called(name):
    assert check_model_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "..", ".", "a.b", ".tmp-1", "-a", "_a", "A", "a/b", "../a", "a\n", "a\0", "é", "x" * 65],
)
def test_a_model_may_not_be_called(name):
    with pytest.raises(InvalidName, match="model name"):
        check_model_name(name)


@pytest.mark.parametrize("name", ["config.json", "model.onnx", "README.md", "curves.png"])
def test_a_file_may_be_called(name):
    assert check_file_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/a", "a\n", "a\\b", "x" * 129])
def test_a_file_may_not_be_called(name):
    with pytest.raises(InvalidName, match="file name"):
        check_file_name(name)


@given(st.text())
def test_no_accepted_name_can_leave_a_directory(text):
    for check in (check_model_name, check_file_name):
        try:
            accepted = check(text)
        except InvalidName:
            continue
        assert "/" not in accepted
        assert "\0" not in accepted
        assert not accepted.startswith(".")


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_a_version_may_not_be(version):
    with pytest.raises(InvalidName, match="integer from 1 up"):
        check_version(version)


@given(st.integers(min_value=1, max_value=10**17))
def test_a_version_is_read_back_from_its_directory(version):
    assert parse_version(str(version)) == version


@pytest.mark.parametrize("text", ["0", "01", "+1", "-1", "1.0", "1 ", "١", "", ".tmp-1", "9" * 19])
def test_only_the_canonical_form_is_a_version(text):
    assert parse_version(text) is None
