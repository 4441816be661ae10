/* The functions of a Hasher that other files call. */

#ifndef FLAGENGINE_HASHER_H
#define FLAGENGINE_HASHER_H

#include "sha1.h"

SHARED bool is_hasher(PyObject *object);
/* Gives the number of upper bounds. */
SHARED Py_ssize_t hasher_count(PyObject *hasher);
/* Gives the subject's position among the upper bounds, -1 with an exception. */
SHARED Py_ssize_t hasher_position(PyObject *hasher, PyObject *subject);
/* Writes the whole message for a subject; gives false if the message is longer than a block, or the
 * subject is not compact ASCII. The digest begins from `sha1_initial`. */
SHARED bool hasher_block(PyObject *hasher, PyObject *subject, uint8_t block[BLOCK]);
/* Gives the position for the first 64 bits of the message's digest. */
SHARED Py_ssize_t hasher_place(PyObject *hasher, uint64_t digest);

#endif
