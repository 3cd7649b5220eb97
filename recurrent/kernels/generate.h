/* Language models: the logits of what comes next. */

#ifndef RECURRENT_GENERATE_H
#define RECURRENT_GENERATE_H

#include "layers.h"

/* Reads a batch of texts and writes logits (rows, decoder blocks * 16) of the token after each, or if
   `is_each` (one text) after each of its tokens; returns 0, or -1 if there is no memory. */
static int predict(const Network *network, const Batch *batch, int64_t is_each, float *logits) {
    Run run;
    if (begin(&run, network, batch)) return -1;
    run_layers(&run, NULL, NULL);
    int64_t width = state_width(network);
    const uint8_t *after_each = run.states[(network->num_layers - 1) % 2];
    Inputs states = {is_each ? after_each : run.rounded, width, run.state_scales};
    multiply(network->decoder, states, is_each ? batch->steps : batch->rows, logits);
    end(&run);
    return 0;
}

#endif
