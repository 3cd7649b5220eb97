import os
import pickle
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Inner
from tokenizers import models, pre_tokenizers

from model_store import SPECIAL_TOKENS, Tokenizer
from tests.model_store.vocabularies import byte_level, characters, words

CHARACTERS, BYTES, WORDS = characters(), byte_level(), words()
KINDS = [CHARACTERS, BYTES, WORDS]
AWKWARD = [
    "The film<br /><br />was GOOD",
    "😀 good 👩‍👩‍👧 bad",
    "e\u0301 é film",
    "\0 NUL \x7f",
    "İstanbul ẞ film",
    "<pad><eos> the <unk>",
    "line\r\nline\n",
    " \t ",
    "",
]
# Every character but the surrogates, which are none.
text = st.text(st.characters(exclude_categories=["Cs"]))
known = st.text(sorted("abcdefghijklmnopqrstuvwxyz .,!\n\0é😀\u0301<>"))
each_kind = pytest.mark.parametrize("tokenizer", KINDS, ids=["characters", "bytes", "words"])


@each_kind
@pytest.mark.parametrize("sample", AWKWARD)
def test_what_is_saved_encodes_the_same(tokenizer, sample):
    again = Tokenizer.from_bytes(tokenizer.to_bytes())

    assert again.encode(sample) == tokenizer.encode(sample)
    assert again.token_bytes == tokenizer.token_bytes
    assert again.to_bytes() == tokenizer.to_bytes()


@given(known)
def test_characters_come_back(sample):
    assert CHARACTERS.decode(CHARACTERS.encode_ids(sample)) == sample


@given(text)
def test_bytes_come_back(sample):
    assert BYTES.decode(BYTES.encode_ids(sample)) == sample


@given(st.lists(st.sampled_from(["the", "film", "was", "good", "bad", "é"])).map(" ".join))
def test_known_words_come_back(sample):
    assert WORDS.decode(WORDS.encode_ids(sample)) == sample


@each_kind
@given(st.lists(st.one_of(text, st.sampled_from(AWKWARD))))
def test_the_fast_paths_give_the_same_ids(tokenizer, texts):
    ids = [tokenizer.encode(each).token_ids for each in texts]

    assert tokenizer.encode_ids_batch(texts) == ids
    assert [tokenizer.encode_ids(each) for each in texts] == ids


@each_kind
@given(st.one_of(text, st.sampled_from(AWKWARD)))
def test_offsets_stay_in_order_and_in_the_text(tokenizer, sample):
    encoding = tokenizer.encode(sample)

    assert len(encoding.offsets) == len(encoding.token_ids)
    assert all(0 <= start < end <= len(sample) for start, end in encoding.offsets)
    assert encoding.offsets == sorted(encoding.offsets)


@given(text)
def test_each_character_has_its_own_place(sample):
    assert CHARACTERS.encode(sample).offsets == [(n, n + 1) for n in range(len(sample))]


@given(text)
def test_bytes_of_one_character_share_its_place(sample):
    encoding = BYTES.encode(sample)
    covered = {n for start, end in encoding.offsets for n in range(start, end)}

    assert covered == set(range(len(sample)))


@pytest.mark.parametrize("sample", AWKWARD)
def test_offsets_of_words_index_the_text_as_the_caller_wrote_it(sample):
    encoding = WORDS.encode(sample)

    for token_id, (start, end) in zip(encoding.token_ids, encoding.offsets, strict=True):
        written = unicodedata.normalize("NFC", sample[start:end]).lower()
        assert token_id in (WORDS.unk_id, WORDS.encode_ids(written)[0])
        assert token_id == WORDS.unk_id or WORDS.token_bytes[token_id] == f" {written}".encode()


def test_a_mark_that_the_normalizer_composed_stays_with_its_word():
    sample = "cafe\u0301\ufe0f e\u0301 good"
    encoding = WORDS.encode(sample)

    assert [sample[start:end] for start, end in encoding.offsets] == sample.split()


def test_markup_and_case_do_not_move_the_offsets():
    sample = "😀 The<br /><br />e\u0301 FILM"
    encoding = WORDS.encode(sample)

    written = [sample[start:end] for start, end in encoding.offsets]
    assert written == ["😀", "The", "e\u0301", "FILM"]
    assert WORDS.decode(encoding.token_ids) == "the é film"


