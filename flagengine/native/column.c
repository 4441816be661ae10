/* The bucket numbers of all rows of an Arrow string column: `bucket_column()`.
 *
 * This file must not know flags or Arrow's Python objects. It reads and writes only inside of the
 * buffers that it gets, whatever the offsets say.
 */

#include "texts.h"

#define LANE_BLOCKS 4 /* longer messages are streamed separately */
#define LANE_ROWS 16
#define NULL_ROW UINT64_MAX

typedef struct {
    Frame frame;
    Py_buffer offsets, data, validity, out;
    Py_ssize_t start, count;
    int large_offsets;
} Column;

/* Messages with the same number of blocks, collected to be hashed together. Loading bytes in wide
 * pieces just after storing them in narrow pieces stalls the processor; sixteen messages give the
 * stores enough time. */
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

/* Gives the size of the first `limit` characters of UTF-8 text. */
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
    return frame_finish(with, frame, &stream);
}

static void column_hash(const Sha1 *with, const Column *column, Lane *lane, size_t blocks) {
    const uint8_t *messages[LANE_ROWS];
    uint64_t numbers[LANE_ROWS];
    for (size_t i = 0; i < lane->waiting; i++) {
        messages[i] = lane->tails[i];
    }
    with->finish_many(column->frame.head.state, messages, blocks, lane->waiting, numbers);
    for (size_t i = 0; i < lane->waiting; i++) {
        column_put(column, lane->rows[i], numbers[i] >> BITS_DROPPED);
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

/* Hashes sixteen rows of a column without nulls; gives false if one needs another way. */
static bool column_sixteen(const Sha1 *with, const Column *column, Texts *texts,
                           Py_ssize_t first) {
    int64_t offsets[TEXTS + 1];
    uint64_t numbers[TEXTS];
    for (Py_ssize_t i = 0; i <= TEXTS; i++) {
        offsets[i] = column_offset(column, column->start + first + i);
    }
    if (!texts_take_all(texts, offsets)) {
        return false;
    }
    texts_hash(texts, with, numbers);
    memcpy((char *)column->out.buf + first * (Py_ssize_t)sizeof *numbers, numbers, sizeof numbers);
    return true;
}

static void column_texts_hash(const Sha1 *with, const Column *column, Texts *texts) {
    uint64_t numbers[TEXTS];
    texts_hash(texts, with, numbers);
    for (size_t i = 0; i < TEXTS; i++) {
        column_put(column, texts->rows[i], numbers[i]);
    }
}

/* Hashes a row, or collects it, with `texts` if there are any; gives false if its offsets are outside of the data. */
static bool column_one(const Sha1 *with, const Column *column, Lane *lanes, Texts *texts,
                       Py_ssize_t index) {
    const uint8_t *data = column->data.buf; /* NULL if all rows are empty */
    int64_t from = column_offset(column, column->start + index);
    int64_t to = column_offset(column, column->start + index + 1);
    if (from < 0 || to < from || to > column->data.len) {
        return false;
    }
    size_t n = (size_t)(to - from);
    if (column_is_null(column, column->start + index)) {
        column_put(column, index, NULL_ROW);
    } else if (texts && texts_take(texts, (size_t)from, n)) {
        size_t i = texts->waiting++;
        texts->rows[i] = index, texts->starts[i] = (size_t)from, texts->sizes[i] = n;
        if (texts->waiting == TEXTS) {
            column_texts_hash(with, column, texts);
        }
    } else {
        column_row(with, column, lanes, index, from ? data + from : data, n);
    }
    return true;
}

/* Hashes the texts and the messages that wait. */
static void column_rest(const Sha1 *with, const Column *column, Lane *lanes, Texts *texts) {
    for (size_t i = 0; texts && i < texts->waiting; i++) {
        column_row(with, column, lanes, texts->rows[i], texts->data + texts->starts[i],
                   texts->sizes[i]);
    }
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        column_hash(with, column, &lanes[i], i + 1);
    }
}

/* Runs without the GIL. Gives the first row whose offsets are outside of the data, -1 if there is
 * none. Another thread may change the offsets, so none is read again between check and use. */
static Py_ssize_t column_run(const Column *column) {
    const Sha1 *with = sha1_in_use();
    Lane lanes[LANE_BLOCKS];
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        lanes[i].waiting = 0;
    }
    Texts room, *texts = &room;
    if (!texts_open(texts, with, &column->frame, column->data.buf, (size_t)column->data.len)) {
        texts = NULL;
    }
    bool in_sixteens = texts && !column->validity.buf;
    for (Py_ssize_t i = 0; i < column->count;) {
        Py_ssize_t left = column->count - i;
        if (in_sixteens && left >= TEXTS && column_sixteen(with, column, texts, i)) {
            i += TEXTS;
            continue;
        }
        for (Py_ssize_t end = i + (left < TEXTS ? left : TEXTS); i < end; i++) {
            if (!column_one(with, column, lanes, in_sixteens ? NULL : texts, i)) {
                return column->start + i;
            }
        }
    }
    column_rest(with, column, lanes, texts);
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
             "Null rows give 2**64 - 1. Raise ValueError if a buffer is too short or an offset is\n"
             "outside the data; `out` may then be partly filled.");

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

PyMethodDef column_functions[] = {
    {"bucket_column", FUNCTION(bucket_column), METH_VARARGS | METH_KEYWORDS, bucket_column_doc},
    {NULL, NULL, 0, NULL},
};
