/* The hash that flags bucket by, in C: the optional, faster twin of flagengine/hashing/buckets.py.
 *
 * A bucket number is the first 60 bits of SHA-1(utf8(prefix + subject + salt)). This file computes
 * it for one subject (`bucket`, `Hasher`) and for an Arrow string column (`bucket_column`), with
 * the SHA-1 instructions of x86-64 or ARMv8 where the processor has them, else in portable C.
 *
 * It must not know flags, keep state between calls, or read anything but its arguments. Whatever it
 * answers the Python twin answers too, errors included.
 */

#include "native.h"

#define BLOCK 64
#define LENGTH_FIELD 8
#define BITS_DROPPED 4 /* 64 digest bits, of which a bucket number is the upper 60 */

static const uint32_t INITIAL[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

/* One way to run SHA-1. `finish` and `finish_pair` end a message and give its first 64 bits; the
 * pair starts from one state and runs two messages of as many blocks side by side. */
typedef struct {
    const char *name;
    void (*absorb)(uint32_t state[5], const uint8_t *data, size_t blocks);
    uint64_t (*finish)(const uint32_t state[5], const uint8_t *data, size_t blocks);
    void (*finish_pair)(const uint32_t state[5], const uint8_t *first, const uint8_t *second,
                        size_t blocks, uint64_t out[2]);
} Sha1;

/* ---------------------------------------------------------------- portable C */

INLINE uint32_t rotate(uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }

INLINE uint32_t read_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

INLINE uint32_t schedule(uint32_t w[16], int t) {
    if (t >= 16) {
        uint32_t mixed = w[(t - 3) & 15] ^ w[(t - 8) & 15] ^ w[(t - 14) & 15] ^ w[t & 15];
        w[t & 15] = rotate(mixed, 1);
    }
    return w[t & 15];
}

static void portable_block(uint32_t state[5], const uint8_t *data) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    uint32_t w[16];
    for (int t = 0; t < 16; t++) {
        w[t] = read_be32(data + 4 * t);
    }
#define ROUNDS(from, to, choice, constant)                                            \
    for (int t = from; t < to; t++) {                                                 \
        uint32_t next = rotate(a, 5) + (choice) + e + (constant) + schedule(w, t);    \
        e = d, d = c, c = rotate(b, 30), b = a, a = next;                             \
    }
    ROUNDS(0, 20, d ^ (b & (c ^ d)), 0x5A827999)
    ROUNDS(20, 40, b ^ c ^ d, 0x6ED9EBA1)
    ROUNDS(40, 60, (b & c) | (d & (b | c)), 0x8F1BBCDC)
    ROUNDS(60, 80, b ^ c ^ d, 0xCA62C1D6)
#undef ROUNDS
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static void portable_absorb(uint32_t state[5], const uint8_t *data, size_t blocks) {
    for (; blocks; blocks--, data += BLOCK) {
        portable_block(state, data);
    }
}

static uint64_t portable_finish(const uint32_t state[5], const uint8_t *data, size_t blocks) {
    uint32_t copy[5];
    memcpy(copy, state, sizeof copy);
    portable_absorb(copy, data, blocks);
    return (uint64_t)copy[0] << 32 | copy[1];
}

static void portable_finish_pair(const uint32_t state[5], const uint8_t *first,
                                 const uint8_t *second, size_t blocks, uint64_t out[2]) {
    out[0] = portable_finish(state, first, blocks);
    out[1] = portable_finish(state, second, blocks);
}

static const Sha1 PORTABLE = {"portable-c", portable_absorb, portable_finish, portable_finish_pair};

/* The 80 rounds in groups of four, for both instruction sets: each lists the kind of round and the
 * four message registers, the oldest first. The last four groups have nothing left to schedule. */
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

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define HAVE_SHA_NI 1
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

/* The registers hold words in reverse: `a` of the state and the first message word on top. */
typedef struct {
    __m128i abcd, e;
} NiState;

NI INLINE NiState ni_open(const uint32_t state[5]) {
    NiState s;
    s.abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1B);
    s.e = _mm_set_epi32((int)state[4], 0, 0, 0);
    return s;
}

