/* Copies of plain JSON, and the comparison of a value with a copy.
 *
 * Both know only what JSON text gives: None and exactly dict, list, tuple, str, int, float and bool.
 * Neither runs Python code. A dict is compared in its order, and 1, 1.0 and True differ. This file
 * must not know what a document means.
 */

#include "json_copy.h"

/* So many characters of text count as one value more. */
#define TEXT_UNIT 64

INLINE bool is_ready(PyObject *object) {
    if (!PyUnicode_CheckExact(object)) {
        return false;
    }
    if (!is_text(object)) {
        PyErr_Clear();
        return false;
    }
    return true;
}

/* Comparison. `known` is a copy, in which only a text may be replaced by an equal one; `given` may be
 * anything, and may change. */

static bool same_text(PyObject *given, PyObject *known) {
    if (!is_ready(given) || !is_ready(known)) {
        return false;
    }
    Py_ssize_t length = PyUnicode_GET_LENGTH(known);
    int kind = (int)PyUnicode_KIND(known);
    return length == PyUnicode_GET_LENGTH(given) && kind == (int)PyUnicode_KIND(given) &&
           memcmp(PyUnicode_DATA(given), PyUnicode_DATA(known), (size_t)length * (size_t)kind) == 0;
}

/* Floats are compared by their bits: 0.0 and -0.0 differ, and a NaN is the same as itself. */
static bool same_float(PyObject *given, PyObject *known) {
    double first = PyFloat_AS_DOUBLE(given), second = PyFloat_AS_DOUBLE(known);
    return memcmp(&first, &second, sizeof first) == 0;
}

static bool same_int(PyObject *given, PyObject *known) {
    int found = PyObject_RichCompareBool(given, known, Py_EQ);
    if (found < 0) {
        PyErr_Clear();
    }
    return found > 0;
}

static bool same(PyObject *given, PyObject *known, int depth);

static bool same_dict(PyObject *given, PyObject *known, int depth) {
    bool alike;
    Py_BEGIN_CRITICAL_SECTION2(given, known);
    Py_ssize_t at = 0, known_at = 0;
    PyObject *key, *value, *known_key, *known_value;
    alike = PyDict_GET_SIZE(given) == PyDict_GET_SIZE(known);
    while (alike && PyDict_Next(given, &at, &key, &value)) {
        alike = PyDict_Next(known, &known_at, &known_key, &known_value) &&
                (key == known_key || same_text(key, known_key));
        if (alike && value != known_value) {
            Py_INCREF(value);
            alike = same(value, known_value, depth);
            Py_DECREF(value);
        }
    }
    alike = alike && !PyDict_Next(known, &known_at, &known_key, &known_value);
    Py_END_CRITICAL_SECTION2();
    return alike;
}

static bool same_list(PyObject *given, PyObject *known, int depth) {
    bool alike;
    Py_BEGIN_CRITICAL_SECTION(given);
    Py_ssize_t length = PyList_GET_SIZE(known);
    alike = true;
    for (Py_ssize_t at = 0; alike && at < length; at++) {
        if (Py_SIZE(given) != length) {
            alike = false;
            break;
        }
        PyObject *member =
            PyList_Check(given) ? PyList_GET_ITEM(given, at) : PyTuple_GET_ITEM(given, at);
        if (member != PyList_GET_ITEM(known, at)) {
            Py_INCREF(member);
            alike = same(member, PyList_GET_ITEM(known, at), depth);
            Py_DECREF(member);
        }
    }
    alike = alike && Py_SIZE(given) == length;
    Py_END_CRITICAL_SECTION();
    return alike;
}

bool json_same_scalar(PyObject *given, PyObject *known) {
    if (PyUnicode_CheckExact(known)) {
        return same_text(given, known);
    }
    if (PyLong_CheckExact(known)) {
        return PyLong_CheckExact(given) && same_int(given, known);
    }
    if (PyFloat_CheckExact(known)) {
        return PyFloat_CheckExact(given) && same_float(given, known);
    }
    return given == known; /* None, True and False */
}

/* A tuple is the same as a list: a copy of the tuple is a list. */
static bool same(PyObject *given, PyObject *known, int depth) {
    if (PyDict_CheckExact(known)) {
        return PyDict_CheckExact(given) && depth > 0 && same_dict(given, known, depth - 1);
    }
    if (PyList_CheckExact(known)) {
        return (PyList_CheckExact(given) || PyTuple_CheckExact(given)) && depth > 0 &&
               same_list(given, known, depth - 1);
    }
    return json_same_scalar(given, known);
}

PyDoc_STRVAR(same_doc,
             "json_same(given, known, /)\n--\n\n"
             "Tell whether a value is the JSON that `known` holds, of the same types in the same "
             "order.");

static PyObject *json_same(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count) {
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "json_same takes 2 arguments, got %zd", count);
    }
    return PyBool_FromLong(same(args[0], args[1], JSON_MAX_DEPTH));
}

