/* The bucket number of one subject, and its position among upper bounds: `bucket()` and `Hasher`.
 *
 * A bucket number is the first 60 bits of SHA-1(utf8(prefix + subject + salt)). The Python module
 * flagengine/hashing/sha1.py is equal in every answer and error. This file must not know flags, or
 * keep state between calls.
 */

#include "hasher.h"

#include "message.h"

static PyObject *raise_not_text(const char *what, PyObject *object) {
    if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %.200s", what, Py_TYPE(object)->tp_name);
    }
    return NULL;
}

/* ---------------------------------------------------------------- bucket() */

/* Gives false, with an exception, if a text has no UTF-8. */
static bool bucket_of_stream(PyObject *const *texts, Py_ssize_t count, uint64_t *out) {
    const Sha1 *with = sha1_in_use();
    Stream stream;
    stream_open(&stream);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!stream_text(with, &stream, texts[i], PyUnicode_GET_LENGTH(texts[i]))) {
            return false;
        }
    }
    *out = stream_finish(with, &stream);
    return true;
}

PyDoc_STRVAR(bucket_doc, "bucket(prefix, subject, salt='', /)\n--\n\n"
                         "Return the first 60 bits of SHA-1(utf8(prefix + subject + salt)).");

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
        number = sha1_in_use()->finish(sha1_initial, block, 1) >> BITS_DROPPED;
    } else if (!bucket_of_stream(args, count, &number)) {
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(number);
}

PyMethodDef bucket_functions[] = {
    {"bucket", FUNCTION(bucket), METH_FASTCALL, bucket_doc},
    {NULL, NULL, 0, NULL},
};

/* ---------------------------------------------------------------- Hasher */

typedef struct {
    PyObject_HEAD
    Frame frame;
    Py_ssize_t count;
    uint64_t *uppers;
} Hasher;

static bool hasher_of_stream(const Frame *frame, PyObject *subject, Py_ssize_t n, uint64_t *out) {
    const Sha1 *with = sha1_in_use();
    Stream stream = frame->head;
    if (!stream_text(with, &stream, subject, n)) {
        return false;
    }
    *out = frame_finish(with, frame, &stream);
    return true;
}

/* Gives false, with an exception, if the subject is not text or has no UTF-8. */
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
        *out = sha1_in_use()->finish(frame->head.state, block, 1) >> BITS_DROPPED;
        return true;
    }
    return hasher_of_stream(frame, subject, n, out);
}

PyDoc_STRVAR(hasher_bucket_doc, "bucket($self, subject, /)\n--\n\n"
                                "Return the bucket number of prefix + subject + salt.");

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
                              "Return the index of the first upper above the bucket number, "
                              "or the number of uppers.");

static PyObject *hasher_draw(PyObject *self, PyObject *subject) {
    uint64_t number;
    if (!hasher_number((Hasher *)self, subject, &number)) {
        return NULL;
    }
    return PyLong_FromSsize_t(position((Hasher *)self, number));
}

PyDoc_STRVAR(hasher_within_doc, "within($self, subject, /)\n--\n\n"
                                "Tell whether the bucket number is below the first upper.");

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

bool is_hasher(PyObject *object) { return Py_TYPE(object)->tp_new == hasher_new; }

Py_ssize_t hasher_count(PyObject *hasher) { return ((Hasher *)hasher)->count; }

Py_ssize_t hasher_position(PyObject *hasher, PyObject *subject) {
    uint64_t number;
    return hasher_number((Hasher *)hasher, subject, &number) ? position((Hasher *)hasher, number)
                                                             : -1;
}

bool hasher_block(PyObject *hasher, PyObject *subject, uint8_t block[BLOCK]) {
    const Frame *frame = &((Hasher *)hasher)->frame;
    Py_ssize_t n = PyUnicode_GET_LENGTH(subject);
    n = n < frame->limit ? n : frame->limit;
    if (frame->head.total >= BLOCK || !PyUnicode_IS_COMPACT_ASCII(subject) ||
        !frame_fits(frame, (size_t)n, 1)) {
        return false;
    }
    frame_tail(frame, block, PyUnicode_1BYTE_DATA(subject), (size_t)n);
    return true;
}

Py_ssize_t hasher_place(PyObject *hasher, uint64_t digest) {
    return position((Hasher *)hasher, digest >> BITS_DROPPED);
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
                         "Bucket numbers for one prefix and salt; the prefix is absorbed once.\n\n"
                         "Only the first `limit` characters of a subject are hashed; 0 means all.");

static PyType_Slot hasher_slots[] = {
    {Py_tp_new, hasher_new},
    {Py_tp_dealloc, hasher_dealloc},
    {Py_tp_methods, hasher_methods},
    {Py_tp_doc, (void *)hasher_doc},
    {0, NULL},
};

PyType_Spec hasher_spec = {
    .name = "flagengine.native._accelerator.Hasher",
    .basicsize = sizeof(Hasher),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = hasher_slots,
};
