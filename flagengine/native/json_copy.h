/* The comparison of scalars, for walks over plain JSON. */

#ifndef FLAGENGINE_JSON_COPY_H
#define FLAGENGINE_JSON_COPY_H

#include "native.h"

/* What nests deeper is neither copied nor recognised; the Python code reads it. */
#define JSON_MAX_DEPTH 300

/* Tells whether a value is the text, number, boolean or None of a copy, of the same type. */
SHARED bool json_same_scalar(PyObject *given, PyObject *known);

#endif