NI INLINE __m128i ni_words(const uint8_t *data) {
    const __m128i reversed = _mm_set_epi64x(0x0001020304050607LL, 0x08090A0B0C0D0E0FLL);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)data), reversed);
}

#define NI_LANE(L, s, data)                                                           \
    __m128i L##abcd = (s).abcd, L##earlier, L##e;                                     \
    __m128i L##m0 = ni_words(data), L##m1 = ni_words((data) + 16);                    \
    __m128i L##m2 = ni_words((data) + 32), L##m3 = ni_words((data) + 48);
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
    NI_LANE(x, *s, data)
#define FIRST(kind, m0, m1, m2, m3) NI_FIRST(x, *s, kind, m0, m1, m2, m3)
#define STEP(kind, m0, m1, m2, m3) NI_STEP(x, kind, m0, m1, m2, m3)
#define LAST(kind, m0) NI_LAST(x, kind, m0)
    GROUPS(FIRST, STEP, LAST)
#undef FIRST
#undef STEP
#undef LAST
    NI_CLOSE(x, *s)
}

NI INLINE void ni_two_blocks(NiState *s, NiState *t, const uint8_t *first, const uint8_t *second) {
    NI_LANE(x, *s, first)
    NI_LANE(y, *t, second)
#define FIRST(kind, m0, m1, m2, m3)                                                   \
    NI_FIRST(x, *s, kind, m0, m1, m2, m3) NI_FIRST(y, *t, kind, m0, m1, m2, m3)
#define STEP(kind, m0, m1, m2, m3)                                                    \
    NI_STEP(x, kind, m0, m1, m2, m3) NI_STEP(y, kind, m0, m1, m2, m3)
#define LAST(kind, m0) NI_LAST(x, kind, m0) NI_LAST(y, kind, m0)
    GROUPS(FIRST, STEP, LAST)
#undef FIRST
#undef STEP
#undef LAST
    NI_CLOSE(x, *s)
    NI_CLOSE(y, *t)
}

NI INLINE uint64_t ni_top(NiState s) { return (uint64_t)_mm_extract_epi64(s.abcd, 1); }

NI static void ni_absorb(uint32_t state[5], const uint8_t *data, size_t blocks) {
    NiState s = ni_open(state);
    for (; blocks; blocks--, data += BLOCK) {
        ni_block(&s, data);
    }
    _mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(s.abcd, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(s.e, 3);
}

NI static uint64_t ni_finish(const uint32_t state[5], const uint8_t *data, size_t blocks) {
    NiState s = ni_open(state);
    for (; blocks; blocks--, data += BLOCK) {
        ni_block(&s, data);
    }
    return ni_top(s);
}

NI static void ni_finish_pair(const uint32_t state[5], const uint8_t *first, const uint8_t *second,
                              size_t blocks, uint64_t out[2]) {
    NiState s = ni_open(state), t = s;
    for (; blocks; blocks--, first += BLOCK, second += BLOCK) {
        ni_two_blocks(&s, &t, first, second);
    }
    out[0] = ni_top(s);
    out[1] = ni_top(t);
}

static const Sha1 SHA_NI = {"sha-ni", ni_absorb, ni_finish, ni_finish_pair};
#endif

/* ---------------------------------------------------------------- ARMv8 */

/* Older clangs declare the intrinsics only when the whole file is compiled for them. */
#if defined(__aarch64__) && defined(__AARCH64EL__) &&                                 \
    (defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO) ||                  \
     (defined(__clang__) && __clang_major__ >= 16) ||                                 \
     (defined(__GNUC__) && !defined(__clang__)))
#define HAVE_ARMV8 1
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
    return true; /* every 64-bit Apple processor has them */
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

CE static void ce_finish_pair(const uint32_t state[5], const uint8_t *first, const uint8_t *second,
                              size_t blocks, uint64_t out[2]) {
    CeState s = {vld1q_u32(state), state[4]}, t = s;
    for (; blocks; blocks--, first += BLOCK, second += BLOCK) {
        ce_two_blocks(&s, &t, first, second);
    }
    out[0] = ce_top(s);
    out[1] = ce_top(t);
}

static const Sha1 ARMV8 = {"armv8-ce", ce_absorb, ce_finish, ce_finish_pair};
#endif

