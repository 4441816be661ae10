/* Who is evaluated: the arguments of a call that the walk in C can read.
 *
 * This file must not know flags. All references are borrowed from the caller.
 */

#ifndef FLAGENGINE_PERSON_H
#define FLAGENGINE_PERSON_H

#include "native.h"

/* `props` is an exact dict; `groups` too, and `group_properties` is one of exact dicts and None. NULL
 * stands for an empty one. Without `is_whole` the call has inputs that C does not see: then only
 * Python code knows what a missing property means. `is_complete` is the caller's promise that no other
 * properties exist. */
typedef struct {
    PyObject *id, *props, *groups, *group_properties;
    bool is_whole, is_complete;
    struct Memory *memory; /* of what was read, for the tests of many flags; NULL: none */
} Person;

/* The person properties that were read last: names, and values or NULL. All references are owned. */
#define MEMORIES 64
typedef struct Memory {
    uint8_t used[MEMORIES]; /* the places that are not empty */
    size_t count;           /* of these */
    struct {
        PyObject *key, *value;
    } read[MEMORIES];
} Memory;

SHARED void memory_close(Memory *memory);

/* Reads a property by its interned name. Gives YES with a new reference, else what `find_item` gives. */
INLINE Outcome person_property(const Person *person, PyObject *key, PyObject **value) {
    if (!person->props) {
        return LACKING;
    }
    if (!person->memory) {
        return find_item(person->props, key, value);
    }
    uintptr_t place = (uintptr_t)key / 64 % MEMORIES;
    if (person->memory->read[place].key != key) {
        Outcome found = find_item(person->props, key, value);
        if (found < 0) {
            return found;
        }
        if (!person->memory->read[place].key) {
            person->memory->used[person->memory->count++] = (uint8_t)place;
        }
        Py_XSETREF(person->memory->read[place].key, Py_NewRef(key));
        Py_XSETREF(person->memory->read[place].value, found == YES ? *value : NULL);
    }
    *value = Py_XNewRef(person->memory->read[place].value);
    return *value ? YES : LACKING;
}

/* Gives false for an id that only Python code can read. Hashing finds out whether a short id has
 * UTF-8; only the beginning of a long id is hashed. */
SHARED bool is_common_id(PyObject *id);
/* Gives false if a value of the dict of group properties is neither an exact dict nor None. */
SHARED bool are_group_properties(PyObject *group_properties);
/* Gives YES with a new reference to the key of a group, else what `find_item` gives. */
SHARED Outcome person_group(const Person *person, PyObject *name, PyObject **key);
/* Gives YES with a new reference to the properties of a group, else what `find_item` gives. */
SHARED Outcome person_group_properties(const Person *person, PyObject *name, PyObject **props);

/* Copies the dicts, so that no other code can change them. Gives false with an exception. The copy
 * owns its dicts: `person_close` drops them. */
SHARED bool person_copy(Person *copy, const Person *person);
SHARED void person_close(Person *copy);

#endif
