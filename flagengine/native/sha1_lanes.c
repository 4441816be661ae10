/* SHA-1 of sixteen messages side by side, with AVX-512: a lane of each register per message.
 *
 * Few messages, and a message alone, go to the processor's own SHA-1, which takes less time for
 * them. This file must not know Python, or the parts of a message.
 */

#include "sha1.h"

#ifdef SHA1_X86
#include <cpuid.h>
#include <immintrin.h>

#define LANES 16
#define FEW 8 /* messages, which two rounds of four SHA-NI streams hash before the lanes would */

#define AVX512 __attribute__((target("avx512f,avx512bw")))

/* Asks the operating system too: it must save the wide registers of a thread. */
static bool avx512_present(void) {
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) {
        return false;
    }
    __asm__ volatile(".byte 0x0f, 0x01, 0xd0" /* xgetbv */ : "=a"(low), "=d"(high) : "c"(0));
    const unsigned saved = 0xE6; /* SSE, AVX, masks, and both parts of the wide registers */
    if ((low & saved) != saved || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        return false;
    }
    const unsigned foundation = 1u << 16, bytes_and_words = 1u << 30;
    return (b & foundation) && (b & bytes_and_words);
}

typedef struct {
    __m512i a, b, c, d, e;
} Lanes;

AVX512 INLINE Lanes lanes_open(const uint32_t state[5]) {
    return (Lanes){_mm512_set1_epi32((int)state[0]), _mm512_set1_epi32((int)state[1]),
                   _mm512_set1_epi32((int)state[2]), _mm512_set1_epi32((int)state[3]),
                   _mm512_set1_epi32((int)state[4])};
}

/* Gives the words of a block, which are big-endian. */
AVX512 INLINE __m512i lanes_words(__m512i bytes) {
    return _mm512_shuffle_epi8(bytes, _mm512_broadcast_i32x4(_mm_set_epi64x(
                                          0x0C0D0E0F08090A0BLL, 0x0405060700010203LL)));
}

/* Turns a register per message into a register per word: four 4 x 4 squares of words in each part
 * of 128 bits, and then the 4 x 4 parts themselves. */
AVX512 INLINE void lanes_transpose(__m512i w[LANES]) {
    __m512i pairs[LANES], fours[LANES], halves[LANES];
#define FOUR(i)                                                                       \
    pairs[i] = _mm512_unpacklo_epi32(w[i], w[i + 1]);                                 \
    pairs[i + 1] = _mm512_unpackhi_epi32(w[i], w[i + 1]);                             \
    pairs[i + 2] = _mm512_unpacklo_epi32(w[i + 2], w[i + 3]);                         \
    pairs[i + 3] = _mm512_unpackhi_epi32(w[i + 2], w[i + 3]);                         \
    fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);                         \
    fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);                     \
    fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);                 \
    fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    FOUR(0) FOUR(4) FOUR(8) FOUR(12)
#undef FOUR
#define WORD(i)                                                                       \
    halves[i] = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0x88);                   \
    halves[i + 4] = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0xDD);               \
    halves[i + 8] = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0x88);          \
    halves[i + 12] = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0xDD);         \
    w[i] = _mm512_shuffle_i32x4(halves[i], halves[i + 8], 0x88);                      \
    w[i + 8] = _mm512_shuffle_i32x4(halves[i], halves[i + 8], 0xDD);                  \
    w[i + 4] = _mm512_shuffle_i32x4(halves[i + 4], halves[i + 12], 0x88);             \
    w[i + 12] = _mm512_shuffle_i32x4(halves[i + 4], halves[i + 12], 0xDD);
    WORD(0) WORD(1) WORD(2) WORD(3)
#undef WORD
}

/* The functions of three words, as the tables that the instruction takes. */
#define CHOICE 0xCA
#define PARITY 0x96
#define MAJORITY 0xE8
#define UNION 0xFE

#define SCHEDULED(t)                                                                  \
    (t < 16 ? w[t & 15]                                                               \
            : (w[t & 15] = _mm512_rol_epi32(                                          \
                   _mm512_xor_si512(_mm512_ternarylogic_epi32(w[(t + 13) & 15], w[(t + 8) & 15], \
                                                              w[(t + 2) & 15], PARITY),          \
                                    w[t & 15]),                                       \
                   1)))
#define ROUND(a, b, c, d, e, t, function)                                             \
    e = _mm512_add_epi32(_mm512_add_epi32(e, constant), SCHEDULED((t)));              \
    e = _mm512_add_epi32(e, _mm512_ternarylogic_epi32(b, c, d, function));            \
    e = _mm512_add_epi32(e, _mm512_rol_epi32(a, 5));                                  \
    b = _mm512_rol_epi32(b, 30);