/* The copy. NULL without an exception: the value is not plain JSON. */

typedef struct {
    Py_ssize_t left;
} Budget;

static PyObject *copied(PyObject *value, Budget *budget, int depth);

static bool is_container(PyObject *value) {
    return PyDict_CheckExact(value) || PyList_CheckExact(value) || PyTuple_CheckExact(value);
}

static bool is_plain(PyObject *value) {
    if (PyUnicode_CheckExact(value)) {
        return is_text(value);
    }
    if (PyLong_CheckExact(value)) {
        int overflow;
        PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0; /* JSON text has a limit of digits */
    }
    return value == Py_None || PyBool_Check(value) || PyFloat_CheckExact(value);
}

/* Takes a dict that nobody else has, and replaces the containers in it by copies. */
static bool fill_dict(PyObject *own, Budget *budget, int depth) {
    Py_ssize_t at = 0;
    PyObject *key, *value;
    budget->left -= PyDict_GET_SIZE(own);
    if (budget->left < 0) {
        return false;
    }
    while (PyDict_Next(own, &at, &key, &value)) {
        if (!is_ready(key)) {
            return false;
        }
        if (!is_container(value)) {
            if (!is_plain(value)) {
                return false;
            }
            continue;
        }
        PyObject *copy = copied(value, budget, depth);
        int failed = copy ? PyDict_SetItem(own, key, copy) : -1; /* keeps the order and the size */
        Py_XDECREF(copy);
        if (failed) {
            return false;
        }
    }
    return true;
}

static bool fill_list(PyObject *own, Budget *budget, int depth) {
    Py_ssize_t length = PyList_GET_SIZE(own);
    budget->left -= length;
    if (budget->left < 0) {
        return false;
    }
    for (Py_ssize_t at = 0; at < length; at++) {
        PyObject *value = PyList_GET_ITEM(own, at);
        if (!is_container(value)) {
            if (!is_plain(value)) {
                return false;
            }
            continue;
        }
        PyObject *copy = copied(value, budget, depth);
        if (!copy || PyList_SetItem(own, at, copy)) {
            return false;
        }
    }
    return true;
}

static PyObject *copied(PyObject *value, Budget *budget, int depth) {
    if (depth == 0) {
        return NULL;
    }
    bool is_dict = PyDict_CheckExact(value);
    PyObject *own = is_dict ? PyDict_Copy(value) : PySequence_List(value);
    if (own &&
        !(is_dict ? fill_dict(own, budget, depth - 1) : fill_list(own, budget, depth - 1))) {
        Py_CLEAR(own);
    }
    return own;
}

PyDoc_STRVAR(copy_doc,
             "json_copy(document, max_values, /)\n--\n\n"
             "Return a copy of a dict of so many values of plain JSON, with lists for its tuples; "
             "None for any other value.");

static PyObject *json_copy(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *document;
    Budget budget;
    if (!PyArg_ParseTuple(args, "On:json_copy", &document, &budget.left)) {
        return NULL;
    }
    budget.left -= 1;
    PyObject *own = NULL;
    if (PyDict_CheckExact(document)) {
        own = copied(document, &budget, JSON_MAX_DEPTH);
    }
    return own || PyErr_Occurred() ? own : Py_NewRef(Py_None);
}

/* The size of a copy. */

static Py_ssize_t text_size(PyObject *value) {
    return PyUnicode_CheckExact(value) ? PyUnicode_GET_LENGTH(value) / TEXT_UNIT : 0;
}

static Py_ssize_t size_of(PyObject *value, int depth) {
    Py_ssize_t size = 1 + text_size(value);
    if (depth == 0) {
        return size;
    }
    if (PyDict_CheckExact(value)) {
        Py_ssize_t at = 0;
        PyObject *key, *member;
        while (PyDict_Next(value, &at, &key, &member)) {
            size += text_size(key) + size_of(member, depth - 1);
        }
    } else if (PyList_CheckExact(value)) {
        for (Py_ssize_t at = 0; at < PyList_GET_SIZE(value); at++) {
            size += size_of(PyList_GET_ITEM(value, at), depth - 1);
        }
    }
    return size;
}

PyDoc_STRVAR(size_doc, "json_size(copy, /)\n--\n\n"
                       "Count the values of a copy; 64 characters of text count as a value.");

static PyObject *json_size(PyObject *Py_UNUSED(module), PyObject *copy) {
    return PyLong_FromSsize_t(size_of(copy, JSON_MAX_DEPTH));
}

PyMethodDef json_functions[] = {
    {"json_same", FUNCTION(json_same), METH_FASTCALL, same_doc},
    {"json_copy", json_copy, METH_VARARGS, copy_doc},
    {"json_size", json_size, METH_O, size_doc},
    {NULL, NULL, 0, NULL},
};
