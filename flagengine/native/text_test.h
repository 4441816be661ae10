/* The functions of a TextTest that other files call. */

#ifndef FLAGENGINE_TEXT_TEST_H
#define FLAGENGINE_TEXT_TEST_H

#include "native.h"

SHARED bool is_text_test(PyObject *object);
/* `props` is an exact dict. */
SHARED Outcome text_test_outcome(PyObject *test, PyObject *props);

#endif
