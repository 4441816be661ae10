/* The type of what `evaluate` gives, for the shortcut that makes it. */

#ifndef FLAGENGINE_ANSWERS_H
#define FLAGENGINE_ANSWERS_H

#include "one_flag.h"

/* Gives new answers of a subclass of Answers for a question without a key. The names are those of the
 * module's state; `arguments_read` has read the arguments. */
SHARED PyObject *answers_open(PyTypeObject *type, const Question *question);

#endif
