/* One step of each cell for sixteen units, as in training/nets/cells.py: gates of inputs and of the
   state in, the next state out. A unit's gates lie 16 floats apart. */

#ifndef RECURRENT_CELLS_H
#define RECURRENT_CELLS_H

#include "floats.h"

INLINE V16 gate(const float *of_input, const float *of_hidden, int place) {
    return load(of_input + place * WIDTH) + load(of_hidden + place * WIDTH);
}

INLINE V16 rnn_step(const float *of_input, const float *of_hidden) {
    return hyperbolic_tangent(gate(of_input, of_hidden, 0));
}

/* Gates i, f, g, o. */
INLINE V16 lstm_step(const float *of_input, const float *of_hidden, float *cell) {
    V16 written = sigmoid(gate(of_input, of_hidden, 0));
    V16 kept = sigmoid(gate(of_input, of_hidden, 1));
    V16 candidate = hyperbolic_tangent(gate(of_input, of_hidden, 2));
    V16 shown = sigmoid(gate(of_input, of_hidden, 3));
    V16 next = kept * load(cell) + written * candidate;
    store(cell, next);
    return shown * hyperbolic_tangent(next);
}

/* Gates r, z, n; the reset gate after the product. */
INLINE V16 gru_step(const float *of_input, const float *of_hidden, V16 hidden) {
    V16 reset = sigmoid(gate(of_input, of_hidden, 0));
    V16 update = sigmoid(gate(of_input, of_hidden, 1));
    V16 candidate = load(of_input + 2 * WIDTH) + reset * load(of_hidden + 2 * WIDTH);
    return (1.0f - update) * hyperbolic_tangent(candidate) + update * hidden;
}

INLINE int num_gates(int64_t cell) { return cell == LSTM ? 4 : cell == GRU ? 3 : 1; }

/* The next state of one row: `hidden` (units), `cell` (units) and `rounded`, the next input. */
static void step_row(int64_t kind, int64_t units, const float *of_input, const float *of_hidden,
                     float *hidden, float *cell, uint8_t *rounded) {
    int64_t span = num_gates(kind) * WIDTH;
    for (int64_t unit = 0; unit < units; unit += WIDTH) {
        V16 next;
        if (kind == LSTM)
            next = lstm_step(of_input, of_hidden, cell + unit);
        else if (kind == GRU)
            next = gru_step(of_input, of_hidden, load(hidden + unit));
        else
            next = rnn_step(of_input, of_hidden);
        store(hidden + unit, next);
        store_rounded(rounded + unit, next);
        of_input += span;
        of_hidden += span;
    }
}

#endif
