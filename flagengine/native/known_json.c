/* A document that was seen before, in a form that is compared fast: one array in reading order.
 *
 * Most values of a document that has not changed are the very objects of the copy. This file must
 * not decide when two values are the same: json_copy.c does.
 */

#include "json_copy.h"
#include "untouched.h"

/* A container is its length and kind, an odd number, then each member: for a dict its key, then the value
 * or 0 for a container, which follows. Keys and values are owned references to objects of the copy. */
typedef struct {
    PyObject_HEAD
    Words copy;
    Words untouched; /* the document that was the same last */
} KnownJson;

enum { IS_HEAD = 1, IS_LIST = 2, KIND_BITS = 2 };

/* Writing. All give false with an exception. */

static bool put(KnownJson *self, Word word) {
    bool done = words_put(&self->copy, word);
    if (!done) {
        PyErr_NoMemory();
    }
    return done;
}

static bool put_object(KnownJson *self, PyObject *object) {
    if (!put(self, (Word)object)) {
        return false;
    }
    Py_INCREF(object);
    return true;
}

static bool write_container(KnownJson *self, PyObject *container, int depth);

static bool write_member(KnownJson *self, PyObject *value, int depth) {
    if (!PyDict_CheckExact(value) && !PyList_CheckExact(value)) {
        return put_object(self, value);
    }
    return put(self, 0) && write_container(self, value, depth);
}

static bool write_container(KnownJson *self, PyObject *container, int depth) {
    if (depth == 0) {
        PyErr_SetString(PyExc_ValueError, "the copy nests too deep");
        return false;
    }
    if (PyList_CheckExact(container)) {
        Py_ssize_t length = PyList_GET_SIZE(container);
        bool written = put(self, (Word)length << KIND_BITS | IS_LIST | IS_HEAD);
        for (Py_ssize_t at = 0; written && at < length; at++) {
            written = write_member(self, PyList_GET_ITEM(container, at), depth - 1);
        }
        return written;
    }
    Py_ssize_t at = 0;
    PyObject *key, *value;
    bool written = put(self, (Word)PyDict_GET_SIZE(container) << KIND_BITS | IS_HEAD);
    while (written && PyDict_Next(container, &at, &key, &value)) {
        written = put_object(self, key) && write_member(self, value, depth - 1);
    }
    return written;
}

/* Comparison. `at` is where the known container or member begins; each function gives where it ends, or
 * NULL for another document. */

static const Word *same_container(PyObject *given, const Word *at);

INLINE const Word *same_member(PyObject *given, const Word *at) {
    Word known = *at++;
    if ((Word)given == known) {
        return at;
    }
    Py_INCREF(given);
    if (!known) {
        at = same_container(given, at);
    } else if (!json_same_scalar(given, (PyObject *)known)) {
        at = NULL;
    }
    Py_DECREF(given);
    return at;
}

static const Word *same_members_of_dict(PyObject *given, const Word *at, Py_ssize_t length) {
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (at && PyDict_Next(given, &position, &key, &value)) {
        Word known = *at++;
        bool alike = --length >= 0 &&
                     ((Word)key == known || json_same_scalar(key, (PyObject *)known));
        at = alike ? same_member(value, at) : NULL;
    }
    return length == 0 ? at : NULL;
}

static const Word *same_members_of_list(PyObject *given, const Word *at, Py_ssize_t length) {
    bool is_list = PyList_CheckExact(given);
    for (Py_ssize_t position = 0; at && position < length; position++) {
        if (Py_SIZE(given) != length) {
            return NULL;
        }
        PyObject *member =
            is_list ? PyList_GET_ITEM(given, position) : PyTuple_GET_ITEM(given, position);
        at = same_member(member, at);
    }
    return Py_SIZE(given) == length ? at : NULL;
}

/* The recursion is as deep as the copy. */
static const Word *same_container(PyObject *given, const Word *at) {
    Word head = *at++;
    Py_ssize_t length = (Py_ssize_t)(head >> KIND_BITS);
    bool alike = head & IS_LIST ? PyList_CheckExact(given) || PyTuple_CheckExact(given)
                                : PyDict_CheckExact(given);
    if (!alike) {
        return NULL;
    }
    Py_BEGIN_CRITICAL_SECTION(given);
    if (head & IS_LIST) {
        at = same_members_of_list(given, at, length);
    } else {
        at = PyDict_GET_SIZE(given) == length ? same_members_of_dict(given, at, length) : NULL;
    }
    Py_END_CRITICAL_SECTION();
    return at;
}

PyDoc_STRVAR(same_doc, "same(document, /)\n--\n\n"
                       "Tell whether a document is the JSON of the copy.");

static PyObject *known_json_same(PyObject *object, PyObject *document) {
    KnownJson *self = (KnownJson *)object;
    if (untouched(&self->untouched, document)) {
        Py_RETURN_TRUE;
    }
    if (!same_container(document, self->copy.words)) {
        Py_RETURN_FALSE;
    }
    untouched_note(&self->untouched, document);
    Py_RETURN_TRUE;
}

/* The type. A copy of JSON refers to nothing else, so it takes part in no reference cycle. */

static PyObject *known_json_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"copy", NULL};
    PyObject *copy;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!:KnownJson", names, &PyDict_Type, &copy)) {
        return NULL;
    }
    KnownJson *self = (KnownJson *)type->tp_alloc(type, 0);
    if (self && !write_container(self, copy, JSON_MAX_DEPTH)) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void known_json_dealloc(PyObject *object) {
    KnownJson *self = (KnownJson *)object;
    PyTypeObject *type = Py_TYPE(object);
    for (Py_ssize_t at = 0; at < self->copy.used; at++) {
        Word word = self->copy.words[at];
        if (word && !(word & IS_HEAD)) {
            Py_DECREF((PyObject *)word);
        }
    }
    words_free(&self->copy);
    untouched_forget(&self->untouched);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef known_json_methods[] = {
    {"same", known_json_same, METH_O, same_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(known_json_doc,
             "KnownJson(copy)\n--\n\n"
             "A dict of plain JSON that nobody changes, as values are compared with it fast.");

static PyType_Slot known_json_slots[] = {
    {Py_tp_new, known_json_new},
    {Py_tp_dealloc, known_json_dealloc},
    {Py_tp_methods, known_json_methods},
    {Py_tp_doc, (void *)known_json_doc},
    {0, NULL},
};

PyType_Spec known_json_spec = {
    .name = "flagengine.native._accelerator.KnownJson",
    .basicsize = sizeof(KnownJson),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = known_json_slots,
};
