/* The linear path of a classifier: what training/nets/ngrams.py says, one text at a time. */

#ifndef RECURRENT_NGRAMS_H
#define RECURRENT_NGRAMS_H

#include <math.h>

#include "layers.h"

#define START 1
#define END 2
#define NUM_RESERVED 3
#define MAX_ORDER 64
#define TINY 1e-6f /* under any n-gram's squared scale */

static void add_ngram(const Ngrams *ngrams, int64_t key, float *sums) {
    int64_t row = ngrams->buckets[key % ngrams->num_buckets];
    if (ngrams->keys[row] != key) return;
    if (ngrams->is_half) {
        const uint16_t *values = (const uint16_t *)ngrams->table + row * ngrams->width;
        for (int64_t place = 0; place < ngrams->width; place++) sums[place] += of_half(values[place]);
    } else {
        const float *values = (const float *)ngrams->table + row * ngrams->width;
        for (int64_t place = 0; place < ngrams->width; place++) sums[place] += values[place];
    }
}

/* Replaces `keys` (order), those of the n-grams that end at one token, shortest first, by those of the
   next token; -1 where one would begin before the place in front of the text. */
static void next_keys(const Ngrams *ngrams, int64_t token, int64_t *keys) {
    int64_t base = ngrams->vocab_size + NUM_RESERVED;
    for (int64_t place = ngrams->order - 1; place > 0; place--)
        keys[place] = keys[place - 1] < 0 ? -1 : keys[place - 1] * base + token + NUM_RESERVED;
    keys[0] = token + NUM_RESERVED;
}

/* The keys after the last tokens of what was read before, -2 for none. */
static void first_keys(const Ngrams *ngrams, const int32_t *last_ids, int64_t *keys) {
    keys[0] = START;
    for (int64_t place = 1; place < ngrams->order; place++) keys[place] = -1;
    for (int64_t place = 0; place < ngrams->order - 1; place++)
        if (last_ids[place] >= 0) next_keys(ngrams, last_ids[place], keys);
}

static void add_ngrams(const Ngrams *ngrams, const int64_t *keys, float *sums) {
    for (int64_t place = 0; place < ngrams->order; place++)
        if (keys[place] >= 0) add_ngram(ngrams, keys[place], sums);
}

/* logits (width - 1) as of a text that ends here; `ended` (width) is for its use. */
static void ngram_logits(const Ngrams *ngrams, const int64_t *keys, const float *sums, float *ended,
                         float *logits) {
    int64_t base = ngrams->vocab_size + NUM_RESERVED, last = ngrams->width - 1;
    memcpy(ended, sums, (size_t)ngrams->width * sizeof(float));
    for (int64_t place = 0; place < ngrams->order - 1; place++)
        if (keys[place] >= 0) add_ngram(ngrams, keys[place] * base + END, ended);
    float norm = sqrtf(ended[last] > TINY ? ended[last] : TINY);
    for (int64_t label = 0; label < last; label++)
        logits[label] = ended[label] / norm + ngrams->bias[label];
}

#endif
