/* The functions of a TextTest that other files call. */

#ifndef FLAGENGINE_TEXT_TEST_H
#define FLAGENGINE_TEXT_TEST_H

#include "native.h"

SHARED bool is_text_test(PyObject *object);
/* Gives the interned name of the property; borrowed. */
SHARED PyObject *text_test_key(PyObject *test);
/* Gives YES, NO or UNCOMMON for a value of the property. */
SHARED Outcome text_test_outcome(PyObject *test, PyObject *value);

#endif
