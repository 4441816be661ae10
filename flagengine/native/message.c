/* Messages for SHA-1 from text: a stream of UTF-8, and the frame around a subject.
 *
 * This file must not know what a bucket number is compared with, or where subjects come from.
 */

#include "message.h"

/* ---------------------------------------------------------------- streams of bytes */

void stream_open(Stream *s) {
    memset(s, 0, sizeof *s);
    memcpy(s->state, sha1_initial, sizeof sha1_initial);
}

void stream_bytes(const Sha1 *with, Stream *s, const uint8_t *data, size_t n) {
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

uint64_t stream_finish(const Sha1 *with, const Stream *s) {
    uint8_t tail[2 * BLOCK] = {0};
    memcpy(tail, s->block, s->fill);
    size_t blocks = seal(tail, s->fill, s->total);
    return with->finish(s->state, tail, blocks) >> BITS_DROPPED;
}

/* ---------------------------------------------------------------- text */

/* Gives the size of the character's UTF-8, 0 for a surrogate, which has no UTF-8. */
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
static void raise_unencodable(PyObject *text, Py_ssize_t length) {
    PyObject *part = PyUnicode_Substring(text, 0, length);
    PyObject *bytes = part ? PyUnicode_AsUTF8String(part) : NULL;
    Py_XDECREF(part);
    if (bytes) {
        Py_DECREF(bytes);
        PyErr_SetString(PyExc_SystemError, "the two UTF-8 encoders disagree");
    }
}

/* CPython's own encoder would allocate, or keep a copy as long as the string lives. */
bool stream_text(const Sha1 *with, Stream *s, PyObject *text, Py_ssize_t length) {
    int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    if (PyUnicode_IS_ASCII(text)) {
        stream_bytes(with, s, data, (size_t)length);
        return true;
    }
    uint8_t chunk[4 * BLOCK];
    size_t n = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        size_t size = encode(PyUnicode_READ(kind, data, i), chunk + n);
        if (size == 0) {
            raise_unencodable(text, length);
            return false;
        }
        n += size;
        if (n > sizeof chunk - 4) {
            stream_bytes(with, s, chunk, n);
            n = 0;
        }
    }
    stream_bytes(with, s, chunk, n);
    return true;
}

/* ---------------------------------------------------------------- frames */

bool frame_open(Frame *frame, PyObject *prefix, PyObject *salt, Py_ssize_t limit) {
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "limit must not be negative");
        return false;
    }
    PyObject *bytes = PyUnicode_AsUTF8String(prefix);
    if (!bytes) {
        return false;
    }
    stream_open(&frame->head);
    stream_bytes(sha1_in_use(), &frame->head, (const uint8_t *)PyBytes_AS_STRING(bytes),
                 (size_t)PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    memset(frame->head.block + frame->head.fill, 0, BLOCK - frame->head.fill);
    frame->limit = limit ? limit : PY_SSIZE_T_MAX;
    frame->salt = PyUnicode_AsUTF8String(salt);
    return frame->salt != NULL;
}

uint64_t frame_finish(const Sha1 *with, const Frame *frame, Stream *s) {
    stream_bytes(with, s, (const uint8_t *)PyBytes_AS_STRING(frame->salt),
                 (size_t)PyBytes_GET_SIZE(frame->salt));
    return stream_finish(with, s);
}
