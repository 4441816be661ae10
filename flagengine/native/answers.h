/* The type of what `evaluate` gives, for the shortcut that makes it. */

#ifndef FLAGENGINE_ANSWERS_H
#define FLAGENGINE_ANSWERS_H

#include "arguments.h"

/* Gives new answers of a subclass of Answers for arguments that `arguments_read` has read. The names
 * are those of the module's state; `ask` is that of a Question. */
SHARED PyObject *answers_open(PyTypeObject *type, const Names *names, PyObject *ask,
                              PyObject *const *arguments);

#endif
