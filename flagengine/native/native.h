/* The includes and macros of all C files, and the module's functions and types.
 *
 * This file must not declare what only some files use: every file has a header of its own.
 */

#ifndef FLAGENGINE_NATIVE_H
#define FLAGENGINE_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h>
#define Py_T_PYSSIZET T_PYSSIZET
#define Py_T_OBJECT_EX T_OBJECT_EX
#define Py_READONLY READONLY
#endif

/* SHARED marks names that only files of the extension use, so that calls need no indirection. */
#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#define SHARED __attribute__((visibility("hidden")))
#define LOAD_RELAXED(pointer) __atomic_load_n(&(pointer), __ATOMIC_RELAXED)
#define STORE_RELAXED(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
/* Stores an object in a place that is NULL; gives false if another thread was faster. */
#define PUBLISH(place, object)                                                                     \
    __extension__({                                                                                \
        PyObject *none = NULL;                                                                     \
        __atomic_compare_exchange_n(&(place), &none, (object), false, __ATOMIC_ACQ_REL,            \
                                    __ATOMIC_ACQUIRE);                                             \
    })
#else
#define INLINE static inline
#define SHARED
#define LOAD_RELAXED(pointer) (pointer)
#define STORE_RELAXED(pointer, value) ((pointer) = (value))
#define LOAD_ACQUIRE(pointer) (pointer)
#define PUBLISH(place, object) ((place) ? false : ((place) = (object), true))
#endif

/* Casts a function with keywords to the type that a method table expects. */
#define FUNCTION(f) ((PyCFunction)(void (*)(void))(f))

/* The result of a test. UNCOMMON: only Python code can answer. FAILED: an exception is set. */
typedef enum { NO = 0, YES = 1, UNCOMMON = -1, FAILED = -2 } Outcome;

/* Gives false, perhaps with an exception, if the object is not text. */
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

/* The module's functions and types, for module.c. */
extern SHARED PyMethodDef bucket_functions[];
extern SHARED PyMethodDef column_functions[];
extern SHARED PyType_Spec hasher_spec;
extern SHARED PyType_Spec text_test_spec;
extern SHARED PyType_Spec plain_flag_spec;
extern SHARED PyType_Spec flag_call_spec;

#endif
