/* The answer of one flag for arguments that C can read. */

#ifndef FLAGENGINE_ONE_FLAG_H
#define FLAGENGINE_ONE_FLAG_H

#include "arguments.h"

/* What is asked, and who answers what C cannot: `ask` is a function of (snapshot, key, id, props, groups,
 * group properties, complete). `table` is the FlagTable of the snapshot, or NULL. All are borrowed. */
typedef struct {
    const Names *names;
    PyObject *ask;
    PyObject *table;
    PyObject *const *arguments;
    PyObject *key;
} Question;

/* Sets `answer` to the answer of an override, of a plain flag, or, where the call has no options and its
 * flags share nothing, of any compiled flag. Gives YES, UNCOMMON or FAILED. */
SHARED Outcome answer_one(const Question *question, bool shares_nothing, PyObject **answer);
/* The same for a plain flag. */
SHARED Outcome answer_plain(const Question *question, PyObject *flag, PyObject **answer);

/* Gives the person of the arguments. */
SHARED Person person_of(PyObject *const *arguments);

#endif
