"""What Keras' own legacy text functions do: the oracle of tokenizers and padding."""

import numpy as np


def tokenizer_of(keras, **settings):
    from keras.src.legacy.preprocessing.text import Tokenizer

    from tests.model_store.importing.architectures import VOCABULARY

    made = Tokenizer(**settings)
    # each word once more than the next, so that ids are as listed
    made.fit_on_texts([" ".join(VOCABULARY[:place]) for place in range(1, len(VOCABULARY) + 1)])
    return made


def padded(keras, tokenizer, texts, drawn):
    rows = tokenizer.texts_to_sequences(texts)
    pad = keras.utils.pad_sequences
    return np.asarray(
        pad(rows, maxlen=drawn.max_len, padding=drawn.padding, truncating=drawn.truncating)
    )
