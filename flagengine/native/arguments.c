/* The arguments of `evaluate` and `evaluate_flag`: names, positions, and which are plain enough for C.
 *
 * This file must not raise for a wrong argument: Python code has the messages.
 */

#include "arguments.h"

#define MOST_OVERRIDES 16 /* more are left to Python code, so that a call stays cheap */

static const char *const PARAMETER_NAMES[PARAMETERS] = {
    "flag_defs",        "key",       "distinct_id", "props",     "groups",
    "group_properties", "overrides", "complete",    "device_id",
};

bool names_open(Names *names) {
    bool fine = true;
    for (int i = 0; i < PARAMETERS; i++) {
        names->parameters[i] = PyUnicode_InternFromString(PARAMETER_NAMES[i]);
        fine = fine && names->parameters[i];
    }
    names->forced = PyUnicode_InternFromString("_forced");
    names->evaluators = PyUnicode_InternFromString("_evaluators");
    names->together = PyUnicode_InternFromString("_together");
    names->view = PyUnicode_InternFromString("_View");
    return fine && names->forced && names->evaluators && names->together && names->view;
}

void names_close(Names *names) {
    for (int i = 0; i < PARAMETERS; i++) {
        Py_CLEAR(names->parameters[i]);
    }
    Py_CLEAR(names->forced);
    Py_CLEAR(names->evaluators);
    Py_CLEAR(names->together);
    Py_CLEAR(names->view);
}

/* ---------------------------------------------------------------- names and positions */

static int parameter_of(const Names *names, PyObject *keyword) {
    for (int i = 0; i < PARAMETERS; i++) {
        if (keyword == names->parameters[i]) {
            return i;
        }
    }
    for (int i = 0; i < PARAMETERS; i++) { /* a name that is not interned */
        if (PyUnicode_CompareWithASCIIString(keyword, PARAMETER_NAMES[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static bool place(PyObject *arguments[PARAMETERS], const Names *names, bool has_key,
                  PyObject *const *args, Py_ssize_t count, PyObject *keywords) {
    if (count > (has_key ? PROPS : PROPS - 1) + 1) {
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        arguments[i + (i > FLAG_DEFS && !has_key)] = args[i];
    }
    Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; i++) {
        int parameter = parameter_of(names, PyTuple_GET_ITEM(keywords, i));
        if (parameter < 0 || arguments[parameter] || (parameter == KEY && !has_key)) {
            return false;
        }
        arguments[parameter] = args[count + i];
    }
    return arguments[FLAG_DEFS] && arguments[DISTINCT_ID] && (arguments[KEY] || !has_key);
}

/* ---------------------------------------------------------------- plain values */

static bool is_plain_override(PyObject *key, PyObject *value) {
    if (!PyUnicode_CheckExact(key) || !PyUnicode_IS_COMPACT_ASCII(key)) {
        return false;
    }
    /* These two may be layers: {"flags": …, "payloads": …}. */
    if (PyUnicode_CompareWithASCIIString(key, "flags") == 0 ||
        PyUnicode_CompareWithASCIIString(key, "payloads") == 0) {
        return false;
    }
    return PyBool_Check(value) ||
           (PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value));
}

static bool are_plain_overrides(PyObject *overrides) {
    if (PyDict_GET_SIZE(overrides) > MOST_OVERRIDES) {
        return false;
    }
    bool fine = true;
    Py_ssize_t i = 0;
    PyObject *key, *value;
    Py_BEGIN_CRITICAL_SECTION(overrides);
    while (fine && PyDict_Next(overrides, &i, &key, &value)) {
        fine = is_plain_override(key, value);
    }
    Py_END_CRITICAL_SECTION();
    return fine;
}

bool arguments_read(PyObject *arguments[PARAMETERS], const Names *names, PyObject *snapshot,
                    bool has_key, PyObject *const *args, size_t nargsf, PyObject *keywords) {
    memset(arguments, 0, PARAMETERS * sizeof *arguments);
    Py_ssize_t given = PyVectorcall_NARGS(nargsf);
    if (has_key && given == PROPS + 1 && !keywords && PyDict_CheckExact(args[PROPS])) {
        memcpy(arguments, args, sizeof *args * (PROPS + 1)); /* the usual call, quickly */
        return (PyObject *)Py_TYPE(args[FLAG_DEFS]) == snapshot;
    }
    if (!place(arguments, names, has_key, args, given, keywords) ||
        (PyObject *)Py_TYPE(arguments[FLAG_DEFS]) != snapshot) {
        return false;
    }
    for (int i = PROPS; i < PARAMETERS; i++) {
        if (arguments[i] == Py_None && i != COMPLETE) {
            arguments[i] = NULL;
        }
        if (arguments[i] && i <= OVERRIDES && !PyDict_CheckExact(arguments[i])) {
            return false;
        }
    }
    if (arguments[COMPLETE] == Py_False) {
        arguments[COMPLETE] = NULL;
    }
    return (!arguments[COMPLETE] || arguments[COMPLETE] == Py_True) &&
           (!arguments[GROUP_PROPERTIES] || are_group_properties(arguments[GROUP_PROPERTIES])) &&
           (!arguments[OVERRIDES] || are_plain_overrides(arguments[OVERRIDES]));
}

/* ---------------------------------------------------------------- what a snapshot has */

static Outcome find_in_slot(PyObject *snapshot, PyObject *slot, PyObject *key, PyObject **item) {
    PyObject *dict = PyObject_GetAttr(snapshot, slot);
    if (!dict) { /* a snapshot without its members */
        return failed_look_up();
    }
    Outcome found = PyDict_CheckExact(dict) ? find_item(dict, key, item) : UNCOMMON;
    Py_DECREF(dict);
    return found;
}

Outcome find_forced(const Names *names, PyObject *snapshot, PyObject *overrides, PyObject *key,
                    PyObject *id, PyObject **answer) {
    PyObject *value;
    Outcome found = overrides ? find_item(overrides, key, &value) : LACKING;
    if (found != YES) {
        return found;
    }
    PyObject *place = NULL;
    if (PyUnicode_CheckExact(id) && PyUnicode_IS_COMPACT_ASCII(id) && PyUnicode_GET_LENGTH(id)) {
        place = PyTuple_Pack(3, key, (PyObject *)Py_TYPE(value), value);
        found = place ? find_in_slot(snapshot, names->forced, place, answer) : FAILED;
    } else {
        found = UNCOMMON;
    }
    Py_XDECREF(place);
    Py_DECREF(value);
    return found == LACKING ? UNCOMMON : found;
}
