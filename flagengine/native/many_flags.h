/* The answers of many flags for one person. */

#ifndef FLAGENGINE_MANY_FLAGS_H
#define FLAGENGINE_MANY_FLAGS_H

#include "plain_flag.h"

/* Sets `answers[i]` to a new reference to the answer of the evaluator `i` of the tuple, or to NULL if
 * only Python code can answer. Gives false with an exception, and then leaves the array to the
 * caller as well. The id is common; `answers` begins with NULLs. */
SHARED bool answer_many(PyObject *evaluators, const Person *person, PyObject **answers);

#endif
