/* All layers over a batch of texts, one layer after the other. */

#ifndef RECURRENT_LAYERS_H
#define RECURRENT_LAYERS_H

#include <stdlib.h>

#include "cells.h"
#include "products.h"

#define WINDOW 64 /* tokens whose inputs are multiplied at once, while the weights are at hand */
#define OF_STATE (1.0f / 127.0f)

/* What somebody wants to see of the last layer: called with each row's state after each step. */
typedef void (*Seen)(void *context, int64_t direction, int64_t row, int64_t step, const float *hidden);

typedef struct {
    const Network *network;
    const Batch *batch;
    int64_t *starts;      /* (steps + 1): where each step's tokens begin */
    uint8_t *states[2];   /* (tokens, directions * units): inputs and outputs of a layer */
    uint8_t *gathered;    /* (window, inputs): inputs in the order in which they are read */
    float *input_scales;  /* (window) */
    float *state_scales;  /* (rows or window): all 1/127 */
    float *computed;      /* (window, gates) */
    const float **of_input; /* (window): where each token's part of the gates is */
    float *of_hidden;     /* (rows, gates) */
    uint8_t *rounded;     /* (directions, rows, units): the states as inputs, after the last layer */
    void *memory;
} Run;

INLINE int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t state_width(const Network *network) {
    return network->num_directions * network->units;
}

/* Returns a part of one piece of memory, and moves on. */
static void *cut(char **from, int64_t bytes) {
    void *part = *from;
    *from += (bytes + 63) / 64 * 64;
    return part;
}

/* Lays out the run's buffers from `from` on; returns the bytes that they take. */
static int64_t lay_out(Run *run, int64_t tokens, char *from) {
    const Network *network = run->network;
    int64_t rows = run->batch->rows, window = max_of(WINDOW, rows), width = state_width(network);
    int64_t gates = num_gates(network->cell) * network->units;
    char *at = from;
    run->starts = cut(&at, (run->batch->steps + 1) * (int64_t)sizeof(int64_t));
    run->states[0] = cut(&at, tokens * width);
    run->states[1] = cut(&at, tokens * width);
    run->gathered = cut(&at, window * max_of(width, network->input_quads * QUAD));
    run->input_scales = cut(&at, window * (int64_t)sizeof(float));
    run->state_scales = cut(&at, max_of(window, tokens) * (int64_t)sizeof(float));
    run->computed = cut(&at, window * gates * (int64_t)sizeof(float));
    run->of_input = cut(&at, window * (int64_t)sizeof(float *));
    run->of_hidden = cut(&at, rows * gates * (int64_t)sizeof(float));
    run->rounded = cut(&at, rows * width);
    return at - from;
}

/* Returns 0, or -1 if there is no memory. */
static int begin(Run *run, const Network *network, const Batch *batch) {
    int64_t tokens = 0;
    for (int64_t step = 0; step < batch->steps; step++) tokens += batch->active[step];
    run->network = network;
    run->batch = batch;
    run->memory = malloc((size_t)lay_out(run, tokens, NULL) + 64);
    if (run->memory == NULL) return -1;
    lay_out(run, tokens, (char *)(((uintptr_t)run->memory + 63) / 64 * 64));
    run->starts[0] = 0;
    for (int64_t step = 0; step < batch->steps; step++)
        run->starts[step + 1] = run->starts[step] + batch->active[step];
    for (int64_t place = 0; place < max_of(max_of(WINDOW, batch->rows), tokens); place++)
        run->state_scales[place] = OF_STATE;
    return 0;
}

static void end(Run *run) { free(run->memory); }

/* A token's vector, from the embedding or from the row of the packed decoder that it is tied to. */
static void embed(const Network *network, int64_t token, uint8_t *to) {
    int64_t bytes = network->input_quads * QUAD;
    if (network->embedding != NULL) {
        memcpy(to, network->embedding + token * bytes, (size_t)bytes);
        return;
    }
    for (int64_t quad = 0; quad < network->input_quads; quad++) {
        int64_t place = token % WIDTH * QUAD;
        int32_t four;
        memcpy(&four, weights_of(network->decoder, token / WIDTH, quad) + place, sizeof four);
        four ^= (int32_t)0x80808080;
        memcpy(to + quad * QUAD, &four, sizeof four);
    }
}

/* Where a row's token of a step lies; backwards, steps count from the row's end. */
INLINE int64_t token_place(const Run *run, int64_t direction, int64_t row, int64_t step) {
    int64_t place = direction ? run->batch->lengths[row] - 1 - step : step;
    return run->starts[place] + row;
}