@each_kind
@given(st.lists(st.integers(0, 9)))
def test_text_is_what_the_tokens_bytes_add_up_to(tokenizer, token_ids):
    streamed = b"".join(tokenizer.token_bytes[each] for each in token_ids)

    expected = streamed.decode(errors="replace")
    assert tokenizer.decode(token_ids) == (expected[1:] if tokenizer is WORDS else expected)


@each_kind
def test_special_tokens_add_no_text(tokenizer):
    ids = [tokenizer.pad_id, tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id]

    assert ids == [0, 1, 2, 3]
    assert [tokenizer.token_bytes[each] for each in ids] == [b""] * 4
    assert tokenizer.decode(ids) == ""


@each_kind
def test_text_that_reads_like_a_special_token_is_text(tokenizer):
    ids = tokenizer.encode_ids("".join(SPECIAL_TOKENS))

    assert not {tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id} & set(ids)


def test_every_byte_can_be_written():
    assert {each for each in BYTES.token_bytes if len(each) == 1} == {
        bytes([n]) for n in range(256)
    }


def test_half_a_character_decodes_to_the_replacement_character():
    ids = BYTES.encode_ids("😀")

    assert len(ids) > 1
    assert BYTES.decode(ids[:-1]) == "\ufffd"


def test_tokens_added_to_a_byte_vocabulary_stand_for_themselves():
    inner = Inner.from_str(BYTES.to_bytes().decode())
    inner.add_tokens(["→ arrow"])

    assert Tokenizer(inner).token_bytes[-1] == "→ arrow".encode()


@each_kind
def test_token_bytes_cover_the_vocabulary(tokenizer):
    assert len(tokenizer.token_bytes) == tokenizer.vocab_size


def test_a_vocabulary_without_special_tokens_has_none():
    tokenizer = Tokenizer(Inner(models.WordLevel({"a": 0, "b": 1}, unk_token="a")))

    assert (tokenizer.pad_id, tokenizer.unk_id) == (None, None)
    assert (tokenizer.bos_id, tokenizer.eos_id) == (None, None)


@each_kind
@pytest.mark.parametrize(
    ("sample", "message"),
    [("ab\ud800", "U\\+D800.*character 2"), ("\udfff", "U\\+DFFF.*character 0")],
)
def test_a_lone_surrogate_is_refused_with_its_place(tokenizer, sample, message):
    for encode in (tokenizer.encode, tokenizer.encode_ids):
        with pytest.raises(ValueError, match=message):
            encode(sample)
    with pytest.raises(ValueError, match=message):
        tokenizer.encode_ids_batch(["fine", sample])


def test_what_is_no_text_stays_a_type_error():
    with pytest.raises(TypeError):
        CHARACTERS.encode(7)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff", b'{"version": "1.0", "model": {}}', pickle.dumps({"a": 1})],
    ids=["empty", "object", "binary", "no model", "pickle"],
)
def test_what_is_no_tokenizer_is_refused(data):
    with pytest.raises(ValueError, match=r"not a tokenizer: ."):
        Tokenizer.from_bytes(data)


def test_a_vocabulary_with_a_gap_is_refused():
    with pytest.raises(ValueError, match="without a gap"):
        Tokenizer(Inner(models.WordLevel({"a": 0, "b": 2}, unk_token="a")))


def test_the_text_of_an_unknown_kind_of_token_is_not_guessed():
    inner = Inner(models.WordPiece({"ab": 0, "##cd": 1}, unk_token="ab"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()

    with pytest.raises(ValueError, match="WordPiece"):
        _ = Tokenizer(inner).token_bytes


def test_padding_and_truncation_stored_in_the_file_are_switched_off():
    inner = Inner.from_str(CHARACTERS.to_bytes().decode())
    inner.enable_padding(length=10)
    inner.enable_truncation(2)

    assert len(Tokenizer(inner).encode_ids("abcd")) == 4


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads through /proc")
def test_a_batch_starts_no_threads_so_that_a_fork_is_safe():
    code = """
import os, sys
from model_store import Tokenizer
Tokenizer.from_bytes(sys.stdin.buffer.read()).encode_ids_batch(["the film was good"] * 1000)
print(len(os.listdir("/proc/self/task")))
"""
    environment = {k: v for k, v in os.environ.items() if k != "TOKENIZERS_PARALLELISM"}
    result = subprocess.run(
        [sys.executable, "-c", code],
        input=BYTES.to_bytes(),
        env=environment,
        capture_output=True,
        check=True,
    )

    assert result.stdout.strip() == b"1"
