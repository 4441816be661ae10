/* Tests of one person: text, numbers, and combinations of tests. */

#include "tests.h"

#include "text_test.h"

#include <math.h>

#define DEEPEST 256

/* ---------------------------------------------------------------- numbers */

/* Gives an exact int or float as binary64; NaN if only the Python test can answer. */
static double as_number(PyObject *value) {
    double number = NAN;
    if (PyFloat_CheckExact(value)) {
        number = PyFloat_AS_DOUBLE(value);
    } else if (PyLong_CheckExact(value)) {
        number = PyLong_AsDouble(value);
        if (PyErr_Occurred()) { /* too large */
            PyErr_Clear();
            return NAN;
        }
    }
    return isfinite(number) ? number : NAN;
}

static Outcome compared(const Test *test, PyObject *value) {
    double number = as_number(value);
    if (isnan(number)) {
        return UNCOMMON;
    }
    switch (test->kind) {
    case OVER:
        return number > test->bound;
    case AT_LEAST:
        return number >= test->bound;
    case UNDER:
        return number < test->bound;
    default:
        return number <= test->bound;
    }
}

/* ---------------------------------------------------------------- outcomes */

/* Tests a property of the person, or of a group if `props` is not NULL. */
static Outcome leaf_outcome(const Test *test, const Person *person, PyObject *props,
                            Trace *trace) {
    PyObject *value;
    Outcome outcome = props ? find_item(props, test->key, &value)
                            : person_property(person, test->key, &value);
    if (outcome == YES) {
        outcome = test->kind == TEXT ? text_test_outcome(test->object, value)
                                     : compared(test, value);
        Py_DECREF(value);
    }
    trace_note(trace, outcome);
    return outcome;
}

static Outcome outcome_in(const Test *test, const Person *person, PyObject *props, Trace *trace);

static Outcome combined(const Test *test, const Person *person, PyObject *props, Trace *trace) {
    Outcome decisive = test->kind == ANY, found = !decisive;
    for (uint32_t i = 0; i < test->count; i++) {
        const Test *each = &test->parts[i];
        Outcome part = each->kind < ALL ? leaf_outcome(each, person, props, trace)
                                        : outcome_in(each, person, props, trace);
        if (part == decisive || part < 0) {
            return part;
        }
        if (part == LACKING) {
            found = LACKING;
        }
    }
    return found;
}

/* A property that the call lacks is in doubt, unless the call lacks the group, too: Python code has
 * said what that means. */
static Outcome of_group(const Test *test, const Person *person, Trace *trace) {
    PyObject *props, *key;
    Outcome outcome = person_group_properties(person, test->key, &props);
    if (outcome < 0) {
        return outcome;
    }
    if (outcome == YES) {
        outcome = outcome_in(test->parts, person, props, trace);
        Py_DECREF(props);
    } else {
        outcome = test->parts->kind == GIVEN ? UNCOMMON : LACKING;
        trace_note(trace, outcome);
    }
    if (outcome != LACKING || !person->is_whole) {
        return outcome;
    }
    outcome = person_group(person, test->key, &key);
    if (outcome == YES) {
        Py_DECREF(key);
        return LACKING;
    }
    trace_note(trace, WITHOUT_GROUP);
    return outcome == LACKING ? (Outcome)test->without_group : outcome;
}

static Outcome outcome_in(const Test *test, const Person *person, PyObject *props, Trace *trace) {
    Outcome part;
    switch (test->kind) {
    case ALL:
    case ANY:
        return combined(test, person, props, trace);
    case NOT:
        part = outcome_in(test->parts, person, props, trace);
        return part == YES ? NO : part == NO ? YES : part;
    case GIVEN:
        part = outcome_in(test->parts, person, props, trace);
        return part == LACKING ? UNCOMMON : part;
    case DERIVED:
        part = outcome_in(test->parts, person, props, trace);
        return part == LACKING && person->is_complete ? UNCOMMON : part;
    case OF_GROUP:
        return of_group(test, person, trace);
    default:
        return leaf_outcome(test, person, props, trace);
    }
}

Outcome test_outcome(const Test *test, const Person *person, Trace *trace) {
    Outcome outcome = outcome_in(test, person, NULL, trace);
    return outcome == LACKING && !person->is_whole ? UNCOMMON : outcome;
}

/* ---------------------------------------------------------------- construction */

