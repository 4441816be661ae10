/* An array of words that grows. */

#ifndef FLAGENGINE_WORDS_H
#define FLAGENGINE_WORDS_H

#include "native.h"

/* A number, or the address of an object: addresses are even. */
typedef uintptr_t Word;

typedef struct {
    Word *words;
    Py_ssize_t used, room;
} Words;

/* Makes room for so many words more; gives false, without an exception, if there is no memory. */
INLINE bool words_reserve(Words *self, Py_ssize_t count) {
    if (self->room - self->used >= count) {
        return true;
    }
    Py_ssize_t room = self->room + (self->room >> 1) + 64 + count;
    Word *words = PyMem_Realloc(self->words, (size_t)room * sizeof(Word));
    if (words) {
        self->words = words;
        self->room = room;
    }
    return words != NULL;
}

INLINE bool words_put(Words *self, Word word) {
    if (!words_reserve(self, 1)) {
        return false;
    }
    self->words[self->used++] = word;
    return true;
}

INLINE void words_free(Words *self) {
    PyMem_Free(self->words);
    *self = (Words){NULL, 0, 0};
}

#endif
