/* Texts that are hashed with the same surroundings, sixteen at a time, each in a single block.
 *
 * This file must not know Arrow, or what a bucket number is compared with.
 */

#ifndef FLAGENGINE_TEXTS_H
#define FLAGENGINE_TEXTS_H

#include "message.h"

#define TEXTS 16

typedef struct {
    Wrapping around;
    const uint8_t *data;
    size_t size;    /* of the data */
    size_t longest; /* the size of the longest text that fits into the block */
    size_t waiting;
    size_t starts[TEXTS], sizes[TEXTS];
    Py_ssize_t rows[TEXTS];
} Texts;

/* Gives false if every text must be hashed by other means. The texts lie in `data`. */
SHARED bool texts_open(Texts *texts, const Sha1 *with, const Frame *frame, const uint8_t *data,
                       size_t size);

/* Tells whether a text within the data can be hashed here: it fits, and the block that it would be
 * in is within the data too. */
INLINE bool texts_take(const Texts *texts, size_t start, size_t n) {
    size_t fill = texts->around.fill;
    return n <= texts->longest && start >= fill && texts->size >= BLOCK &&
           start - fill <= texts->size - BLOCK;
}

/* Takes sixteen texts from seventeen offsets; gives false if one cannot be hashed here, or is not
 * within the data. */
SHARED bool texts_take_all(Texts *texts, const int64_t offsets[TEXTS + 1]);

/* Writes the bucket numbers of the sixteen texts. */
SHARED void texts_hash(Texts *texts, const Sha1 *with, uint64_t numbers[TEXTS]);

#endif