void test_clear(Test *test) {
    Py_CLEAR(test->object);
    for (uint32_t i = 0; i < test->count; i++) {
        test_clear(&test->parts[i]);
    }
    if (test->kind >= ALL) {
        PyMem_Free(test->parts);
    }
    test->kind = TEXT;
    test->count = 0;
}

static const struct {
    const char *name;
    Kind kind;
    Py_ssize_t members; /* -1: any number */
} KINDS[] = {
    {"gt", OVER, 3}, {"gte", AT_LEAST, 3}, {"lt", UNDER, 3},  {"lte", AT_MOST, 3},
    {"all", ALL, -1}, {"any", ANY, -1},    {"not", NOT, 2},   {"given", GIVEN, 2},
    {"derived", DERIVED, 2}, {"of_group", OF_GROUP, 4},
};

/* Reads the word that a tuple begins with; gives false if the tuple is of no kind. */
static bool read_kind(Test *test, PyObject *tuple) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    PyObject *word = count ? PyTuple_GET_ITEM(tuple, 0) : Py_None;
    for (size_t i = 0; PyUnicode_Check(word) && i < sizeof KINDS / sizeof *KINDS; i++) {
        if (PyUnicode_CompareWithASCIIString(word, KINDS[i].name) == 0) {
            test->kind = KINDS[i].kind;
            return KINDS[i].members < 0 || KINDS[i].members == count;
        }
    }
    return false;
}

static bool read_name(Test *test, PyObject *name) {
    if (!PyUnicode_CheckExact(name)) {
        return false;
    }
    test->object = Py_NewRef(name);
    PyUnicode_InternInPlace(&test->object);
    test->key = test->object;
    return true;
}

static bool read_comparison(Test *test, PyObject *tuple) {
    PyObject *bound = PyTuple_GET_ITEM(tuple, 2);
    if (!PyFloat_CheckExact(bound) || !read_name(test, PyTuple_GET_ITEM(tuple, 1))) {
        PyErr_SetString(PyExc_TypeError, "a comparison has a str and a float");
        return false;
    }
    test->bound = PyFloat_AS_DOUBLE(bound);
    return true;
}

static bool read_group(Test *test, PyObject *tuple) {
    PyObject *verdict = PyTuple_GET_ITEM(tuple, 2);
    bool is_verdict = verdict == Py_None || PyBool_Check(verdict);
    if (!is_verdict || !read_name(test, PyTuple_GET_ITEM(tuple, 1))) {
        PyErr_SetString(PyExc_TypeError, "a test of a group has a str and a bool or None");
        return false;
    }
    test->without_group = verdict == Py_None ? LACKING : verdict == Py_True ? YES : NO;
    return true;
}

/* Tells whether the part of a group's test is a test of one property. */
static bool is_of_one(const Test *test) {
    const Test *part = test->parts->kind == GIVEN ? test->parts->parts : test->parts;
    if (part->kind >= ALL) {
        PyErr_SetString(PyExc_TypeError, "a test of a group is of one property");
    }
    return part->kind < ALL;
}

/* Reads the members of the tuple from `first` on as parts. */
static bool read_parts(Test *test, PyObject *tuple, Py_ssize_t first, int depth) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple) - first;
    test->parts = count < UINT32_MAX ? PyMem_Calloc((size_t)count, sizeof(Test)) : NULL;
    if (!test->parts) {
        PyErr_NoMemory();
        return false;
    }
    for (; test->count < count; test->count++) {
        Test *part = &test->parts[test->count];
        if (!test_read(part, PyTuple_GET_ITEM(tuple, first + test->count), depth + 1)) {
            test_clear(part);
            return false;
        }
    }
    return true;
}

bool test_read(Test *test, PyObject *object, int depth) {
    if (is_text_test(object)) {
        test->kind = TEXT;
        test->object = Py_NewRef(object);
        test->key = ((TextTest *)object)->key;
        return true;
    }
    if (depth > DEEPEST || !PyTuple_CheckExact(object) || !read_kind(test, object)) {
        PyErr_SetString(PyExc_TypeError, "a test is a TextTest, a comparison or a combination");
        return false;
    }
    if (test->kind < ALL) {
        return read_comparison(test, object);
    }
    if (test->kind != OF_GROUP) {
        return read_parts(test, object, 1, depth);
    }
    return read_group(test, object) && read_parts(test, object, 3, depth) && is_of_one(test);
}
