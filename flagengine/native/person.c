/* Who is evaluated: checks of a call's arguments, groups, and copies. */

#include "person.h"

#define LONGEST_UNREAD 200
#define MOST_GROUPS 16 /* more are left to Python code, so that a call stays cheap */

bool is_common_id(PyObject *id) {
    if (!PyUnicode_CheckExact(id)) {
        return false;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(id);
    return n > 0 && (n <= LONGEST_UNREAD || PyUnicode_IS_ASCII(id));
}

bool are_group_properties(PyObject *group_properties) {
    if (PyDict_GET_SIZE(group_properties) > MOST_GROUPS) {
        return false;
    }
    bool fine = true;
    Py_ssize_t i = 0;
    PyObject *key, *value;
    Py_BEGIN_CRITICAL_SECTION(group_properties);
    while (fine && PyDict_Next(group_properties, &i, &key, &value)) {
        fine = value == Py_None || PyDict_CheckExact(value);
    }
    Py_END_CRITICAL_SECTION();
    return fine;
}

Outcome person_group(const Person *person, PyObject *name, PyObject **key) {
    if (!person->groups) {
        return LACKING;
    }
    Outcome found = find_item(person->groups, name, key);
    if (found != YES) {
        return found;
    }
    bool is_common = PyUnicode_CheckExact(*key) && PyUnicode_IS_COMPACT_ASCII(*key) &&
                     PyUnicode_GET_LENGTH(*key) > 0;
    if (!is_common) {
        Py_CLEAR(*key);
    }
    return is_common ? YES : UNCOMMON;
}

Outcome person_group_properties(const Person *person, PyObject *name, PyObject **props) {
    if (!person->group_properties) {
        return LACKING;
    }
    Outcome found = find_item(person->group_properties, name, props);
    if (found == YES && !PyDict_CheckExact(*props)) {
        Py_CLEAR(*props);
        return UNCOMMON;
    }
    return found;
}

void memory_close(Memory *memory) {
    for (size_t i = 0; i < memory->count; i++) {
        Py_CLEAR(memory->read[memory->used[i]].key);
        Py_CLEAR(memory->read[memory->used[i]].value);
    }
}

static bool copy_dict(PyObject **copy, PyObject *dict) {
    *copy = dict ? PyDict_Copy(dict) : PyDict_New();
    return *copy != NULL;
}

/* Replaces the dicts in a dict by copies. */
static bool copy_values(PyObject *dict) {
    Py_ssize_t i = 0;
    PyObject *key, *value;
    while (PyDict_Next(dict, &i, &key, &value)) { /* nobody else has the dict */
        PyObject *copy = PyDict_CheckExact(value) ? PyDict_Copy(value) : Py_NewRef(value);
        int failed = copy ? PyDict_SetItem(dict, key, copy) : -1; /* changes no key */
        Py_XDECREF(copy);
        if (failed) {
            return false;
        }
    }
    return true;
}

bool person_copy(Person *copy, const Person *person) {
    *copy = (Person){
        .id = person->id, .is_whole = person->is_whole, .is_complete = person->is_complete};
    bool fine = copy_dict(&copy->props, person->props) &&
                copy_dict(&copy->groups, person->groups) &&
                copy_dict(&copy->group_properties, person->group_properties) &&
                copy_values(copy->group_properties);
    if (!fine) {
        person_close(copy);
    }
    return fine;
}

void person_close(Person *copy) {
    Py_CLEAR(copy->props);
    Py_CLEAR(copy->groups);
    Py_CLEAR(copy->group_properties);
}
