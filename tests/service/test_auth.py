import hashlib
import re

import pytest

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
