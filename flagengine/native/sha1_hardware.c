/* SHA-1 with the instructions of x86-64 (SHA-NI) or ARMv8, if compiler and processor have them.
 *
 * There are functions for the blocks of one message and of several messages: the processor works on
 * one message while it waits for results of the others. This file must not know Python, or the parts
 * of a message.
 */

#include "sha1.h"

/* The 80 rounds in groups of four, for both instruction sets: each group lists the kind of round
 * and the four message registers, the oldest first. The last four groups schedule nothing. */
#define GROUPS(FIRST, STEP, LAST)                                                     \
    FIRST(0, m0, m1, m2, m3)                                                          \
    STEP(0, m1, m2, m3, m0) STEP(0, m2, m3, m0, m1) STEP(0, m3, m0, m1, m2)           \
    STEP(0, m0, m1, m2, m3)                                                           \
    STEP(1, m1, m2, m3, m0) STEP(1, m2, m3, m0, m1) STEP(1, m3, m0, m1, m2)           \
    STEP(1, m0, m1, m2, m3) STEP(1, m1, m2, m3, m0)                                   \
    STEP(2, m2, m3, m0, m1) STEP(2, m3, m0, m1, m2) STEP(2, m0, m1, m2, m3)           \
    STEP(2, m1, m2, m3, m0) STEP(2, m2, m3, m0, m1)                                   \
    STEP(3, m3, m0, m1, m2)                                                           \
    LAST(3, m0) LAST(3, m1) LAST(3, m2) LAST(3, m3)

/* ---------------------------------------------------------------- x86-64 */

#ifdef SHA1_X86
#include <cpuid.h>
#include <immintrin.h>

#define NI __attribute__((target("sha,ssse3,sse4.1")))

static bool sha_ni_present(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) {
        return false;
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

/* The registers hold words in reverse: `a` of the state and the first message word are on top. */
typedef struct {
    __m128i abcd, e;
} NiState;

NI INLINE NiState ni_open(const uint32_t state[5]) {
    NiState s;
    s.abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1B);
    s.e = _mm_set_epi32((int)state[4], 0, 0, 0);
    return s;
}

/* The sixteen words of a block. */
typedef struct {
    __m128i m0, m1, m2, m3;
} NiBlock;

NI INLINE __m128i ni_words(__m128i bytes) {
    return _mm_shuffle_epi8(bytes, _mm_set_epi64x(0x0001020304050607LL, 0x08090A0B0C0D0E0FLL));
}

NI INLINE __m128i ni_bytes(const uint8_t *data) {
    return _mm_loadu_si128((const __m128i *)(const void *)data);
}

NI INLINE NiBlock ni_load(const uint8_t *data) {
    return (NiBlock){ni_words(ni_bytes(data)), ni_words(ni_bytes(data + 16)),
                     ni_words(ni_bytes(data + 32)), ni_words(ni_bytes(data + 48))};
}

#define NI_LANE(L, s, block)                                                          \
    __m128i L##abcd = (s).abcd, L##earlier, L##e;                                     \
    __m128i L##m0 = (block).m0, L##m1 = (block).m1;                                   \
    __m128i L##m2 = (block).m2, L##m3 = (block).m3;
#define NI_ROUNDS(L, kind)                                                            \
    L##earlier = L##abcd;                                                             \
    L##abcd = _mm_sha1rnds4_epu32(L##abcd, L##e, kind);
#define NI_SCHEDULE(L, m0, m1, m2, m3)                                                \
    L##m0 = _mm_xor_si128(_mm_sha1msg1_epu32(L##m0, L##m1), L##m2);                   \
    L##m0 = _mm_sha1msg2_epu32(L##m0, L##m3);
#define NI_FIRST(L, s, kind, m0, m1, m2, m3)                                          \
    L##e = _mm_add_epi32((s).e, L##m0);                                               \
    NI_ROUNDS(L, kind) NI_SCHEDULE(L, m0, m1, m2, m3)
#define NI_STEP(L, kind, m0, m1, m2, m3)                                              \
    L##e = _mm_sha1nexte_epu32(L##earlier, L##m0);                                    \
    NI_ROUNDS(L, kind) NI_SCHEDULE(L, m0, m1, m2, m3)
#define NI_LAST(L, kind, m0)                                                          \
    L##e = _mm_sha1nexte_epu32(L##earlier, L##m0);                                    \
    NI_ROUNDS(L, kind)
