/* The walk over a PlainFlag, for the files that call it. */

#ifndef FLAGENGINE_PLAIN_FLAG_H
#define FLAGENGINE_PLAIN_FLAG_H

#include "person.h"
#include "trace.h"

/* A walk that stops where it needs a hash: ask `walk_on`, and while it gives HASH, hash the subject
 * and go on. ENDED: `answer` is set. UNSEEN: the answer depends on what the call lacks, and no such
 * walk is remembered. OTHERWISE: only Python code can answer. RAISED: an exception is set. */
typedef enum { HASH, ENDED, UNSEEN, OTHERWISE, RAISED } State;

typedef struct {
    PyObject *flag;   /* borrowed */
    PyObject *hasher; /* what hashes the subject next; borrowed */
    PyObject *group;  /* the name of the subject's group type, NULL for the person; borrowed */
    PyObject *answer; /* a new reference if the walk has ended */
    Py_ssize_t condition;
    Py_ssize_t position; /* what the hash gave */
    Py_ssize_t out;      /* the last condition out of its rollout, or -1 */
    int stage;
    bool in_doubt;  /* whether the condition's tests are */
    bool is_common; /* whether the answer depends on nothing that the call lacks */
    Trace trace;
} Walk;

SHARED bool is_plain_flag(PyObject *object);

/* `flag` is a PlainFlag; the id is common and the flag lives as long as the walk. */
INLINE void walk_open(Walk *walk, PyObject *flag, const Person *person) {
    walk->flag = flag;
    walk->condition = 0;
    walk->out = -1;
    walk->stage = 0;
    walk->is_common = true;
    walk->trace.size = 0;
    if (person->is_complete) { /* what is missing means something else */
        trace_note(&walk->trace, COMPLETED);
    }
}
SHARED State walk_on(Walk *walk, const Person *person);
/* Hashes the subject; gives HASH if the walk can go on, else OTHERWISE or RAISED. */
SHARED State walk_hash(Walk *walk, const Person *person);
/* Asks Python code about a person whom no other code can change; gives NULL with an exception. */
typedef PyObject *Ask(const void *context, const Person *person);

/* Gives YES with a new reference to the answer, UNCOMMON or FAILED. An answer that depends on what the
 * call lacks is asked for once, and then remembered by its trace. The id is common. */
SHARED Outcome walk_answer(PyObject *flag, const Person *person, Ask *ask, const void *context,
                           PyObject **answer);
/* The same for a walk that is UNSEEN. */
SHARED Outcome walk_learn(PyObject *flag, const Person *person, Ask *ask, const void *context,
                          PyObject **answer);

#endif
