/* SHA-1 over whole blocks, by the fastest implementation for the processor.
 *
 * This file must not know Python, or the parts of a message.
 */

#ifndef FLAGENGINE_SHA1_H
#define FLAGENGINE_SHA1_H

#include "native.h"

#define BLOCK 64

/* What surrounds the texts of messages whose last block has the whole text. */
typedef struct {
    uint32_t state[5];         /* after the blocks before */
    uint32_t fill;             /* the size of the head, what is before the text in its block */
    uint32_t besides;          /* the size of a message without its text; in bits, 32 hold it */
    uint8_t head[BLOCK];       /* followed by zeros */
    uint8_t behind[BLOCK];     /* a mask of the bytes after the head */
    uint8_t before[2 * BLOCK]; /* ones, and a block of zeros: from the middle on, back by n: a mask of n bytes */
    uint8_t tail[2 * BLOCK];   /* a block of zeros, what follows a text with the end mark, zeros */
} Wrapping;

/* An implementation of SHA-1. `finish` ends a message of `blocks` blocks and gives the first 64 bits
 * of the digest. `finish_many` does so for any number of messages with the same initial state and
 * the same number of blocks. `finish_texts`, which may be NULL, does so for sixteen texts in
 * `data` with the same surroundings; the block that a text would be in, if the head were before it,
 * must be readable. */
typedef struct {
    const char *name;
    void (*absorb)(uint32_t state[5], const uint8_t *data, size_t blocks);
    uint64_t (*finish)(const uint32_t state[5], const uint8_t *data, size_t blocks);
    void (*finish_many)(const uint32_t state[5], const uint8_t *const messages[], size_t blocks,
                        size_t count, uint64_t out[]);
    void (*finish_texts)(const Wrapping *around, const uint8_t *data, const size_t starts[],
                         const size_t sizes[], uint64_t out[]);
} Sha1;

extern SHARED const uint32_t sha1_initial[5];
extern SHARED const Sha1 sha1_portable;

/* Gives NULL if the processor has no instructions for SHA-1. */
SHARED const Sha1 *sha1_in_hardware(void);
/* Gives NULL if the processor has no registers for sixteen messages side by side. */
SHARED const Sha1 *sha1_in_lanes(void);
SHARED const Sha1 *sha1_fastest(void);

/* What the implementation in lanes uses for few messages. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define SHA1_X86
extern SHARED const Sha1 sha_ni;
SHARED void sha_ni_absorb(uint32_t state[5], const uint8_t *data, size_t blocks);
SHARED uint64_t sha_ni_finish(const uint32_t state[5], const uint8_t *data, size_t blocks);
#endif

/* The implementation in use in the whole process; any thread may change it at any time. */
extern SHARED const Sha1 *sha1_selected;

INLINE const Sha1 *sha1_in_use(void) { return LOAD_RELAXED(sha1_selected); }

INLINE void sha1_use(const Sha1 *sha1) { STORE_RELAXED(sha1_selected, sha1); }

#endif