/* ---------------------------------------------------------------- the choice */

static const Sha1 *sha1 = &PORTABLE;

static const Sha1 *fastest(void) {
#ifdef HAVE_SHA_NI
    if (sha_ni_present()) {
        return &SHA_NI;
    }
#endif
#ifdef HAVE_ARMV8
    if (armv8_present()) {
        return &ARMV8;
    }
#endif
    return &PORTABLE;
}

/* ---------------------------------------------------------------- messages */

INLINE void copy(uint8_t *to, const void *from, size_t n) {
    const uint8_t *source = from;
    if (n >= 16) {
        for (size_t i = 0; i + 16 < n; i += 16) {
            memcpy(to + i, source + i, 16);
        }
        memcpy(to + n - 16, source + n - 16, 16);
    } else if (n >= 8) {
        uint64_t head, tail; /* both are read before either is written */
        memcpy(&head, source, 8), memcpy(&tail, source + n - 8, 8);
        memcpy(to, &head, 8), memcpy(to + n - 8, &tail, 8);
    } else {
        for (size_t i = 0; i < n; i++) {
            to[i] = source[i];
        }
    }
}

/* Ends a message whose last `used` bytes stand at `tail`, zeros behind them; gives the number of
 * blocks from `tail` on. `total` is the length of the whole message. */
INLINE size_t seal(uint8_t *tail, size_t used, uint64_t total) {
    size_t blocks = (used + LENGTH_FIELD) / BLOCK + 1;
    uint8_t *field = tail + blocks * BLOCK - LENGTH_FIELD;
    uint64_t bits = total * 8;
    tail[used] = 0x80;
    for (int i = 0; i < LENGTH_FIELD; i++) {
        field[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    return blocks;
}

/* A message under way: what was absorbed, and what does not fill a block yet (`fill` < BLOCK). */
typedef struct {
    uint32_t state[5];
    uint32_t fill;
    uint64_t total;
    uint8_t block[BLOCK];
} Stream;

static void stream_open(Stream *s) {
    memset(s, 0, sizeof *s);
    memcpy(s->state, INITIAL, sizeof INITIAL);
}

static void stream_bytes(const Sha1 *with, Stream *s, const uint8_t *data, size_t n) {
    s->total += n;
    if (s->fill + n >= BLOCK && s->fill) {
        size_t missing = BLOCK - s->fill;
        memcpy(s->block + s->fill, data, missing);
        with->absorb(s->state, s->block, 1);
        data += missing, n -= missing, s->fill = 0;
    }
    if (n >= BLOCK) {
        with->absorb(s->state, data, n / BLOCK);
        data += n / BLOCK * BLOCK, n %= BLOCK;
    }
    if (n) {
        memcpy(s->block + s->fill, data, n);
        s->fill += (uint32_t)n;
    }
}

static uint64_t stream_finish(const Sha1 *with, const Stream *s) {
    uint8_t tail[2 * BLOCK] = {0};
    memcpy(tail, s->block, s->fill);
    size_t blocks = seal(tail, s->fill, s->total);
    return with->finish(s->state, tail, blocks) >> BITS_DROPPED;
}

/* ---------------------------------------------------------------- text */

/* Gives the size of the character's UTF-8, 0 for a surrogate, which has none. */
INLINE size_t encode(Py_UCS4 c, uint8_t out[4]) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return c >= 0xD800 && c <= 0xDFFF ? 0 : 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

/* Lets CPython's own encoder raise its UnicodeEncodeError. */
static int raise_unencodable(PyObject *text, Py_ssize_t length) {
    PyObject *part = PyUnicode_Substring(text, 0, length);
    PyObject *bytes = part ? PyUnicode_AsUTF8String(part) : NULL;
    Py_XDECREF(part);
    if (bytes) {
        Py_DECREF(bytes);
        PyErr_SetString(PyExc_SystemError, "the two UTF-8 encoders disagree");
    }
    return -1;
}

/* Absorbs the first `length` characters. Encodes here because CPython's encoder would allocate, or
 * keep a copy with the string for its whole life. */
static int stream_text(const Sha1 *with, Stream *s, PyObject *text, Py_ssize_t length) {
    int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    if (PyUnicode_IS_ASCII(text)) {
        stream_bytes(with, s, data, (size_t)length);
        return 0;
    }
    uint8_t chunk[4 * BLOCK];
    size_t n = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        size_t size = encode(PyUnicode_READ(kind, data, i), chunk + n);
        if (size == 0) {
            return raise_unencodable(text, length);
        }
        n += size;
        if (n > sizeof chunk - 4) {
            stream_bytes(with, s, chunk, n);
            n = 0;
        }
    }
    stream_bytes(with, s, chunk, n);
    return 0;
}

static PyObject *raise_not_text(const char *what, PyObject *object) {
    if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %.200s", what, Py_TYPE(object)->tp_name);
    }
    return NULL;
}

