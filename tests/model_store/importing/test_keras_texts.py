"""Texts become the tokens that Keras' own functions make of them, whatever is in them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_store import Tokenizer
from model_store.importing.text import Reading, keras_tokenizer, vocabulary_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore")
LETTERS = "aAbBcC ÄÖßİıΣσςЖж日\t\n\r!?.,-'`[]\\^&~#\u00a0<>é\u0301𝔘"
TEXT = st.text(st.sampled_from(LETTERS), max_size=30)


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    fitted=st.lists(TEXT, min_size=1, max_size=8),
    sent=st.lists(TEXT, min_size=1, max_size=8),
    num_words=st.sampled_from([None, 3, 10]),
    lower=st.booleans(),
    char_level=st.booleans(),
    oov=st.sampled_from([None, "<OOV>"]),
    split=st.sampled_from([" ", "a", "||"]),
    filters=st.sampled_from(["", "[]^-", "\\&~", '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n']),
)
def test_a_keras_tokenizer_reads_every_text_as_keras_does(keras, fitted, sent, **flags):
    from keras.src.legacy.preprocessing.text import Tokenizer as KerasTokenizer

    flags["oov_token"] = flags.pop("oov")
    theirs = KerasTokenizer(**flags)
    theirs.fit_on_texts(fitted)
    if not theirs.word_index:
        return

    made = keras_tokenizer(json.loads(theirs.to_json())["config"])
    ours = Tokenizer.from_bytes(made.to_bytes())

    wanted = theirs.texts_to_sequences(sent)
    assert ours.encode_ids_batch(sent) == wanted
    assert [ours.encode(text).token_ids for text in sent] == wanted


def test_a_word_that_is_left_out_leaves_the_offsets_of_the_others():
    ours = keras_tokenizer({"word_index": json.dumps({"good": 1, "film": 2})})

    encoding = ours.encode("A GOOD, old film!")

    assert encoding.token_ids == [1, 2]
    assert ["A GOOD, old film!"[a:b] for a, b in encoding.offsets] == ["GOOD", "film"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It's GOOD.", ["its", "good"]),
        ("a-b  c\t\nd", ["ab", "[UNK]", "d"]),
        ("ÄPFEL good", ["[UNK]", "good"]),  # TensorFlow lowers ASCII alone
        ("... !", []),
    ],
)
def test_a_vocabulary_is_read_as_text_vectorization_reads_it(text, tokens):
    vocabulary = ["", "[UNK]", "its", "good", "ab", "d", "äpfel"]

    ours = vocabulary_tokenizer(vocabulary, Reading())

    assert [vocabulary[one] for one in ours.encode_ids(text)] == tokens


def test_a_vocabulary_without_its_two_special_tokens_gets_them():
    ours = vocabulary_tokenizer(["good", "film"], Reading())

    assert ours.encode_ids("good other film") == [2, 1, 3]
