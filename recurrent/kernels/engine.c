/* The recurrent engine, compiled once for each instruction set: PATH is the end of its names.

   Whole numbers are summed exactly and floats are handled alike everywhere (floats.h), so a text has
   the same bits alone, in any batch and on any processor. */

#include "classify.h"
#include "generate.h"

#define JOIN(name, path) name##_##path
#define NAMED(name, path) JOIN(name, path)

int NAMED(classify, PATH)(const Classifier *classifier, const Batch *batch, const Reading *reading) {
    return classify(classifier, batch, reading);
}

int NAMED(tabulate, PATH)(const Network *network, int64_t direction, int64_t count, float *table) {
    return tabulate(network, direction, count, table);
}

int NAMED(predict, PATH)(const Network *network, const Batch *batch, int64_t is_each, float *logits) {
    return predict(network, batch, is_each, logits);
}
