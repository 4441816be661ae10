/* SHA-1 over whole blocks, by the fastest implementation for the processor.
 *
 * This file must not know Python, or the parts of a message.
 */

#ifndef FLAGENGINE_SHA1_H
#define FLAGENGINE_SHA1_H

#include "native.h"

#define BLOCK 64

/* An implementation of SHA-1. `finish` and `finish_pair` end messages and give the first 64 bits of
 * the digests; a pair has the same initial state and the same number of blocks. */
typedef struct {
    const char *name;
    void (*absorb)(uint32_t state[5], const uint8_t *data, size_t blocks);
    uint64_t (*finish)(const uint32_t state[5], const uint8_t *data, size_t blocks);
    void (*finish_pair)(const uint32_t state[5], const uint8_t *first, const uint8_t *second,
                        size_t blocks, uint64_t out[2]);
} Sha1;

extern SHARED const uint32_t sha1_initial[5];
extern SHARED const Sha1 sha1_portable;

/* Gives NULL if the processor has no instructions for SHA-1. */
SHARED const Sha1 *sha1_in_hardware(void);
SHARED const Sha1 *sha1_fastest(void);

/* The implementation in use in the whole process; any thread may change it at any time. */
extern SHARED const Sha1 *sha1_selected;

INLINE const Sha1 *sha1_in_use(void) { return LOAD_RELAXED(sha1_selected); }

INLINE void sha1_use(const Sha1 *sha1) { STORE_RELAXED(sha1_selected, sha1); }

#endif
