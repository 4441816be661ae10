/* Texts that are hashed with the same surroundings, sixteen at a time, each in a single block.
 *
 * No message is written to memory: the implementation of SHA-1 loads the block in which a text
 * lies, masks what does not belong to the text, and lays the surroundings over it. This file must
 * not know Arrow, or what a bucket number is compared with.
 */

#include "texts.h"

bool texts_open(Texts *texts, const Sha1 *with, const Frame *frame, const uint8_t *data,
                size_t size) {
    const Stream *head = &frame->head;
    Wrapping *around = &texts->around;
    texts->waiting = 0;
    if (!with->finish_texts || !frame_fits(frame, 0, 1) || head->total > UINT32_MAX / 8 - BLOCK) {
        return false;
    }
    size_t salt = (size_t)PyBytes_GET_SIZE(frame->salt);
    texts->data = data, texts->size = size;
    texts->longest = BLOCK - LENGTH_FIELD - 1 - head->fill - salt;
    if (texts->longest > (size_t)frame->limit) { /* so many bytes are not more characters */
        texts->longest = (size_t)frame->limit;
    }
    memset(around, 0, sizeof *around);
    memcpy(around->state, head->state, sizeof around->state);
    around->fill = head->fill;
    around->besides = (uint32_t)(head->total + salt);
    memcpy(around->head, head->block, head->fill);
    memset(around->behind + head->fill, 0xFF, BLOCK - head->fill);
    memset(around->before, 0xFF, BLOCK);
    memcpy(around->tail + BLOCK, PyBytes_AS_STRING(frame->salt), salt);
    around->tail[BLOCK + salt] = 0x80;
    return true;
}

bool texts_take_all(Texts *texts, const int64_t offsets[TEXTS + 1]) {
    size_t longest = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        size_t n = (size_t)offsets[i + 1] - (size_t)offsets[i]; /* huge if the offsets fall */
        texts->starts[i] = (size_t)offsets[i];
        texts->sizes[i] = n;
        longest = n > longest ? n : longest;
    }
    /* Where no offset falls, the first text is the first in the data, and the last is the last. */
    return offsets[0] >= 0 && longest <= texts->longest && (size_t)offsets[TEXTS] <= texts->size &&
           texts_take(texts, texts->starts[0], 0) && texts_take(texts, texts->starts[TEXTS - 1], 0);
}

void texts_hash(Texts *texts, const Sha1 *with, uint64_t numbers[TEXTS]) {
    with->finish_texts(&texts->around, texts->data, texts->starts, texts->sizes, numbers);
    for (size_t i = 0; i < TEXTS; i++) {
        numbers[i] >>= BITS_DROPPED;
    }
    texts->waiting = 0;
}
