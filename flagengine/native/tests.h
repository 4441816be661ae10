/* Tests of one person, and the trace of their outcomes.
 *
 * `test_outcome` answers the common case: exact numbers, and text that a TextTest can answer.
 *
 * This file must not know operators, flags, or what a missing property means.
 */

#ifndef FLAGENGINE_TESTS_H
#define FLAGENGINE_TESTS_H

#include "person.h"
#include "trace.h"

/* Where the call lacks the property, only Python code can answer: always for GIVEN, and for DERIVED if the
 * properties are complete, because the property may follow from another. */
typedef enum { TEXT, OVER, AT_LEAST, UNDER, AT_MOST, ALL, ANY, NOT, GIVEN, DERIVED, OF_GROUP } Kind;

typedef struct Test {
    uint8_t kind;          /* a Kind */
    uint8_t without_group; /* the outcome if the call lacks the property and the group */
    uint32_t count;        /* of the parts */
    PyObject *object;      /* the TextTest of TEXT, else the key */
    PyObject *key; /* the name of the property or the group type; borrowed from the object */
    union {
        double bound; /* of a comparison */
        struct Test *parts;
    };
} Test;

/* Gives LACKING if the outcome depends on properties that the call lacks. */
SHARED Outcome test_outcome(const Test *test, const Person *person, Trace *trace);

/* Reads a TextTest or a tuple into a zeroed test; gives false with an exception. `test_clear` drops
 * what was read in both cases. */
SHARED bool test_read(Test *test, PyObject *object, int depth);
SHARED void test_clear(Test *test);

#endif
