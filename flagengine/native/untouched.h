/* A document that was read before, and whether anything was done to it since. */

#ifndef FLAGENGINE_UNTOUCHED_H
#define FLAGENGINE_UNTOUCHED_H

#include "words.h"

/* Notes a document of plain JSON that nests no deeper than JSON_MAX_DEPTH, in place of what was noted
 * before. What cannot be noted is never untouched. */
SHARED void untouched_note(Words *noted, PyObject *document);

/* Tells whether this is the noted object and holds what it held then, at every level. False says nothing. */
SHARED bool untouched(const Words *noted, PyObject *document);

SHARED void untouched_forget(Words *noted);

#endif
