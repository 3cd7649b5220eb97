import base64
import hmac

import pytest

from service.engine.sealing import FORMAT, TAG_BYTES, Sealer
from service.engine.types import VersionId
from service.errors import InvalidInput, StateMismatch

CONTENT = "ab" * 32
PAYLOAD = bytes(range(40))


def sealer(name="plays", version=1, *, key=b"k" * 32, content=CONTENT):
    return Sealer(key, VersionId(name, version), content)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 40])
def test_a_payload_comes_back_as_it_was(length):
    text = sealer().seal(PAYLOAD[:length])

    assert sealer().open(text) == PAYLOAD[:length]
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_change_of_any_character_is_refused():
    text = sealer().seal(PAYLOAD)
    for place, char in enumerate(text):
        changed = text[:place] + ("A" if char != "A" else "B") + text[place + 1 :]
        with pytest.raises(InvalidInput, match="was changed since.*send the whole text anew"):
            sealer().open(changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: f" {text}",
        lambda text: text[:9] + "%" + text[9:],
        lambda text: text[4:],
        lambda text: "A",
        lambda text: "é日",
        lambda text: base64.b64encode(b"\0" * 200).decode(),
    ],
)
def test_what_is_written_otherwise_is_refused(change):
    with pytest.raises(InvalidInput) as refused:
        sealer().open(change(sealer().seal(PAYLOAD)), "state[3]")

    assert refused.value.param == "state[3]"
    assert "`state[3]`" in refused.value.message


def test_another_key_opens_nothing():
    with pytest.raises(InvalidInput, match="STATE_KEY"):
        sealer().open(sealer(key=b"x" * 32).seal(PAYLOAD))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (sealer("verses"), "of verses:1, but plays:1 was asked: name verses:1 as `model`"),
        (sealer(version=7), "of plays:7, but plays:1 was asked: name plays:7 as `model`"),
        (sealer(content="cd" * 32), "another plays:1 than the one served here: send the whole"),
    ],
    ids=["model", "version", "content"],
)
def test_a_state_of_another_version_is_named_with_the_remedy(other, words):
    with pytest.raises(StateMismatch, match=words) as refused:
        sealer().open(other.seal(PAYLOAD))

    assert refused.value.param == "state"


def test_one_name_that_begins_another_is_not_taken_for_it():
    with pytest.raises(StateMismatch):
        sealer("play").open(sealer("plays").seal(PAYLOAD))


def test_a_state_of_another_format_is_refused_by_its_first_byte():
    data = base64.urlsafe_b64decode(sealer().seal(PAYLOAD) + "==")
    signed = bytes([FORMAT + 1]) + data[1:-TAG_BYTES]
    resigned = signed + hmac.digest(b"k" * 32, signed, "sha256")

    with pytest.raises(StateMismatch, match="another release of this service: send the whole"):
        sealer().open(base64.urlsafe_b64encode(resigned).rstrip(b"=").decode())
