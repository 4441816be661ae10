/* SHA-1 in portable C, and the choice among all implementations.
 *
 * This file must not know Python, or the parts of a message.
 */

#include "sha1.h"

const uint32_t sha1_initial[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

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

static void portable_finish_many(const uint32_t state[5], const uint8_t *const messages[],
                                 size_t blocks, size_t count, uint64_t out[]) {
    for (size_t i = 0; i < count; i++) {
        out[i] = portable_finish(state, messages[i], blocks);
    }
}

const Sha1 sha1_portable = {"portable-c", portable_absorb, portable_finish, portable_finish_many, NULL};

/* ---------------------------------------------------------------- the choice */

const Sha1 *sha1_selected = &sha1_portable;

const Sha1 *sha1_fastest(void) {
    const Sha1 *lanes = sha1_in_lanes(), *hardware = sha1_in_hardware();
    return lanes ? lanes : hardware ? hardware : &sha1_portable;
}