#define NI_CLOSE(L, s)                                                                \
    (s).e = _mm_sha1nexte_epu32(L##earlier, (s).e);                                   \
    (s).abcd = _mm_add_epi32((s).abcd, L##abcd);

NI INLINE void ni_block(NiState *s, const uint8_t *data) {
    const NiBlock block = ni_load(data);
    NI_LANE(x, *s, block)
#define FIRST(kind, m0, m1, m2, m3) NI_FIRST(x, *s, kind, m0, m1, m2, m3)
#define STEP(kind, m0, m1, m2, m3) NI_STEP(x, kind, m0, m1, m2, m3)
#define LAST(kind, m0) NI_LAST(x, kind, m0)
    GROUPS(FIRST, STEP, LAST)
#undef FIRST
#undef STEP
#undef LAST
    NI_CLOSE(x, *s)
}

NI INLINE void ni_two_blocks(NiState s[2], const NiBlock block[2]) {
    NI_LANE(x, s[0], block[0])
    NI_LANE(y, s[1], block[1])
#define FIRST(kind, m0, m1, m2, m3)                                                   \
    NI_FIRST(x, s[0], kind, m0, m1, m2, m3) NI_FIRST(y, s[1], kind, m0, m1, m2, m3)
#define STEP(kind, m0, m1, m2, m3)                                                    \
    NI_STEP(x, kind, m0, m1, m2, m3) NI_STEP(y, kind, m0, m1, m2, m3)
#define LAST(kind, m0) NI_LAST(x, kind, m0) NI_LAST(y, kind, m0)
    GROUPS(FIRST, STEP, LAST)
#undef FIRST
#undef STEP
#undef LAST
    NI_CLOSE(x, s[0])
    NI_CLOSE(y, s[1])
}

NI INLINE void ni_four_blocks(NiState s[4], const NiBlock block[4]) {
    NI_LANE(w, s[0], block[0])
    NI_LANE(x, s[1], block[1])
    NI_LANE(y, s[2], block[2])
    NI_LANE(z, s[3], block[3])
#define FIRST(kind, m0, m1, m2, m3)                                                   \
    NI_FIRST(w, s[0], kind, m0, m1, m2, m3) NI_FIRST(x, s[1], kind, m0, m1, m2, m3)   \
    NI_FIRST(y, s[2], kind, m0, m1, m2, m3) NI_FIRST(z, s[3], kind, m0, m1, m2, m3)
#define STEP(kind, m0, m1, m2, m3)                                                    \
    NI_STEP(w, kind, m0, m1, m2, m3) NI_STEP(x, kind, m0, m1, m2, m3)                 \
    NI_STEP(y, kind, m0, m1, m2, m3) NI_STEP(z, kind, m0, m1, m2, m3)
#define LAST(kind, m0)                                                                \
    NI_LAST(w, kind, m0) NI_LAST(x, kind, m0) NI_LAST(y, kind, m0) NI_LAST(z, kind, m0)
    GROUPS(FIRST, STEP, LAST)
#undef FIRST
#undef STEP
#undef LAST
    NI_CLOSE(w, s[0])
    NI_CLOSE(x, s[1])
    NI_CLOSE(y, s[2])
    NI_CLOSE(z, s[3])
}

NI INLINE uint64_t ni_top(NiState s) { return (uint64_t)_mm_extract_epi64(s.abcd, 1); }

NI void sha_ni_absorb(uint32_t state[5], const uint8_t *data, size_t blocks) {
    NiState s = ni_open(state);
    for (; blocks; blocks--, data += BLOCK) {
        ni_block(&s, data);
    }
    _mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(s.abcd, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(s.e, 3);
}

NI uint64_t sha_ni_finish(const uint32_t state[5], const uint8_t *data, size_t blocks) {
    NiState s = ni_open(state);
    for (; blocks; blocks--, data += BLOCK) {
        ni_block(&s, data);
    }
    return ni_top(s);
}

NI static void ni_finish_two(const uint32_t state[5], const uint8_t *const messages[2],
                             size_t blocks, uint64_t out[2]) {
    NiState s[2] = {ni_open(state), ni_open(state)};
    for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
        const NiBlock block[2] = {ni_load(messages[0] + at), ni_load(messages[1] + at)};
        ni_two_blocks(s, block);
    }
    out[0] = ni_top(s[0]);
    out[1] = ni_top(s[1]);
}

NI static void ni_finish_four(const uint32_t state[5], const uint8_t *const messages[4],
                              size_t blocks, uint64_t out[4]) {
    NiState s[4] = {ni_open(state), ni_open(state), ni_open(state), ni_open(state)};
    for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
        const NiBlock block[4] = {ni_load(messages[0] + at), ni_load(messages[1] + at),
                                  ni_load(messages[2] + at), ni_load(messages[3] + at)};
        ni_four_blocks(s, block);
    }
    for (int i = 0; i < 4; i++) {
        out[i] = ni_top(s[i]);
    }
}

static void ni_finish_many(const uint32_t state[5], const uint8_t *const messages[],
                           size_t blocks, size_t count, uint64_t out[]) {
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        ni_finish_four(state, messages + i, blocks, out + i);
    }
    if (count - i == 3) { /* a fourth message costs less than a third alone */
        const uint8_t *const four[4] = {messages[i], messages[i + 1], messages[i + 2], messages[i]};
        uint64_t numbers[4];
        ni_finish_four(state, four, blocks, numbers);
        memcpy(out + i, numbers, 3 * sizeof *out);
    } else if (count - i == 2) {
        ni_finish_two(state, messages + i, blocks, out + i);
    } else if (count - i == 1) {
        out[i] = sha_ni_finish(state, messages[i], blocks);
    }
}

