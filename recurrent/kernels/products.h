/* Products of 8-bit inputs with packed 8-bit weights: whole numbers, the same in any order.

   `multiply_tile` is all that differs between instruction sets. It returns, for some rows of inputs
   and some blocks of outputs, the sums of (input - 128) * weight. */

#ifndef RECURRENT_PRODUCTS_H
#define RECURRENT_PRODUCTS_H

#include "floats.h"

#define TILE 4 /* rows, and blocks, at most */
#define QUAD 4
#define BLOCK_BYTES (WIDTH * QUAD)

INLINE const int8_t *weights_of(const Matrix *matrix, int64_t block, int64_t quad) {
    return matrix->packed + (block * matrix->quads + quad) * BLOCK_BYTES;
}

INLINE int32_t quad_of(const uint8_t *inputs, int64_t quad) {
    int32_t four;
    memcpy(&four, inputs + quad * QUAD, sizeof four);
    return four;
}

#if defined(__AVX512VNNI__) && defined(__AVX512F__)

#include <immintrin.h>

/* vpdpbusd multiplies unsigned by signed bytes, so the 128 is taken off by `offsets`. */
INLINE void multiply_tile(const Matrix *matrix, int64_t block, const int blocks,
                          const uint8_t *inputs, int64_t stride, const int rows,
                          V16i sums[TILE][TILE]) {
    __m512i acc[TILE][TILE];
    for (int b = 0; b < blocks; b++)
        for (int r = 0; r < rows; r++)
            acc[r][b] = _mm512_loadu_si512(matrix->offsets + (block + b) * WIDTH);
    for (int64_t quad = 0; quad < matrix->quads; quad++) {
        __m512i weights[TILE];
        for (int b = 0; b < blocks; b++)
            weights[b] = _mm512_loadu_si512(weights_of(matrix, block + b, quad));
        for (int r = 0; r < rows; r++) {
            __m512i four = _mm512_set1_epi32(quad_of(inputs + r * stride, quad));
            for (int b = 0; b < blocks; b++)
                acc[r][b] = _mm512_dpbusd_epi32(acc[r][b], four, weights[b]);
        }
    }
    for (int b = 0; b < blocks; b++)
        for (int r = 0; r < rows; r++) memcpy(&sums[r][b], &acc[r][b], sizeof acc[r][b]);
}

#elif defined(__AVX2__)

#include <immintrin.h>

/* Bytes are widened to 16 bits: sums of two products of bytes would not fit vpmaddubsw. Each
   accumulator holds two sums an output, for four outputs. */
INLINE void multiply_rows(const Matrix *matrix, int64_t block, const uint8_t *inputs,
                          int64_t stride, const int rows, V16i sums[TILE][TILE], int b) {
    __m256i acc[2][4];
    const __m256i zero_point = _mm256_set1_epi16(128);
    for (int r = 0; r < rows; r++)
        for (int part = 0; part < 4; part++) acc[r][part] = _mm256_setzero_si256();
    for (int64_t quad = 0; quad < matrix->quads; quad++) {
        const int8_t *weights = weights_of(matrix, block, quad);
        __m256i four[2];
        for (int r = 0; r < rows; r++) {
            __m128i bytes = _mm_set1_epi32(quad_of(inputs + r * stride, quad));
            four[r] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), zero_point);
        }
        for (int part = 0; part < 4; part++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(weights + 16 * part));
            __m256i wide = _mm256_cvtepi8_epi16(bytes);
            for (int r = 0; r < rows; r++)
                acc[r][part] = _mm256_add_epi32(acc[r][part], _mm256_madd_epi16(wide, four[r]));
        }
    }
    for (int r = 0; r < rows; r++) {
        int32_t *to = (int32_t *)&sums[r][b];
        for (int part = 0; part < 4; part++) {
            __m256i pairs = _mm256_hadd_epi32(acc[r][part], acc[r][part]);
            __m128i low = _mm256_castsi256_si128(pairs), high = _mm256_extracti128_si256(pairs, 1);
            _mm_storeu_si128((__m128i *)(to + 4 * part), _mm_unpacklo_epi64(low, high));
        }
    }
}

INLINE void multiply_tile(const Matrix *matrix, int64_t block, const int blocks,
                          const uint8_t *inputs, int64_t stride, const int rows,
                          V16i sums[TILE][TILE]) {
    for (int b = 0; b < blocks; b++)
        for (int r = 0; r < rows; r += 2)
            multiply_rows(matrix, block + b, inputs + r * stride, stride, rows - r > 1 ? 2 : 1,
                          sums + r, b);
}

#elif defined(__ARM_FEATURE_DOTPROD)

#include <arm_neon.h>

