/* The evaluators of a snapshot's flags, as all threads look them up. */

#ifndef FLAGENGINE_FLAG_TABLE_H
#define FLAGENGINE_FLAG_TABLE_H

#include "native.h"

/* Gives the offset of the slot in which objects of a type have their table; 0 if there is none. */
SHARED Py_ssize_t flag_table_offset(PyObject *type);
/* Gives the table of an object with a slot at this offset, borrowed; NULL if there is none. */
SHARED PyObject *flag_table_of(PyObject *object, Py_ssize_t offset);
/* Gives YES with an evaluator that lives as long as the table, LACKING for a flag that is not compiled
 * yet, UNCOMMON for a key that the table does not have or without a table, or FAILED. */
SHARED Outcome flag_table_find(PyObject *table, PyObject *key, PyObject **evaluator);

#endif
