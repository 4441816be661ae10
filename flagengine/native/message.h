/* The message whose hash gives a bucket number: prefix + subject + salt, in UTF-8, padded for SHA-1.
 *
 * This file must not know what a bucket number is compared with, or where subjects come from.
 */

#ifndef FLAGENGINE_MESSAGE_H
#define FLAGENGINE_MESSAGE_H

#include "sha1.h"

#define LENGTH_FIELD 8
#define BITS_DROPPED 4 /* a bucket number is the upper 60 of the first 64 bits of a digest */

INLINE void copy(uint8_t *to, const void *from, size_t n) {
    const uint8_t *source = from;
    if (n >= 16) {
        for (size_t i = 0; i + 16 < n; i += 16) {
            memcpy(to + i, source + i, 16);
        }
        memcpy(to + n - 16, source + n - 16, 16);
    } else if (n >= 8) {
        uint64_t head, tail; /* the first and the last 8 bytes, which may overlap */
        memcpy(&head, source, 8), memcpy(&tail, source + n - 8, 8);
        memcpy(to, &head, 8), memcpy(to + n - 8, &tail, 8);
    } else {
        for (size_t i = 0; i < n; i++) {
            to[i] = source[i];
        }
    }
}

/* Ends a message whose last `used` bytes are at `tail`, followed by zeros; gives the number of
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

/* An unfinished message: the absorbed state, and the `fill` bytes of the last, incomplete block. */
typedef struct {
    uint32_t state[5];
    uint32_t fill;
    uint64_t total;
    uint8_t block[BLOCK];
} Stream;

SHARED void stream_open(Stream *s);
SHARED void stream_bytes(const Sha1 *with, Stream *s, const uint8_t *data, size_t n);
/* Absorbs the first `length` characters; gives false, with an exception, if they have no UTF-8. */
SHARED bool stream_text(const Sha1 *with, Stream *s, PyObject *text, Py_ssize_t length);
/* Gives the bucket number. */
SHARED uint64_t stream_finish(const Sha1 *with, const Stream *s);

/* The parts of a message besides its subject; `head` has absorbed the prefix. */
typedef struct {
    Stream head;
    PyObject *salt; /* bytes */
    Py_ssize_t limit;
} Frame;

/* Gives false, with an exception, if an argument has no UTF-8 or the limit is negative. In every
 * case the frame owns its salt, which may be NULL. */
SHARED bool frame_open(Frame *frame, PyObject *prefix, PyObject *salt, Py_ssize_t limit);
/* Absorbs the salt and gives the bucket number. */
SHARED uint64_t frame_finish(const Sha1 *with, const Frame *frame, Stream *s);

/* Writes the message for this subject, from the head's incomplete block on, to `tail`; gives the
 * number of blocks. The caller provides the room. */
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

/* Tells whether a subject of `n` bytes, the incomplete block and the salt fit into `blocks`. */
INLINE bool frame_fits(const Frame *frame, size_t n, size_t blocks) {
    size_t room = blocks * BLOCK - LENGTH_FIELD - 1;
    size_t taken = frame->head.fill + (size_t)PyBytes_GET_SIZE(frame->salt);
    return taken <= room && n <= room - taken;
}

#endif
