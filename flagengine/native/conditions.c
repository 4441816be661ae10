/* The conditions of a plain flag: construction. */

#include "conditions.h"

#include "hasher.h"

void condition_clear(Condition *condition) {
    test_clear(&condition->test);
    Py_CLEAR(condition->within);
    Py_CLEAR(condition->draw);
    for (Py_ssize_t i = 0; i < condition->count; i++) {
        Py_CLEAR(condition->matches[i]);
    }
    PyMem_Free(condition->matches);
    condition->matches = NULL;
    condition->count = 0;
    Py_CLEAR(condition->out);
    Py_CLEAR(condition->group);
}


static bool read_matches(Condition *condition, PyObject *tuple) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    condition->matches = PyMem_Calloc((size_t)count, sizeof(PyObject *));
    if (!condition->matches) {
        PyErr_NoMemory();
        return false;
    }
    for (; condition->count < count; condition->count++) {
        condition->matches[condition->count] =
            read_answer(PyTuple_GET_ITEM(tuple, condition->count));
    }
    return true;
}

static bool read_hasher(PyObject **place, PyObject *object, Py_ssize_t uppers) {
    if (object == Py_None) {
        return true;
    }
    if (!is_hasher(object) || hasher_count(object) != uppers) {
        PyErr_SetString(PyExc_TypeError, "within has one upper, draw one less than the matches");
        return false;
    }
    *place = Py_NewRef(object);
    return true;
}

static bool read_group(Condition *condition, PyObject *group) {
    if (group == Py_None) {
        return true;
    }
    if (!PyUnicode_CheckExact(group)) {
        PyErr_SetString(PyExc_TypeError, "the group of a condition is a str or None");
        return false;
    }
    condition->group = Py_NewRef(group);
    PyUnicode_InternInPlace(&condition->group);
    return true;
}

bool condition_read(Condition *condition, PyObject *object) {
    PyObject *test, *within, *draw, *matches, *out, *group = Py_None;
    if (!PyTuple_CheckExact(object)) {
        PyErr_SetString(PyExc_TypeError, "a condition is a tuple");
        return false;
    }
    if (!PyArg_ParseTuple(object, "OOOO!Op|O:condition", &test, &within, &draw, &PyTuple_Type,
                          &matches, &out, &condition->stops, &group)) {
        return false;
    }
    Py_ssize_t others = PyTuple_GET_SIZE(matches) - 1;
    if (others < 0 || (draw == Py_None && others)) {
        PyErr_SetString(PyExc_ValueError, "without a draw there is exactly one match");
        return false;
    }
    condition->out = read_answer(out);
    return read_matches(condition, matches) && test_read(&condition->test, test, 0) &&
           read_hasher(&condition->within, within, 1) &&
           read_hasher(&condition->draw, draw, others) && read_group(condition, group);
}