/* ---------------------------------------------------------------- bucket() */

/* Gives false, with an exception, where the text has no UTF-8. */
static bool bucket_of_stream(PyObject *const *texts, Py_ssize_t count, uint64_t *out) {
    const Sha1 *with = LOAD_RELAXED(sha1);
    Stream stream;
    stream_open(&stream);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (stream_text(with, &stream, texts[i], PyUnicode_GET_LENGTH(texts[i])) < 0) {
            return false;
        }
    }
    *out = stream_finish(with, &stream);
    return true;
}

PyDoc_STRVAR(bucket_doc, "bucket(prefix, subject, salt='', /)\n--\n\n"
                         "The first 60 bits of SHA-1(utf8(prefix + subject + salt)).");

static PyObject *bucket(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count) {
    static const char *const names[3] = {"prefix", "subject", "salt"};
    if (count != 2 && count != 3) {
        return PyErr_Format(PyExc_TypeError, "bucket() takes 2 or 3 arguments (%zd given)", count);
    }
    bool ascii = true;
    size_t total = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!is_text(args[i])) {
            return raise_not_text(names[i], args[i]);
        }
        ascii = ascii && PyUnicode_IS_COMPACT_ASCII(args[i]);
        total += (size_t)PyUnicode_GET_LENGTH(args[i]);
    }
    uint64_t number;
    if (ascii && total < BLOCK - LENGTH_FIELD) {
        uint8_t block[BLOCK] = {0}, *end = block;
        for (Py_ssize_t i = 0; i < count; i++) {
            size_t n = (size_t)PyUnicode_GET_LENGTH(args[i]);
            copy(end, PyUnicode_1BYTE_DATA(args[i]), n);
            end += n;
        }
        seal(block, total, total);
        number = LOAD_RELAXED(sha1)->finish(INITIAL, block, 1) >> BITS_DROPPED;
    } else if (!bucket_of_stream(args, count, &number)) {
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(number);
}

/* ---------------------------------------------------------------- Hasher */

/* Everything about a message but its subject. `head` has absorbed the prefix. */
typedef struct {
    Stream head;
    PyObject *salt; /* bytes */
    Py_ssize_t limit;
} Frame;

static bool frame_open(Frame *frame, PyObject *prefix, PyObject *salt, Py_ssize_t limit) {
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "limit must not be negative");
        return false;
    }
    PyObject *bytes = PyUnicode_AsUTF8String(prefix);
    if (!bytes) {
        return false;
    }
    stream_open(&frame->head);
    stream_bytes(LOAD_RELAXED(sha1), &frame->head, (const uint8_t *)PyBytes_AS_STRING(bytes),
                 (size_t)PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    memset(frame->head.block + frame->head.fill, 0, BLOCK - frame->head.fill);
    frame->limit = limit ? limit : PY_SSIZE_T_MAX;
    frame->salt = PyUnicode_AsUTF8String(salt);
    return frame->salt != NULL;
}

/* Writes the end of the message for this subject to `tail`, which starts with the head's open
 * block and has room for it; gives the number of blocks. */
INLINE size_t frame_tail(const Frame *frame, uint8_t *tail, const void *subject, size_t n) {
    size_t salt = (size_t)PyBytes_GET_SIZE(frame->salt);
    size_t fill = frame->head.fill;
    memcpy(tail, frame->head.block, BLOCK);
    copy(tail + fill, subject, n);
    if (salt) {
        copy(tail + fill + n, PyBytes_AS_STRING(frame->salt), salt);
    }
    return seal(tail, fill + n + salt, frame->head.total + n + salt);
}