/* Builds sixteen bytes of a message in a register: those of the text, with their surroundings laid
 * over everything else. `end` is where the text ends in the block. */
NI INLINE __m128i ni_part(const Wrapping *around, const uint8_t *block, size_t end, size_t at) {
    __m128i text = ni_bytes(block + at);
    text = _mm_and_si128(text, ni_bytes(around->before + BLOCK - end + at));
    text = _mm_or_si128(text, ni_bytes(around->tail + BLOCK - end + at));
    if (at < around->fill) {
        text = _mm_and_si128(text, ni_bytes(around->behind + at));
        text = _mm_or_si128(text, ni_bytes(around->head + at));
    }
    return text;
}

NI INLINE NiBlock ni_around(const Wrapping *around, const uint8_t *data, size_t start, size_t n) {
    const uint8_t *block = data + start - around->fill;
    size_t end = around->fill + n;
    uint32_t bits = (around->besides + (uint32_t)n) * 8;
    NiBlock made = {ni_words(ni_part(around, block, end, 0)),
                    ni_words(ni_part(around, block, end, 16)),
                    ni_words(ni_part(around, block, end, 32)),
                    ni_words(ni_part(around, block, end, 48))};
    made.m3 = _mm_or_si128(made.m3, _mm_cvtsi32_si128((int)bits));
    return made;
}

NI static void ni_finish_texts(const Wrapping *around, const uint8_t *data, const size_t starts[],
                               const size_t sizes[], uint64_t out[]) {
    const NiState state = ni_open(around->state);
    for (size_t i = 0; i < 16; i += 4) {
        NiState s[4] = {state, state, state, state};
        const NiBlock block[4] = {ni_around(around, data, starts[i], sizes[i]),
                                  ni_around(around, data, starts[i + 1], sizes[i + 1]),
                                  ni_around(around, data, starts[i + 2], sizes[i + 2]),
                                  ni_around(around, data, starts[i + 3], sizes[i + 3])};
        ni_four_blocks(s, block);
        for (size_t j = 0; j < 4; j++) {
            out[i + j] = ni_top(s[j]);
        }
    }
}

const Sha1 sha_ni = {"sha-ni", sha_ni_absorb, sha_ni_finish, ni_finish_many, ni_finish_texts};

const Sha1 *sha1_in_hardware(void) { return sha_ni_present() ? &sha_ni : NULL; }

/* ---------------------------------------------------------------- ARMv8 */

/* Older clangs declare the intrinsics only when the whole file is compiled for them. */
#elif defined(__aarch64__) && defined(__AARCH64EL__) &&                                 \
    (defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO) ||                  \
     (defined(__clang__) && __clang_major__ >= 16) ||                                 \
     (defined(__GNUC__) && !defined(__clang__)))
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_SHA1
#define HWCAP_SHA1 (1 << 5)
#endif
#endif

#if defined(__clang__)
#define CE __attribute__((target("sha2")))
#else
#define CE __attribute__((target("+crypto")))
#endif

static bool armv8_present(void) {
#if defined(__APPLE__)
    return true; /* every 64-bit Apple processor has the instructions */
#elif defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_SHA1) != 0;
#else
    return false;
#endif
}

typedef struct {
    uint32x4_t abcd;
    uint32_t e;
} CeState;

CE INLINE uint32x4_t ce_words(const uint8_t *data) {
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data)));
}

