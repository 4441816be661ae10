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

/* The types of the other files, for the module in module.c. */
extern PyType_Spec flagengine_text_test_spec;
extern PyType_Spec flagengine_plain_flag_spec;
extern PyType_Spec flagengine_flag_call_spec;

/* What plain_flag.c asks of the other two. */
bool flagengine_is_text_test(PyObject *object);
/* 1 or 0; -1 where the Python test has to say; -2 with an exception. */
int flagengine_text_answer(PyObject *test, PyObject *props);
bool flagengine_is_hasher(PyObject *object);
Py_ssize_t flagengine_hasher_count(PyObject *hasher);
/* The position among the uppers; -1 with an exception. */
Py_ssize_t flagengine_hasher_position(PyObject *hasher, PyObject *subject);

#endif