INLINE bool frame_fits(const Frame *frame, size_t n, size_t blocks) {
    size_t room = blocks * BLOCK - LENGTH_FIELD - 1;
    size_t taken = frame->head.fill + (size_t)PyBytes_GET_SIZE(frame->salt);
    return taken <= room && n <= room - taken;
}

typedef struct {
    PyObject_HEAD
    Frame frame;
    Py_ssize_t count;
    uint64_t *uppers;
} Hasher;

static bool hasher_of_stream(const Frame *frame, PyObject *subject, Py_ssize_t n, uint64_t *out) {
    const Sha1 *with = LOAD_RELAXED(sha1);
    Stream stream = frame->head;
    if (stream_text(with, &stream, subject, n) < 0) {
        return false;
    }
    stream_bytes(with, &stream, (const uint8_t *)PyBytes_AS_STRING(frame->salt),
                 (size_t)PyBytes_GET_SIZE(frame->salt));
    *out = stream_finish(with, &stream);
    return true;
}

/* Gives false, with an exception, where the subject is not text or has no UTF-8. */
INLINE bool hasher_number(const Hasher *self, PyObject *subject, uint64_t *out) {
    const Frame *frame = &self->frame;
    if (!is_text(subject)) {
        raise_not_text("subject", subject);
        return false;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(subject);
    n = n < frame->limit ? n : frame->limit;
    if (PyUnicode_IS_COMPACT_ASCII(subject) && frame_fits(frame, (size_t)n, 1)) {
        uint8_t block[BLOCK];
        frame_tail(frame, block, PyUnicode_1BYTE_DATA(subject), (size_t)n);
        *out = LOAD_RELAXED(sha1)->finish(frame->head.state, block, 1) >> BITS_DROPPED;
        return true;
    }
    return hasher_of_stream(frame, subject, n, out);
}

PyDoc_STRVAR(hasher_bucket_doc, "bucket($self, subject, /)\n--\n\n"
                                "The bucket number of prefix + subject + salt.");

static PyObject *hasher_bucket(PyObject *self, PyObject *subject) {
    uint64_t number;
    if (!hasher_number((Hasher *)self, subject, &number)) {
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(number);
}

INLINE Py_ssize_t position(const Hasher *self, uint64_t number) {
    Py_ssize_t i = 0;
    while (i < self->count && number >= self->uppers[i]) {
        i++;
    }
    return i;
}

PyDoc_STRVAR(hasher_draw_doc, "draw($self, subject, /)\n--\n\n"
                              "The index of the first upper that the bucket number is below, "
                              "their number if there is none.");

static PyObject *hasher_draw(PyObject *self, PyObject *subject) {
    uint64_t number;
    if (!hasher_number((Hasher *)self, subject, &number)) {
        return NULL;
    }
    return PyLong_FromSsize_t(position((Hasher *)self, number));
}

PyDoc_STRVAR(hasher_within_doc, "within($self, subject, /)\n--\n\n"
                                "Whether the bucket number is below the first upper.");

static PyObject *hasher_within(PyObject *self, PyObject *subject) {
    const Hasher *hasher = (Hasher *)self;
    uint64_t number;
    if (!hasher_number(hasher, subject, &number)) {
        return NULL;
    }
    return PyBool_FromLong(hasher->count && number < hasher->uppers[0]);
}

static bool read_uppers(Hasher *self, PyObject *uppers) {
    PyObject *items = PySequence_Tuple(uppers);
    if (!items) {
        return false;
    }
    Py_ssize_t count = PyTuple_GET_SIZE(items);
    self->uppers = PyMem_New(uint64_t, count ? count : 1);
    if (!self->uppers) {
        PyErr_NoMemory();
    }
    for (; self->uppers && self->count < count; self->count++) {
        uint64_t upper = PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(items, self->count));
        if (upper == (uint64_t)-1 && PyErr_Occurred()) {
            break;
        }
        self->uppers[self->count] = upper;
    }
    Py_DECREF(items);
    return !PyErr_Occurred();
}

static PyObject *hasher_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"prefix", "salt", "uppers", "limit", NULL};
    PyObject *prefix, *salt = NULL, *uppers = NULL;
    Py_ssize_t limit = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U|UOn:Hasher", names, &prefix, &salt, &uppers,
                                     &limit)) {
        return NULL;
    }
    Hasher *self = (Hasher *)type->tp_alloc(type, 0);
    PyObject *no_salt = PyUnicode_FromStringAndSize(NULL, 0);
    bool fine = self && no_salt && frame_open(&self->frame, prefix, salt ? salt : no_salt, limit) &&
                (!uppers || read_uppers(self, uppers));
    Py_XDECREF(no_salt);
    if (!fine) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