/* Multiplies the inputs of the steps from `first` up to `stop`, so that `of_input` says for each of
   their tokens, in the order in which they are read, where its part of the gates is. */
static void multiply_inputs(Run *run, int64_t layer, int64_t direction, int64_t first,
                            int64_t stop) {
    const Network *network = run->network;
    const Batch *batch = run->batch;
    const Direction *weights = network->directions + layer * network->num_directions + direction;
    int64_t width = layer ? state_width(network) : network->input_quads * QUAD;
    int64_t gates = weights->input.blocks * WIDTH, count = 0, place_in_window = 0;
    const uint8_t *from = run->states[(layer + 1) % 2];
    for (int64_t step = first; step < stop; step++) {
        for (int64_t row = 0; row < batch->active[step]; row++, place_in_window++) {
            int64_t place = token_place(run, direction, row, step);
            int64_t token = layer ? 0 : batch->token_ids[place];
            if (!layer && token < weights->table_rows) {
                run->of_input[place_in_window] = weights->table + token * gates;
                continue;
            }
            run->of_input[place_in_window] = run->computed + count * gates;
            uint8_t *to = run->gathered + count * width;
            if (layer) {
                memcpy(to, from + place * width, (size_t)width);
            } else {
                embed(network, token, to);
                run->input_scales[count] = network->embedding_scales[token];
            }
            count++;
        }
    }
    Inputs inputs = {run->gathered, width, layer ? run->state_scales : run->input_scales};
    multiply(&weights->input, inputs, count, run->computed);
}

/* Writes the first layer's products of the tokens 0, 1, ... in one direction; returns 0, or -1 if
   there is no memory. */
static int tabulate(const Network *network, int64_t direction, int64_t count, float *table) {
    const Matrix *matrix = &network->directions[direction].input;
    int64_t bytes = network->input_quads * QUAD;
    uint8_t *vectors = malloc((size_t)(count * bytes));
    if (vectors == NULL) return -1;
    for (int64_t token = 0; token < count; token++) embed(network, token, vectors + token * bytes);
    multiply(matrix, (Inputs){vectors, bytes, network->embedding_scales}, count, table);
    free(vectors);
    return 0;
}

/* Runs one layer in one direction over the batch. */
static void run_layer(Run *run, int64_t layer, int64_t direction, Seen seen, void *context) {
    const Network *network = run->network;
    const Batch *batch = run->batch;
    int64_t units = network->units, width = state_width(network);
    int64_t gates = num_gates(network->cell) * units;
    int64_t place = layer * network->num_directions + direction;
    const Direction *weights = network->directions + place;
    float *hidden = batch->hidden + place * batch->rows * units;
    float *cell = batch->cell + place * batch->rows * units;
    uint8_t *rounded = run->rounded + direction * batch->rows * units;
    uint8_t *outputs = run->states[layer % 2] + direction * units;
    for (int64_t unit = 0; unit < batch->rows * units; unit += WIDTH)
        store_rounded(rounded + unit, load(hidden + unit));
    for (int64_t first = 0, stop; first < batch->steps; first = stop) {
        stop = first + 1;
        while (stop < batch->steps && run->starts[stop + 1] - run->starts[first] <= WINDOW) stop++;
        multiply_inputs(run, layer, direction, first, stop);
        const float **of_input = run->of_input;
        for (int64_t step = first; step < stop; step++) {
            int64_t active = batch->active[step];
            Inputs before = {rounded, units, run->state_scales};
            multiply(&weights->hidden, before, active, run->of_hidden);
            for (int64_t row = 0; row < active; row++, of_input++) {
                float *state = hidden + row * units;
                step_row(network->cell, units, *of_input, run->of_hidden + row * gates, state,
                         cell + row * units, rounded + row * units);
                int64_t to = token_place(run, direction, row, step);
                memcpy(outputs + to * width, rounded + row * units, (size_t)units);
                if (seen != NULL) seen(context, direction, row, step, state);
            }
        }
    }
}

static void run_layers(Run *run, Seen seen, void *context) {
    int64_t num_layers = run->network->num_layers;
    for (int64_t layer = 0; layer < num_layers; layer++)
        for (int64_t direction = 0; direction < run->network->num_directions; direction++)
            run_layer(run, layer, direction, layer == num_layers - 1 ? seen : NULL, context);
}

#endif
