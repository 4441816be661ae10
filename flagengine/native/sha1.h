/* SHA-1 over whole blocks, in the fastest way that the processor has.
 *
 * It must not know Python, or how a message is made up.
 */

#ifndef FLAGENGINE_SHA1_H
#define FLAGENGINE_SHA1_H

#include "native.h"

#define BLOCK 64

/* One way to run SHA-1. `finish` and `finish_pair` end a message and give its first 64 bits; the
 * pair starts from one state and runs two messages of equally many blocks side by side. */
typedef struct {
    const char *name;
    void (*absorb)(uint32_t state[5], const uint8_t *data, size_t blocks);
    uint64_t (*finish)(const uint32_t state[5], const uint8_t *data, size_t blocks);
    void (*finish_pair)(const uint32_t state[5], const uint8_t *first, const uint8_t *second,
                        size_t blocks, uint64_t out[2]);
} Sha1;

extern SHARED const uint32_t sha1_initial[5];
extern SHARED const Sha1 sha1_portable;

/* Gives NULL where the processor has no instructions for SHA-1. */
SHARED const Sha1 *sha1_in_hardware(void);
SHARED const Sha1 *sha1_fastest(void);

/* The one in use, in the whole process; any thread may change it at any time. */
extern SHARED const Sha1 *sha1_selected;

INLINE const Sha1 *sha1_in_use(void) { return LOAD_RELAXED(sha1_selected); }

INLINE void sha1_use(const Sha1 *sha1) { STORE_RELAXED(sha1_selected, sha1); }

#endif
