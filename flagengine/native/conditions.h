/* The conditions of a plain flag, read from tuples.
 *
 * This file must not walk over conditions.
 */

#ifndef FLAGENGINE_CONDITIONS_H
#define FLAGENGINE_CONDITIONS_H

#include "tests.h"

/* An answer is NULL until it is first given. */
typedef struct {
    Test test;
    PyObject *within;   /* a Hasher; NULL: the rollout holds everyone */
    PyObject *draw;     /* a Hasher; NULL: there is only one match */
    PyObject **matches; /* the answers by the position drawn */
    Py_ssize_t count;   /* of matches */
    PyObject *out;      /* the answer if this is the last condition out of its rollout */
    PyObject *group;    /* the name of the group type that is hashed; NULL: the person is */
    int stops;          /* whether a subject out of the rollout ends the walk */
} Condition;

/* Gives a new reference to an answer, NULL for None: it is made when it is first given. */
INLINE PyObject *read_answer(PyObject *object) {
    return object == Py_None ? NULL : Py_NewRef(object);
}

/* Reads a tuple into a zeroed condition; gives false with an exception. `condition_clear` drops what
 * was read in both cases. */
SHARED bool condition_read(Condition *condition, PyObject *object);
SHARED void condition_clear(Condition *condition);

#endif
