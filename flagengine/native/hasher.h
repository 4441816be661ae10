/* The functions of a Hasher that other files call. */

#ifndef FLAGENGINE_HASHER_H
#define FLAGENGINE_HASHER_H

#include "native.h"

SHARED bool is_hasher(PyObject *object);
/* Gives the number of upper bounds. */
SHARED Py_ssize_t hasher_count(PyObject *hasher);
/* Gives the subject's position among the upper bounds, -1 with an exception. */
SHARED Py_ssize_t hasher_position(PyObject *hasher, PyObject *subject);

#endif
