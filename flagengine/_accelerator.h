/* What the files of the accelerator share. */

#ifndef FLAGENGINE_ACCELERATOR_H
#define FLAGENGINE_ACCELERATOR_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#define LOAD_RELAXED(pointer) __atomic_load_n(&(pointer), __ATOMIC_RELAXED)
#define STORE_RELAXED(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELAXED)
#else
#define INLINE static inline
#define LOAD_RELAXED(pointer) (pointer)
#define STORE_RELAXED(pointer, value) ((pointer) = (value))
#endif

/* Gives false, perhaps with an exception, where the object is not text. */
INLINE bool is_text(PyObject *object) {
    if (!PyUnicode_Check(object)) {
        return false;
    }
#if PY_VERSION_HEX < 0x030C0000
    return PyUnicode_READY(object) == 0;
#else
    return true;
#endif
}

/* The type of _text_test.c, for the module in _accelerator.c. */
extern PyType_Spec flagengine_text_test_spec;

#endif
