/* Prints what a made-up network answers, as one number: the same from every path and processor.

   Compiled with -DPATH=name beside engine.c of the same path; runs where Python does not, such as
   under an emulator of another processor. */

#include <stdio.h>
#include <stdlib.h>

#include "../../recurrent/kernels/layout.h"

#define JOIN(name, path) name##_##path
#define NAMED(name, path) JOIN(name, path)

int NAMED(classify, PATH)(const Classifier *, const Batch *, const Reading *);
int NAMED(predict, PATH)(const Network *, const Batch *, int64_t, float *);
int NAMED(tabulate, PATH)(const Network *, int64_t, int64_t, float *);

enum { LAYERS = 2, DIRECTIONS = 2, UNITS = 48, VOCAB = 64, ROWS = 7, STEPS = 90, CLASSES = 3 };

static uint64_t seed = 1;

static uint32_t draw(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static void *zeros(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) exit(1);
    return memory;
}

static float *floats(int64_t count, float size) {
    float *drawn = zeros((size_t)count, sizeof *drawn);
    for (int64_t place = 0; place < count; place++)
        drawn[place] = ((float)(draw() % 2001) - 1000.0f) / 1000.0f * size;
    return drawn;
}

static Matrix matrix(int64_t blocks, int64_t quads) {
    int8_t *packed = zeros((size_t)(blocks * quads), 64);
    int32_t *offsets = zeros((size_t)blocks, 64);
    for (int64_t place = 0; place < blocks * quads * 64; place++) {
        packed[place] = (int8_t)((int)(draw() % 255) - 127);
        offsets[place / (quads * 64) * 16 + place % 64 / 4] -= 128 * packed[place];
    }
    return (Matrix){packed, floats(blocks * 16, 0.002f), offsets, floats(blocks * 16, 1.0f), blocks,
                    quads};
}

static uint64_t add(uint64_t digest, const float *values, int64_t count) {
    for (int64_t place = 0; place < count; place++) {
        uint32_t bits;
        __builtin_memcpy(&bits, values + place, sizeof bits);
        digest = (digest ^ bits) * 1099511628211u;
    }
    return digest;
}

static uint64_t digest_of(int64_t cell, int64_t gates, uint64_t digest) {
    Direction directions[LAYERS * DIRECTIONS];
    for (int64_t place = 0; place < LAYERS * DIRECTIONS; place++) {
        int64_t inputs = place < DIRECTIONS ? 8 : DIRECTIONS * UNITS / 4;
        Matrix input = matrix(gates * UNITS / 16, inputs);
        directions[place] = (Direction){input, matrix(gates * UNITS / 16, UNITS / 4), NULL, 0};
    }
    uint8_t *embedding = zeros(VOCAB, 32);
    for (int64_t place = 0; place < VOCAB * 32; place++) embedding[place] = (uint8_t)(1 + draw() % 255);
    Matrix decoder = matrix(VOCAB / 16, DIRECTIONS * UNITS / 4);
    Network network = {cell, LAYERS, DIRECTIONS, UNITS, directions, embedding, floats(VOCAB, 0.01f),
                       8, &decoder};
    for (int64_t direction = 0; direction < DIRECTIONS; direction++) {
        float *table = zeros((size_t)(VOCAB / 2 * gates * UNITS), sizeof *table);
        NAMED(tabulate, PATH)(&network, direction, VOCAB / 2, table);
        directions[direction].table = table;
        directions[direction].table_rows = VOCAB / 2;
    }
    int32_t lengths[ROWS], active[STEPS], token_ids[ROWS * STEPS], counts[ROWS] = {0};
    for (int row = 0; row < ROWS; row++) lengths[row] = STEPS - 11 * row;
    for (int step = 0; step < STEPS; step++) {
        active[step] = 0;
        for (int row = 0; row < ROWS; row++) active[step] += lengths[row] > step;
    }
    for (int place = 0; place < ROWS * STEPS; place++) token_ids[place] = (int32_t)(draw() % VOCAB);
    int64_t states = LAYERS * DIRECTIONS * ROWS * UNITS, width = DIRECTIONS * UNITS;
    float *hidden = floats(states, 0.9f), *cells = floats(states, 2.0f), probs[ROWS * CLASSES];
    Batch batch = {ROWS, STEPS, token_ids, active, lengths, hidden, cells};
    Dense dense[2] = {{floats(3 * width * 16, 0.3f), floats(16, 1.0f), 3 * width, 16},
                      {floats(16 * 16, 0.3f), floats(16, 1.0f), 16, 16}};
    Classifier classifier = {&network, 1, 2, CLASSES, dense, NULL};
    Reading reading = {floats(ROWS * width, 0.1f), floats(ROWS * width, 0.1f), NULL, counts, NULL,
                       floats(ROWS, 0.0f), 0, probs};
    for (int row = 0; row < ROWS; row++) ((float *)reading.temperatures)[row] = 1.0f + 0.1f * (float)row;
    NAMED(classify, PATH)(&classifier, &batch, &reading);
    digest = add(add(digest, probs, ROWS * CLASSES), hidden, states);
    float *logits = zeros(ROWS * VOCAB, sizeof *logits);
    NAMED(predict, PATH)(&network, &batch, 0, logits);
    return add(add(digest, logits, ROWS * VOCAB), cells, states);
}

int main(void) {
    uint64_t digest = 14695981039346656037u;
    digest = digest_of(RNN, 1, digest);
    digest = digest_of(LSTM, 4, digest);
    digest = digest_of(GRU, 3, digest);
    printf("%016llx\n", (unsigned long long)digest);
    return 0;
}
