/* What Python hands over: weights as they lie in the store's file, and one call's buffers.

   Every width is padded to 16 "units" with zeros. A matrix is packed so that one instruction
   multiplies 16 outputs by 4 inputs, in the order in which they are read:

       block 0            outputs 0 ... 15
         quad 0           inputs 0 1 2 3 of output 0 | of output 1 | ... | of output 15   (64 bytes)
         quad 1           inputs 4 5 6 7 of output 0 | ...
         ...
       block 1            outputs 16 ... 31

   The outputs of a recurrent layer are ordered so that a unit's gates are found side by side:

       block 0  first gate of units 0 ... 15     block 1  second gate of units 0 ... 15   ...

   Texts are laid out by steps, longest text first, so that those that still have a token at a step
   are the first ones:

       token_ids   a0 b0 c0 | a1 b1 c1 | a2 b2 | a3        active   3 3 2 1      lengths   4 3 2

   Inputs of products are unsigned bytes with 128 for zero. A state lies in [-1, 1], so it is
   rounded to 1/127 wherever it is from: no scale depends on other texts. */

#ifndef RECURRENT_LAYOUT_H
#define RECURRENT_LAYOUT_H

#include <stdint.h>

#define WIDTH 16

enum { RNN = 0, LSTM = 1, GRU = 2 };

typedef struct {
    const int8_t *packed;   /* (blocks, quads, 16, 4) */
    const float *scales;    /* (blocks * 16): an output is the sum of products times its scale */
    const int32_t *offsets; /* (blocks * 16): -128 times the sum of an output's weights */
    const float *bias;      /* (blocks * 16) */
    int64_t blocks, quads;
} Matrix;

typedef struct {
    Matrix input, hidden;
    const float *table; /* (table_rows, blocks * 16) of the first layer: `input` times these tokens */
    int64_t table_rows;
} Direction;

typedef struct {
    int64_t cell, num_layers, num_directions, units;
    const Direction *directions;    /* (num_layers, num_directions) */
    const uint8_t *embedding;       /* (vocab_size, input_quads * 4); NULL: the rows of `decoder` */
    const float *embedding_scales;  /* (vocab_size) */
    int64_t input_quads;
    const Matrix *decoder;          /* of a language model */
} Network;

typedef struct {
    int64_t rows, steps;
    const int32_t *token_ids; /* by steps */
    const int32_t *active;    /* (steps) */
    const int32_t *lengths;   /* (rows), falling */
    float *hidden, *cell;     /* (num_layers, num_directions, rows, units): before, then after */
} Batch;

typedef struct {
    const float *weights; /* (inputs, outputs) */
    const float *bias;    /* (outputs) */
    int64_t inputs, outputs;
} Dense;

typedef struct {
    int64_t order, vocab_size, num_buckets, width;
    const int32_t *buckets; /* (num_buckets): row of the table by key modulo num_buckets */
    const int64_t *keys;    /* (rows): the key whose row it is */
    const void *table;      /* (rows, width): weight of each class, then the squared scale */
    int64_t is_half;        /* whether the table holds 16-bit floats */
    const float *bias;      /* (width - 1) */
} Ngrams;

typedef struct {
    const Network *network;
    int64_t is_concat; /* pooled: last, maximum and mean; else the last state alone */
    int64_t num_dense, num_classes;
    const Dense *dense; /* hidden layers, each through ReLU, then the output layer */
    const Ngrams *ngrams;
} Classifier;

typedef struct {
    float *highest, *total; /* (rows, num_directions * units): before, then after */
    float *ngram_sums;      /* (rows, width): before, then after */
    const int32_t *counts;  /* (rows): tokens read before */
    const int32_t *last_ids;   /* (rows, order - 1): the last of them, -2 for none */
    const float *temperatures; /* (answers): what the network's logits are divided by */
    int64_t is_each;           /* an answer after each token (of one text), not one a text */
    float *probs;              /* (answers, num_classes) */
} Reading;

#endif
