/* The arguments of `evaluate` and `evaluate_flag` that C can read. */

#ifndef FLAGENGINE_ARGUMENTS_H
#define FLAGENGINE_ARGUMENTS_H

#include "person.h"

/* The parameters by position, first those of `evaluate_flag`; from GROUPS on they are options. */
enum {
    FLAG_DEFS,
    KEY,
    DISTINCT_ID,
    PROPS,
    GROUPS,
    GROUP_PROPERTIES,
    OVERRIDES,
    COMPLETE,  /* True, or NULL for False */
    DEVICE_ID, /* any object: no plain flag reads it */
    PARAMETERS
};

/* The interned names of all parameters, and of the slots of a snapshot. */
typedef struct {
    PyObject *parameters[PARAMETERS];
    PyObject *forced; /* the answers of overrides, or None if C cannot know them */
    PyObject *evaluators, *together; /* of a snapshot: the evaluators, and all of them at once */
    PyObject *view;                  /* of an evaluation: the type of all answers */
} Names;

SHARED bool names_open(Names *names);
SHARED void names_close(Names *names);

/* Sets the arguments (borrowed; NULL: not given, or None where that is the same). Gives false, without
 * an exception, for arguments that are left to Python code: unknown names, a snapshot of another type,
 * or options of other types than exact dicts of plain values and bools. `has_key` tells whether the key is
 * the second parameter. */
SHARED bool arguments_read(PyObject *arguments[PARAMETERS], const Names *names, PyObject *snapshot,
                           bool has_key, PyObject *const *args, size_t nargsf, PyObject *keywords);

/* Tells whether the call has an option. */
INLINE bool have_options(PyObject *const *arguments) {
    for (int i = GROUPS; i < PARAMETERS; i++) {
        if (arguments[i]) {
            return true;
        }
    }
    return false;
}

/* Gives YES with a new reference to the answer of an override, LACKING if no override is for this
 * key, UNCOMMON if only Python code can tell. */
SHARED Outcome find_forced(const Names *names, PyObject *snapshot, PyObject *overrides,
                           PyObject *key, PyObject *id, PyObject **answer);

#endif