#define FIVE(t, function)                                                             \
    ROUND(a, b, c, d, e, t, function)                                                 \
    ROUND(e, a, b, c, d, t + 1, function)                                             \
    ROUND(d, e, a, b, c, t + 2, function)                                             \
    ROUND(c, d, e, a, b, t + 3, function)                                             \
    ROUND(b, c, d, e, a, t + 4, function)
#define TWENTY(t, function, number)                                                   \
    constant = _mm512_set1_epi32((int)number);                                        \
    FIVE(t, function) FIVE(t + 5, function) FIVE(t + 10, function) FIVE(t + 15, function)

/* Absorbs a block of each message; `w` has a register per word. */
AVX512 INLINE void lanes_block(Lanes *s, __m512i w[LANES]) {
    __m512i a = s->a, b = s->b, c = s->c, d = s->d, e = s->e, constant;
    TWENTY(0, CHOICE, 0x5A827999)
    TWENTY(20, PARITY, 0x6ED9EBA1)
    TWENTY(40, MAJORITY, 0x8F1BBCDC)
    TWENTY(60, PARITY, 0xCA62C1D6)
    s->a = _mm512_add_epi32(s->a, a), s->b = _mm512_add_epi32(s->b, b);
    s->c = _mm512_add_epi32(s->c, c), s->d = _mm512_add_epi32(s->d, d);
    s->e = _mm512_add_epi32(s->e, e);
}

/* Writes the first 64 bits of the first `count` digests. */
AVX512 INLINE void lanes_close(const Lanes *s, size_t count, uint64_t out[]) {
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    __m512i low = _mm512_unpacklo_epi32(s->b, s->a), high = _mm512_unpackhi_epi32(s->b, s->a);
    __m512i early = _mm512_permutex2var_epi64(low, first, high);
    __m512i late = _mm512_permutex2var_epi64(low, second, high);
    unsigned wanted = (1u << count) - 1;
    _mm512_mask_storeu_epi64(out, (__mmask8)wanted, early);
    _mm512_mask_storeu_epi64(out + 8, (__mmask8)(wanted >> 8), late);
}

/* Hashes the first `count` of sixteen messages. */
AVX512 static void lanes_finish(const uint32_t state[5], const uint8_t *const messages[LANES],
                                size_t blocks, size_t count, uint64_t out[]) {
    Lanes s = lanes_open(state);
    for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
        __m512i w[LANES];
        for (size_t i = 0; i < LANES; i++) {
            w[i] = lanes_words(_mm512_loadu_si512(messages[i] + at));
        }
        lanes_transpose(w);
        lanes_block(&s, w);
    }
    lanes_close(&s, count, out);
}

/* Loads the block in which each text lies, and lays the surroundings over it in registers. Bytes
 * outside of a text are masked, so that the processor does not touch them. */
AVX512 static void lanes_finish_texts(const Wrapping *around, const uint8_t *data,
                                      const size_t starts[], const size_t sizes[],
                                      uint64_t out[]) {
    const __m512i head = _mm512_loadu_si512(around->head);
    const size_t fill = around->fill;
    uint32_t bits[LANES];
    __m512i w[LANES];
    for (size_t i = 0; i < LANES; i++) {
        __mmask64 inside = (((__mmask64)1 << sizes[i]) - 1) << fill;
        __m512i text = _mm512_maskz_loadu_epi8(inside, data + starts[i] - fill);
        __m512i tail = _mm512_loadu_si512(around->tail + BLOCK - fill - sizes[i]);
        w[i] = lanes_words(_mm512_ternarylogic_epi32(text, tail, head, UNION));
        bits[i] = (around->besides + (uint32_t)sizes[i]) * 8;
    }
    lanes_transpose(w);
    w[LANES - 1] = _mm512_loadu_si512(bits);
    Lanes s = lanes_open(around->state);
    lanes_block(&s, w);
    lanes_close(&s, LANES, out);
}

static void lanes_finish_many(const uint32_t state[5], const uint8_t *const messages[],
                              size_t blocks, size_t count, uint64_t out[]) {
    for (; count >= LANES; count -= LANES, messages += LANES, out += LANES) {
        lanes_finish(state, messages, blocks, LANES, out);
    }
    if (count > FEW) {
        const uint8_t *some[LANES];
        for (size_t i = 0; i < LANES; i++) {
            some[i] = messages[i < count ? i : 0];
        }
        lanes_finish(state, some, blocks, count, out);
    } else if (count) {
        sha_ni.finish_many(state, messages, blocks, count, out);
    }
}

const Sha1 *sha1_in_lanes(void) {
    static const Sha1 avx_512 = {"avx-512", sha_ni_absorb, sha_ni_finish, lanes_finish_many,
                                 lanes_finish_texts};
    return sha1_in_hardware() && avx512_present() ? &avx_512 : NULL;
}

#else

const Sha1 *sha1_in_lanes(void) { return NULL; }

#endif