#define CE_ROUNDS_0(abcd, e, w) vsha1cq_u32(abcd, e, vaddq_u32(w, vdupq_n_u32(0x5A827999)))
#define CE_ROUNDS_1(abcd, e, w) vsha1pq_u32(abcd, e, vaddq_u32(w, vdupq_n_u32(0x6ED9EBA1)))
#define CE_ROUNDS_2(abcd, e, w) vsha1mq_u32(abcd, e, vaddq_u32(w, vdupq_n_u32(0x8F1BBCDC)))
#define CE_ROUNDS_3(abcd, e, w) vsha1pq_u32(abcd, e, vaddq_u32(w, vdupq_n_u32(0xCA62C1D6)))

#define CE_LANE(L, s, data)                                                           \
    uint32x4_t L##abcd = (s).abcd;                                                    \
    uint32_t L##e = (s).e, L##next;                                                   \
    uint32x4_t L##m0 = ce_words(data), L##m1 = ce_words((data) + 16);                 \
    uint32x4_t L##m2 = ce_words((data) + 32), L##m3 = ce_words((data) + 48);
#define CE_LAST(L, kind, m0)                                                          \
    L##next = vsha1h_u32(vgetq_lane_u32(L##abcd, 0));                                 \
    L##abcd = CE_ROUNDS_##kind(L##abcd, L##e, L##m0);                                 \
    L##e = L##next;
#define CE_STEP(L, kind, m0, m1, m2, m3)                                              \
    CE_LAST(L, kind, m0)                                                              \
    L##m0 = vsha1su1q_u32(vsha1su0q_u32(L##m0, L##m1, L##m2), L##m3);
#define CE_CLOSE(L, s)                                                                \
    (s).e += L##e;                                                                    \
    (s).abcd = vaddq_u32((s).abcd, L##abcd);

CE INLINE void ce_block(CeState *s, const uint8_t *data) {
    CE_LANE(x, *s, data)
#define STEP(kind, m0, m1, m2, m3) CE_STEP(x, kind, m0, m1, m2, m3)
#define LAST(kind, m0) CE_LAST(x, kind, m0)
    GROUPS(STEP, STEP, LAST)
#undef STEP
#undef LAST
    CE_CLOSE(x, *s)
}

CE INLINE void ce_two_blocks(CeState *s, CeState *t, const uint8_t *first, const uint8_t *second) {
    CE_LANE(x, *s, first)
    CE_LANE(y, *t, second)
#define STEP(kind, m0, m1, m2, m3)                                                    \
    CE_STEP(x, kind, m0, m1, m2, m3) CE_STEP(y, kind, m0, m1, m2, m3)
#define LAST(kind, m0) CE_LAST(x, kind, m0) CE_LAST(y, kind, m0)
    GROUPS(STEP, STEP, LAST)
#undef STEP
#undef LAST
    CE_CLOSE(x, *s)
    CE_CLOSE(y, *t)
}

CE INLINE uint64_t ce_top(CeState s) {
    return (uint64_t)vgetq_lane_u32(s.abcd, 0) << 32 | vgetq_lane_u32(s.abcd, 1);
}

CE static void ce_absorb(uint32_t state[5], const uint8_t *data, size_t blocks) {
    CeState s = {vld1q_u32(state), state[4]};
    for (; blocks; blocks--, data += BLOCK) {
        ce_block(&s, data);
    }
    vst1q_u32(state, s.abcd);
    state[4] = s.e;
}

CE static uint64_t ce_finish(const uint32_t state[5], const uint8_t *data, size_t blocks) {
    CeState s = {vld1q_u32(state), state[4]};
    for (; blocks; blocks--, data += BLOCK) {
        ce_block(&s, data);
    }
    return ce_top(s);
}

CE static void ce_finish_many(const uint32_t state[5], const uint8_t *const messages[],
                              size_t blocks, size_t count, uint64_t out[]) {
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        CeState s = {vld1q_u32(state), state[4]}, t = s;
        for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
            ce_two_blocks(&s, &t, messages[i] + at, messages[i + 1] + at);
        }
        out[i] = ce_top(s);
        out[i + 1] = ce_top(t);
    }
    if (i < count) {
        out[i] = ce_finish(state, messages[i], blocks);
    }
}

const Sha1 *sha1_in_hardware(void) {
    static const Sha1 armv8 = {"armv8-ce", ce_absorb, ce_finish, ce_finish_many, NULL};
    return armv8_present() ? &armv8 : NULL;
}

/* ---------------------------------------------------------------- others */

#else

const Sha1 *sha1_in_hardware(void) { return NULL; }

#endif
