import ast
import hashlib
import re
import stat
from pathlib import Path

import pytest

from service import auth
from service.auth import MAX_KNOWN, Keyring, KeysError, main, new_key, read_keys


def line(name, key):
    return f"{name} {hashlib.sha256(key.encode()).hexdigest()}\n"


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "keys"
    path.write_text(
        "# who may ask\n\n" + line("ann", "a-key") + line("bob", "b-key").strip() + " #!"
    )
    return path


def test_a_key_is_known_by_its_name(keys_file):
    keyring = Keyring(keys_file)
    assert [keyring.name_of(key) for key in ("a-key", "b-key")] == ["ann", "bob"]


def test_a_key_is_known_again_and_so_are_more_than_are_remembered(tmp_path):
    path = tmp_path / "keys"
    path.write_text("".join(line(f"user-{n}", f"key-{n}") for n in range(MAX_KNOWN + 10)))
    keyring = Keyring(path)
    for _ in range(2):
        for number in range(MAX_KNOWN + 10):
            assert keyring.name_of(f"key-{number}") == f"user-{number}"
    assert keyring.name_of("key-x") is None


@pytest.mark.parametrize("key", ["", "a-ke", "a-key ", "A-KEY", "c-key", "ann", "\xff", "x" * 9999])
def test_any_other_key_is_not(keys_file, key):
    assert Keyring(keys_file).name_of(key) is None


def test_a_key_whose_hash_begins_alike_is_not_let_in(tmp_path):
    digest = hashlib.sha256(b"a-key").hexdigest()
    path = tmp_path / "keys"
    path.write_text(f"other {digest[:63]}{'0' if digest[63] != '0' else '1'}")
    assert Keyring(path).name_of("a-key") is None


def test_a_changed_file_is_read_again(keys_file):
    keyring = Keyring(keys_file)
    assert keyring.name_of("a-key") == "ann"
    keys_file.write_text(line("cleo", "c-key"))
    keyring.reload()
    assert keyring.name_of("c-key") == "cleo"
    assert keyring.name_of("a-key") is None


@pytest.mark.parametrize("content", ["nonsense", "ann 00", None])
def test_a_file_that_cannot_be_used_changes_nothing_and_is_logged_once(keys_file, content, caplog):
    keyring = Keyring(keys_file)
    if content is None:
        keys_file.unlink()
    else:
        keys_file.write_text(content)
    keyring.reload()
    keyring.reload()
    assert keyring.name_of("a-key") == "ann"
    assert caplog.text.count("stay as they were") == 1


def test_a_file_without_keys_lets_nobody_in(tmp_path):
    path = tmp_path / "keys"
    path.touch()
    assert Keyring(path).name_of("") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("ann", "line 1"),
        ("\nann xyz", "line 2"),
        (line("a b", "k"), "line 1"),
        (line("ann", "k").replace("ann", 'an"n'), "line 1"),
        (line("ann", "k") + line("ann", "l"), "ann is there already"),
        ("ann " + "A" * 64, "line 1"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path, content, words):
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(KeysError, match=words):
        read_keys(path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "keys"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeysError, match="cannot be read"):
        read_keys(path)


def test_made_keys_differ_and_are_long():
    keys = {new_key()[0] for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key) > 43 for key in keys)


def test_the_command_prints_a_key_and_the_line_that_lets_it_in(tmp_path, capsys):
    main(["new", "ann"])
    said = capsys.readouterr().out
    [key] = re.findall(r"rnn_\S+", said)
    path = tmp_path / "keys"
    path.write_text(said.splitlines()[-1])
    assert Keyring(path).name_of(key) == "ann"


def test_the_command_refuses_a_name_that_logs_could_not_show(capsys):
    with pytest.raises(SystemExit):
        main(["new", 'a"b'])
    assert "is no name" in capsys.readouterr().err


def test_keys_are_compared_in_constant_time_alone():
    """No other comparison of what was sent is there: an early end tells how much was right."""
    tree = ast.parse(Path(auth.__file__).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    looking = [one for one in functions if one.name in ("name_of", "_look_up")]
    assert len(looking) == 2
    for function in looking:
        inside = list(ast.walk(function))
        called = [ast.unparse(node.func) for node in inside if isinstance(node, ast.Call)]
        assert called.count("hmac.compare_digest") == 1
        operators = {
            type(op) for node in inside if isinstance(node, ast.Compare) for op in node.ops
        }
        assert operators <= {ast.Is, ast.IsNot, ast.GtE}


def test_a_keyring_made_while_the_file_cannot_be_used_has_the_last_keys(keys_file, tmp_path):
    shared = tmp_path / "shared"
    Keyring(keys_file, shared)
    keys_file.write_text("nonsense")
    late = Keyring(keys_file, shared)
    assert (late.name_of("a-key"), late.name_of("c-key")) == ("ann", None)
    assert late.problem is not None
    assert stat.S_IMODE(shared.stat().st_mode) == 0o600
    assert "a-key" not in shared.read_text()


def test_a_key_that_one_worker_saw_deleted_is_let_in_by_none(keys_file, tmp_path):
    """The others take over what it read, although the file is wrong by the time they look."""
    first, second = (Keyring(keys_file, tmp_path / "shared") for _ in range(2))
    keys_file.write_text(line("bob", "b-key"))
    first.reload()
    keys_file.unlink()
    second.reload()
    for keyring in (first, second, Keyring(keys_file, tmp_path / "shared")):
        assert [keyring.name_of(key) for key in ("a-key", "b-key")] == [None, "bob"]


def test_after_a_fault_the_file_counts_again(keys_file, tmp_path):
    keyring = Keyring(keys_file, tmp_path / "shared")
    away = keys_file.rename(tmp_path / "away")
    problems = []
    for _ in range(2):
        keyring.reload()
        problems.append(keyring.problem)
        if away.exists():
            away.rename(keys_file)
    assert [problem is None for problem in problems] == [False, True]
    assert keyring.name_of("a-key") == "ann"


def test_without_a_file_that_was_ever_read_nobody_is_let_in(tmp_path):
    keyring = Keyring(tmp_path / "none", tmp_path / "gone" / "shared")
    assert keyring.name_of("") is None
    assert keyring.problem is not None


def test_keys_that_cannot_be_shared_count_all_the_same_and_leave_no_older_ones(
    keys_file, tmp_path, caplog
):
    shared = tmp_path / "run" / "shared"
    keyring = Keyring(keys_file, shared)
    assert keyring.name_of("a-key") == "ann"
    assert "cannot be shared" in caplog.text
    shared.parent.mkdir()
    shared.write_text(line("ann", "a-key"))
    shared.with_suffix(".new").mkdir()  # so that nothing can be written there
    keys_file.write_text(line("bob", "b-key"))
    keyring.reload()
    assert keyring.name_of("b-key") == "bob"
    assert not shared.exists()


@pytest.mark.parametrize("content", ["", "# nobody yet\n"])
def test_a_file_without_a_key_is_told_since_it_lets_nobody_in(tmp_path, content, caplog):
    path = tmp_path / "keys"
    path.write_text(content)
    Keyring(path)
    assert f"API_KEYS_FILE={path} holds no key: nobody is let in" in caplog.text
    assert "service.auth new NAME" in caplog.text
