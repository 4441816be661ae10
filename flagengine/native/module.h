/* What the module keeps for each interpreter. */

#ifndef FLAGENGINE_MODULE_H
#define FLAGENGINE_MODULE_H

#include "arguments.h"

typedef struct {
    Names names;
    PyObject *answers; /* the type Answers */
} ModuleState;

/* Gives the state of the module that defines the type or one of its bases; NULL with an exception. */
SHARED const ModuleState *state_of_type(PyTypeObject *type);

#endif
