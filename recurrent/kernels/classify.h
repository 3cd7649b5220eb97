/* Text classifiers: what the last layer's states pool to, dense layers, n-grams, softmax. */

#ifndef RECURRENT_CLASSIFY_H
#define RECURRENT_CLASSIFY_H

#include "ngrams.h"

typedef struct {
    const Run *run;
    const Classifier *classifier;
    const Reading *reading;
    float *features; /* (answers, pooled): last, maximum and mean of all directions */
} Pooling;

static int64_t pooled_width(const Classifier *classifier) {
    return state_width(classifier->network) * (classifier->is_concat ? 3 : 1);
}

/* Takes a state into account, and keeps what there is where an answer is wanted. */
static void pool(void *context, int64_t direction, int64_t row, int64_t step, const float *hidden) {
    const Pooling *pooling = context;
    const Reading *reading = pooling->reading;
    const Batch *batch = pooling->run->batch;
    int64_t units = pooling->run->network->units, width = state_width(pooling->run->network);
    int64_t first = direction * units;
    float *highest = reading->highest + row * width + first;
    float *total = reading->total + row * width + first;
    int is_wanted = reading->is_each || step == batch->lengths[row] - 1;
    int64_t answer = reading->is_each ? step : row;
    float *features = pooling->features + answer * pooled_width(pooling->classifier) + first;
    V16 count = all((float)(reading->counts[row] + step + 1));
    for (int64_t unit = 0; unit < units; unit += WIDTH) {
        V16 state = load(hidden + unit);
        V16 peak = larger(state, load(highest + unit)), sum = load(total + unit) + state;
        store(highest + unit, peak);
        store(total + unit, sum);
        if (!is_wanted) continue;
        store(features + unit, state);
        if (!pooling->classifier->is_concat) continue;
        store(features + width + unit, peak);
        store(features + 2 * width + unit, sum / count);
    }
}

/* outputs (outputs) = inputs (inputs) times the weights, plus the bias, one input after another. */
static void run_dense(const Dense *dense, const float *inputs, int is_hidden, float *outputs) {
    for (int64_t first = 0; first < dense->outputs; first += 4 * WIDTH) {
        int64_t blocks = (dense->outputs - first) / WIDTH < 4 ? (dense->outputs - first) / WIDTH : 4;
        V16 sums[4];
        for (int64_t block = 0; block < 4; block++)
            sums[block] = block < blocks ? load(dense->bias + first + block * WIDTH) : all(0.0f);
        for (int64_t input = 0; input < dense->inputs; input++) {
            const float *weights = dense->weights + input * dense->outputs + first;
            for (int64_t block = 0; block < blocks; block++)
                sums[block] = sums[block] + inputs[input] * load(weights + block * WIDTH);
        }
        for (int64_t block = 0; block < blocks; block++)
            store(outputs + first + block * WIDTH,
                  is_hidden ? larger(sums[block], all(0.0f)) : sums[block]);
    }
}

/* Makes logits (padded to whole vectors) probabilities (num_classes). */
static void softmax(float *logits, int64_t num_classes, float *probs) {
    float peak = logits[0], sum = 0.0f;
    for (int64_t label = 1; label < num_classes; label++)
        if (logits[label] > peak) peak = logits[label];
    for (int64_t label = 0; label < num_classes; label += WIDTH) {
        V16 exponents = larger((load(logits + label) - peak) * LOG2_E, all(-126.0f));
        store(logits + label, power_of_2(smaller(exponents, all(0.0f))));
    }
    for (int64_t label = 0; label < num_classes; label++) sum += logits[label];
    for (int64_t label = 0; label < num_classes; label++) probs[label] = logits[label] / sum;
}

typedef struct {
    float *features, *wide[2], *ngram_logits, *ended;
    void *memory;
} Scratch;

static int64_t widest(const Classifier *classifier) {
    int64_t width = (classifier->num_classes + WIDTH - 1) / WIDTH * WIDTH;
    for (int64_t layer = 0; layer < classifier->num_dense; layer++)
        width = max_of(width, classifier->dense[layer].outputs);
    return width;
}

static int make_scratch(Scratch *scratch, const Classifier *classifier, int64_t answers) {
    int64_t features = answers * pooled_width(classifier), wide = widest(classifier);
    float *at = malloc((size_t)(features + 2 * wide + 2 * classifier->num_classes + 1) * sizeof *at);
    scratch->memory = at;
    if (at == NULL) return -1;
    scratch->features = at;
    scratch->wide[0] = at + features;
    scratch->wide[1] = scratch->wide[0] + wide;
    scratch->ngram_logits = scratch->wide[1] + wide;
    scratch->ended = scratch->ngram_logits + classifier->num_classes;
    return 0;
}

/* The probabilities of one answer. */
static void answer_one(const Classifier *classifier, const Reading *reading, Scratch *scratch,
                       int64_t answer) {
    const float *inputs = scratch->features + answer * pooled_width(classifier);
    float *outputs = scratch->wide[0];
    for (int64_t layer = 0; layer < classifier->num_dense; layer++) {
        outputs = scratch->wide[layer % 2];
        run_dense(classifier->dense + layer, inputs, layer < classifier->num_dense - 1, outputs);
        inputs = outputs;
    }
    for (int64_t label = 0; label < classifier->num_classes; label++) {
        outputs[label] /= reading->temperatures[answer];
        if (classifier->ngrams != NULL) outputs[label] += scratch->ngram_logits[label];
    }
    softmax(outputs, classifier->num_classes, reading->probs + answer * classifier->num_classes);
}

/* Reads a row's tokens once more, for their n-grams, and gives its answers. */
static void answer_row(const Pooling *pooling, Scratch *scratch, int64_t row) {
    const Classifier *classifier = pooling->classifier;
    const Reading *reading = pooling->reading;
    const Ngrams *ngrams = classifier->ngrams;
    int64_t length = pooling->run->batch->lengths[row], keys[MAX_ORDER];
    float *sums = NULL;
    if (ngrams != NULL) {
        first_keys(ngrams, reading->last_ids + row * (ngrams->order - 1), keys);
        sums = reading->ngram_sums + row * ngrams->width;
    }
    for (int64_t step = 0; step < length; step++) {
        int is_wanted = reading->is_each || step == length - 1;
        if (ngrams != NULL) {
            int64_t place = token_place(pooling->run, 0, row, step);
            next_keys(ngrams, pooling->run->batch->token_ids[place], keys);
            add_ngrams(ngrams, keys, sums);
            if (is_wanted) ngram_logits(ngrams, keys, sums, scratch->ended, scratch->ngram_logits);
        }
        if (is_wanted) answer_one(classifier, reading, scratch, reading->is_each ? step : row);
    }
}

/* Reads a batch of texts and writes `reading->probs`; returns 0, or -1 if there is no memory. */
static int classify(const Classifier *classifier, const Batch *batch, const Reading *reading) {
    Run run;
    Scratch scratch;
    int64_t answers = reading->is_each ? batch->steps : batch->rows;
    if (begin(&run, classifier->network, batch)) return -1;
    if (make_scratch(&scratch, classifier, answers)) {
        end(&run);
        return -1;
    }
    Pooling pooling = {&run, classifier, reading, scratch.features};
    run_layers(&run, pool, &pooling);
    for (int64_t row = 0; row < batch->rows; row++) answer_row(&pooling, &scratch, row);
    free(scratch.memory);
    end(&run);
    return 0;
}

#endif
