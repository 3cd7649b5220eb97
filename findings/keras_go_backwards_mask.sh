#!/bin/sh
# Keras 3.15.1 reverses the outputs of a recurrent layer with go_backwards=True and
# return_sequences=True, but not the mask that it passes on: a layer above reads the steps of the
# padding and leaves out those of the text. With texts padded at their end and as many zeros as
# tokens, a masked network so built reads nothing of them: every text has the same answer. (A
# Bidirectional layer is right: it turns the outputs back.)
# Seen on 2026-11-28 with Python 3.11, Keras 3.15.1 over jax 0.8.0 (over torch 2.13.0 alike):
#   padded before: differ by 0.0220  padded after: differ by 0.0000
# Remedy: a Bidirectional layer, or no mask.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.8.0
KERAS_BACKEND=jax KERAS_HOME="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import keras

layers = keras.layers
keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((4,)),
        layers.Embedding(10, 4, mask_zero=True),
        layers.GRU(4, go_backwards=True, return_sequences=True),
        layers.GRU(3),
    ]
)


def difference(padding):
    """Return by how much the answers to two texts differ."""
    rows = keras.utils.pad_sequences([[3, 5], [7, 2]], maxlen=4, padding=padding)
    first, second = model.predict(rows, verbose=0)
    return float(abs(first - second).max())


before, after = difference("pre"), difference("post")
print(f"padded before: differ by {before:.4f}  padded after: differ by {after:.4f}")
assert after == 0.0 and before > 0.001, "the mask goes along now"
PYTHON