INLINE void multiply_tile(const Matrix *matrix, int64_t block, const int blocks,
                          const uint8_t *inputs, int64_t stride, const int rows,
                          V16i sums[TILE][TILE]) {
    for (int b = 0; b < blocks; b++) {
        int32x4_t acc[TILE][4];
        for (int r = 0; r < rows; r++)
            for (int part = 0; part < 4; part++) acc[r][part] = vdupq_n_s32(0);
        for (int64_t quad = 0; quad < matrix->quads; quad++) {
            const int8_t *weights = weights_of(matrix, block + b, quad);
            int8x16_t four[TILE];
            for (int r = 0; r < rows; r++) {
                uint32_t bytes = (uint32_t)quad_of(inputs + r * stride, quad) ^ 0x80808080u;
                four[r] = vreinterpretq_s8_u32(vdupq_n_u32(bytes));
            }
            for (int part = 0; part < 4; part++) {
                int8x16_t four_outputs = vld1q_s8(weights + 16 * part);
                for (int r = 0; r < rows; r++)
                    acc[r][part] = vdotq_s32(acc[r][part], four_outputs, four[r]);
            }
        }
        for (int r = 0; r < rows; r++)
            for (int part = 0; part < 4; part++)
                vst1q_s32((int32_t *)&sums[r][b] + 4 * part, acc[r][part]);
    }
}

#else

INLINE void multiply_tile(const Matrix *matrix, int64_t block, const int blocks,
                          const uint8_t *inputs, int64_t stride, const int rows,
                          V16i sums[TILE][TILE]) {
    for (int b = 0; b < blocks; b++) {
        for (int r = 0; r < rows; r++) {
            int32_t acc[WIDTH] = {0};
            for (int64_t quad = 0; quad < matrix->quads; quad++) {
                const int8_t *weights = weights_of(matrix, block + b, quad);
                const uint8_t *four = inputs + r * stride + quad * QUAD;
                for (int output = 0; output < WIDTH; output++)
                    for (int place = 0; place < QUAD; place++)
                        acc[output] += weights[output * QUAD + place] * (four[place] - 128);
            }
            memcpy(&sums[r][b], acc, sizeof acc);
        }
    }
}

#endif

/* Where inputs are, and what a sum is worth. */
typedef struct {
    const uint8_t *bytes;
    int64_t stride;
    const float *scales; /* of each row */
} Inputs;

INLINE void finish_tile(const Matrix *matrix, int64_t block, const int blocks, const float *scales,
                        const int rows, V16i sums[TILE][TILE], float *outputs, int64_t stride) {
    for (int b = 0; b < blocks; b++) {
        int64_t first = (block + b) * WIDTH;
        V16 scale = load(matrix->scales + first), bias = load(matrix->bias + first);
        for (int r = 0; r < rows; r++) {
            V16 sum = __builtin_convertvector(sums[r][b], V16);
            store(outputs + r * stride + first, (sum * scale) * scales[r] + bias);
        }
    }
}

INLINE void run_tile(const Matrix *matrix, int64_t block, const int blocks, Inputs inputs,
                     const int rows, float *outputs, int64_t stride) {
    V16i sums[TILE][TILE];
    multiply_tile(matrix, block, blocks, inputs.bytes, inputs.stride, rows, sums);
    finish_tile(matrix, block, blocks, inputs.scales, rows, sums, outputs, stride);
}

INLINE void run_blocks(const Matrix *matrix, int64_t block, const int blocks, Inputs inputs,
                       int64_t rows, float *outputs, int64_t stride) {
    for (; rows > 0; rows -= TILE) {
        switch (rows) {
        case 1: run_tile(matrix, block, blocks, inputs, 1, outputs, stride); break;
        case 2: run_tile(matrix, block, blocks, inputs, 2, outputs, stride); break;
        case 3: run_tile(matrix, block, blocks, inputs, 3, outputs, stride); break;
        default: run_tile(matrix, block, blocks, inputs, 4, outputs, stride);
        }
        inputs.bytes += TILE * inputs.stride;
        inputs.scales += TILE;
        outputs += TILE * stride;
    }
}

/* outputs (rows, blocks * 16) = inputs (rows, quads * 4) times the matrix, plus its bias. */
static void multiply(const Matrix *matrix, Inputs inputs, int64_t rows, float *outputs) {
    int64_t stride = matrix->blocks * WIDTH, block = 0;
    for (; block + TILE <= matrix->blocks; block += TILE)
        run_blocks(matrix, block, TILE, inputs, rows, outputs, stride);
    for (; block < matrix->blocks; block++)
        run_blocks(matrix, block, 1, inputs, rows, outputs, stride);
}

#endif