bool flagengine_is_hasher(PyObject *object) { return Py_TYPE(object)->tp_new == hasher_new; }

Py_ssize_t flagengine_hasher_count(PyObject *hasher) { return ((Hasher *)hasher)->count; }

Py_ssize_t flagengine_hasher_position(PyObject *hasher, PyObject *subject) {
    uint64_t number;
    return hasher_number((Hasher *)hasher, subject, &number) ? position((Hasher *)hasher, number)
                                                             : -1;
}

static void hasher_dealloc(PyObject *object) {
    Hasher *self = (Hasher *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_XDECREF(self->frame.salt);
    PyMem_Free(self->uppers);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef hasher_methods[] = {
    {"bucket", hasher_bucket, METH_O, hasher_bucket_doc},
    {"draw", hasher_draw, METH_O, hasher_draw_doc},
    {"within", hasher_within, METH_O, hasher_within_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(hasher_doc, "Hasher(prefix, salt='', uppers=(), limit=0)\n--\n\n"
                         "Bucket numbers for one prefix and salt: the prefix is absorbed once.\n\n"
                         "Of each subject, only the first `limit` characters count; 0: all.");

static PyType_Slot hasher_slots[] = {
    {Py_tp_new, hasher_new},
    {Py_tp_dealloc, hasher_dealloc},
    {Py_tp_methods, hasher_methods},
    {Py_tp_doc, (void *)hasher_doc},
    {0, NULL},
};

static PyType_Spec hasher_spec = {
    .name = "flagengine.native._accelerator.Hasher",
    .basicsize = sizeof(Hasher),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = hasher_slots,
};

/* ---------------------------------------------------------------- bucket_column() */

#define LANE_BLOCKS 4 /* longer messages than this are streamed one by one */
#define LANE_ROWS 8
#define NULL_ROW UINT64_MAX

typedef struct {
    Frame frame;
    Py_buffer offsets, data, validity, out;
    Py_ssize_t start, count;
    int large_offsets;
} Column;

/* Messages of as many blocks, gathered to be hashed two at a time. A processor waits for bytes that
 * were stored only just before they are loaded in wider pieces: with eight messages, they are old. */
typedef struct {
    size_t waiting;
    Py_ssize_t rows[LANE_ROWS];
    uint8_t tails[LANE_ROWS][LANE_BLOCKS * BLOCK];
} Lane;

INLINE int64_t column_offset(const Column *column, Py_ssize_t row) {
    const char *offsets = column->offsets.buf;
    int64_t large;
    int32_t small;
    if (column->large_offsets) {
        memcpy(&large, offsets + row * (Py_ssize_t)sizeof large, sizeof large);
        return large;
    }
    memcpy(&small, offsets + row * (Py_ssize_t)sizeof small, sizeof small);
    return small;
}

INLINE bool column_is_null(const Column *column, Py_ssize_t row) {
    const uint8_t *bits = column->validity.buf;
    return bits && !(bits[row / 8] >> (row % 8) & 1);
}

INLINE void column_put(const Column *column, Py_ssize_t index, uint64_t number) {
    char *out = column->out.buf;
    memcpy(out + index * (Py_ssize_t)sizeof number, &number, sizeof number);
}

/* The size of the first `limit` characters of UTF-8 text. */
static size_t clipped(const uint8_t *text, size_t n, Py_ssize_t limit) {
    if (n <= (size_t)limit) {
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        bool starts_character = (text[i] & 0xC0) != 0x80;
        if (starts_character && limit-- == 0) {
            return i;
        }
    }
    return n;
}

static uint64_t column_long_row(const Sha1 *with, const Frame *frame, const uint8_t *text,
                                size_t n) {
    Stream stream = frame->head;
    stream_bytes(with, &stream, text, n);
    stream_bytes(with, &stream, (const uint8_t *)PyBytes_AS_STRING(frame->salt),
                 (size_t)PyBytes_GET_SIZE(frame->salt));
    return stream_finish(with, &stream);
}

static void column_hash(const Sha1 *with, const Column *column, Lane *lane, size_t blocks) {
    const uint32_t *state = column->frame.head.state;
    size_t i = 0;
    for (; i + 2 <= lane->waiting; i += 2) {
        uint64_t numbers[2];
        with->finish_pair(state, lane->tails[i], lane->tails[i + 1], blocks, numbers);
        column_put(column, lane->rows[i], numbers[0] >> BITS_DROPPED);
        column_put(column, lane->rows[i + 1], numbers[1] >> BITS_DROPPED);
    }
    if (i < lane->waiting) {
        uint64_t number = with->finish(state, lane->tails[i], blocks);
        column_put(column, lane->rows[i], number >> BITS_DROPPED);
    }
    lane->waiting = 0;
}

static void column_row(const Sha1 *with, const Column *column, Lane *lanes, Py_ssize_t index,
                       const uint8_t *text, size_t n) {
    const Frame *frame = &column->frame;
    n = clipped(text, n, frame->limit);
    if (!frame_fits(frame, n, LANE_BLOCKS)) {
        column_put(column, index, column_long_row(with, frame, text, n));
        return;
    }
    size_t used = frame->head.fill + n + (size_t)PyBytes_GET_SIZE(frame->salt);
    size_t more = (used + LENGTH_FIELD) / BLOCK;
    Lane *lane = &lanes[more];
    uint8_t *tail = lane->tails[lane->waiting];
    memset(tail + BLOCK, 0, more * BLOCK);
    frame_tail(frame, tail, text, n);
    lane->rows[lane->waiting++] = index;
    if (lane->waiting == LANE_ROWS) {
        column_hash(with, column, lane, more + 1);
    }
}

/* Runs without the GIL. Gives the row whose offsets leave the data, -1 if none does. Every offset is
 * read once, so that a writer in another thread cannot change it between check and use. */
static Py_ssize_t column_run(const Column *column) {
    const Sha1 *with = LOAD_RELAXED(sha1);
    Lane lanes[LANE_BLOCKS];
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        lanes[i].waiting = 0;
    }
    int64_t from = column->count ? column_offset(column, column->start) : 0;
    for (Py_ssize_t i = 0; i < column->count; i++) {
        int64_t to = column_offset(column, column->start + i + 1);
        if (from < 0 || to < from || to > column->data.len) {
            return column->start + i;
        }
        if (column_is_null(column, column->start + i)) {
            column_put(column, i, NULL_ROW);
        } else {
            const uint8_t *data = column->data.buf; /* NULL where all rows are empty */
            column_row(with, column, lanes, i, from ? data + from : data, (size_t)(to - from));
        }
        from = to;
    }
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        column_hash(with, column, &lanes[i], i + 1);
    }
    return -1;
}

static bool column_view(Py_buffer *view, PyObject *object, int flags) {
    return !object || object == Py_None || PyObject_GetBuffer(object, view, flags) == 0;
}

static bool column_fits(const Column *column) {
    Py_ssize_t width = column->large_offsets ? 8 : 4;
    Py_ssize_t offsets = column->offsets.len / width;
    if (column->start < 0 || column->count < 0) {
        PyErr_SetString(PyExc_ValueError, "start and count must not be negative");
    } else if (column->count > column->out.len / 8) {
        PyErr_SetString(PyExc_ValueError, "out is too short for count numbers of 8 bytes");
    } else if (column->count == 0) {
        return true; /* Arrow lets the buffers of an empty array be missing */
    } else if (column->start >= offsets || column->count > offsets - column->start - 1) {
        PyErr_SetString(PyExc_ValueError, "offsets is too short for start and count");
    } else if (column->validity.buf &&
               (column->start + column->count - 1) / 8 >= column->validity.len) {
        PyErr_SetString(PyExc_ValueError, "validity is too short for start and count");
    } else {
        return true;
    }
    return false;
}

static void column_close(Column *column) {
    PyBuffer_Release(&column->offsets);
    PyBuffer_Release(&column->data);
    PyBuffer_Release(&column->validity);
    PyBuffer_Release(&column->out);
    Py_XDECREF(column->frame.salt);
}

static bool column_compute(Column *column) {
    Py_ssize_t bad;
    Py_BEGIN_ALLOW_THREADS
    bad = column_run(column);
    Py_END_ALLOW_THREADS
    if (bad >= 0) {
        PyErr_Format(PyExc_ValueError, "the offsets of row %zd are not within the data", bad);
    }
    return bad < 0;
}

PyDoc_STRVAR(bucket_column_doc,
             "bucket_column(prefix, salt, offsets, data, out, *, start=0, count, "
             "large_offsets=False, validity=None, limit=0)\n--\n\n"
             "Fill `out` with the bucket numbers (64-bit) of an Arrow string column's rows.\n\n"
             "Null rows give 2**64 - 1. Raises ValueError where a buffer is too short or an offset\n"
             "leaves the data; `out` may be filled in part by then.");

static PyObject *bucket_column(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs) {
    static char *names[] = {"prefix", "salt",  "offsets",       "data",     "out",
                            "start",  "count", "large_offsets", "validity", "limit", NULL};
    PyObject *prefix, *salt, *offsets, *data, *out, *validity = NULL;
    Py_ssize_t limit = 0;
    Column column = {.count = -1};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UUOOO|$nnpOn:bucket_column", names, &prefix,
                                     &salt, &offsets, &data, &out, &column.start, &column.count,
                                     &column.large_offsets, &validity, &limit)) {
        return NULL;
    }
    bool fine = frame_open(&column.frame, prefix, salt, limit) &&
                column_view(&column.offsets, offsets, PyBUF_SIMPLE) &&
                column_view(&column.data, data, PyBUF_SIMPLE) &&
                column_view(&column.validity, validity, PyBUF_SIMPLE) &&
                column_view(&column.out, out, PyBUF_WRITABLE) && column_fits(&column) &&
                column_compute(&column);
    column_close(&column);
    if (!fine) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the module */

PyDoc_STRVAR(implementation_doc, "implementation()\n--\n\nThe SHA-1 in use.");

static PyObject *implementation(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return PyUnicode_FromString(LOAD_RELAXED(sha1)->name);
}

PyDoc_STRVAR(use_doc, "_use(name, /)\n--\n\n"
                      "For tests: use 'portable-c', or 'fastest' again, in the whole process.");

static PyObject *use(PyObject *module, PyObject *name) {
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (text && strcmp(text, "fastest") == 0) {
        STORE_RELAXED(sha1, fastest());
    } else if (text && strcmp(text, PORTABLE.name) == 0) {
        STORE_RELAXED(sha1, &PORTABLE);
    } else if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError, "expected 'portable-c' or 'fastest', not %R", name);
    }
    return PyErr_Occurred() ? NULL : implementation(module, NULL);
}

static int add_type(PyObject *module, PyType_Spec *spec) {
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int failed = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return failed;
}

static int module_exec(PyObject *module) {
    STORE_RELAXED(sha1, fastest());
    return add_type(module, &hasher_spec) || add_type(module, &flagengine_text_test_spec) ||
                   add_type(module, &flagengine_plain_flag_spec) ||
                   add_type(module, &flagengine_flag_call_spec)
               ? -1
               : 0;
}

/* METH_FASTCALL functions have another type than the table's entries. */
#define FUNCTION(f) ((PyCFunction)(void (*)(void))(f))

static PyMethodDef module_methods[] = {
    {"bucket", FUNCTION(bucket), METH_FASTCALL, bucket_doc},
    {"bucket_column", FUNCTION(bucket_column), METH_VARARGS | METH_KEYWORDS, bucket_column_doc},
    {"implementation", implementation, METH_NOARGS, implementation_doc},
    {"_use", use, METH_O, use_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "flagengine.native._accelerator",
    .m_doc = "Bucket numbers and tests of text in C.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__accelerator(void) { return PyModuleDef_Init(&module); }
