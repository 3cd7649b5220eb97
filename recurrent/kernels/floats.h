/* Sixteen floats at once, with the same bits from every instruction set.

   IEEE 754 lays down sums, products, quotients and square roots to the last bit, so it is enough
   that all paths take the same ones in the same order: nothing is fused (-ffp-contract=off), no
   sum runs across lanes, and no function comes from a library. */

#ifndef RECURRENT_FLOATS_H
#define RECURRENT_FLOATS_H

#include <stdint.h>
#include <string.h>

#include "layout.h"

typedef float V16 __attribute__((vector_size(64)));
typedef int32_t V16i __attribute__((vector_size(64)));
typedef uint8_t V16b __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))

#define TO_INTEGER 12582912.0f /* 1.5 * 2^23: adding it rounds to a whole number, half to even */
#define LOG2_E 1.44269504f

INLINE V16 load(const float *from) {
    V16 value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store(float *to, V16 value) { memcpy(to, &value, sizeof value); }

INLINE V16 all(float value) { return value - (V16){0}; }

/* The larger and the smaller of two; the second where they are equal or one is not a number. x86's
   vmaxps and vminps say just that, which compilers do not see in the plain form. */
#if defined(__AVX512F__)

#include <immintrin.h>

INLINE V16 larger(V16 a, V16 b) { return (V16)_mm512_max_ps((__m512)a, (__m512)b); }

INLINE V16 smaller(V16 a, V16 b) { return (V16)_mm512_min_ps((__m512)a, (__m512)b); }

#else

INLINE V16 choose(V16i is_first, V16 a, V16 b) {
    return (V16)((is_first & (V16i)a) | (~is_first & (V16i)b));
}

INLINE V16 larger(V16 a, V16 b) { return choose(a > b, a, b); }

INLINE V16 smaller(V16 a, V16 b) { return choose(a < b, a, b); }

#endif

/* 2 to the power of x in [-126, 126]. The polynomial is 1 + f * q(f), so that 2^0 is 1; q interpolates
   (2^f - 1) / f at the Chebyshev points of [-1/2, 1/2]. The relative error is at most 2.9e-7. */
INLINE V16 power_of_2(V16 x) {
    V16 whole = (x + TO_INTEGER) - TO_INTEGER;
    V16 f = x - whole;
    V16 p = all(1.3381302e-3f);
    p = p * f + 9.666368e-3f;
    p = p * f + 5.550381e-2f;
    p = p * f + 2.402235e-1f;
    p = p * f + 6.931472e-1f;
    p = p * f + 1.0f;
    V16i exponent = (__builtin_convertvector(whole, V16i) + 127) << 23;
    V16 scale;
    memcpy(&scale, &exponent, sizeof scale);
    return p * scale;
}

INLINE V16 sigmoid(V16 x) {
    x = smaller(larger(x, all(-40.0f)), all(40.0f));
    return 1.0f / (1.0f + power_of_2(x * -LOG2_E));
}

INLINE V16 hyperbolic_tangent(V16 x) {
    x = smaller(larger(x, all(-20.0f)), all(20.0f));
    V16 t = power_of_2(x * (-2.0f * LOG2_E));
    return (1.0f - t) / (1.0f + t);
}

/* A state as an input of the next product. */
INLINE void store_rounded(uint8_t *to, V16 state) {
    V16i whole = __builtin_convertvector((state * 127.0f + TO_INTEGER) - TO_INTEGER, V16i);
    V16b bytes = __builtin_convertvector(whole + 128, V16b);
    memcpy(to, &bytes, sizeof bytes);
}

INLINE float of_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff, bits;
    float value;
    if (rest < 0x0400) { /* zero, or too small for an exponent: a multiple of 2^-24 */
        value = (float)rest * 5.9604644775390625e-8f;
        memcpy(&bits, &value, sizeof bits);
    } else {
        bits = (rest << 13) + (112u << 23);
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
