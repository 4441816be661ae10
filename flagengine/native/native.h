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
#ifdef Py_GIL_DISABLED
/* The compiler of Windows. */
#define LOAD_RELAXED(pointer) _Py_atomic_load_ptr_relaxed(&(pointer))
#define STORE_RELAXED(pointer, value) _Py_atomic_store_ptr_relaxed(&(pointer), (void *)(value))
#define LOAD_ACQUIRE(pointer) _Py_atomic_load_ptr_acquire(&(pointer))
#define PUBLISH(place, object)                                                                     \
    _Py_atomic_compare_exchange_ptr(&(place), &(PyObject *){NULL}, (object))
#else
#define LOAD_RELAXED(pointer) (pointer)
#define STORE_RELAXED(pointer, value) ((pointer) = (value))
#define LOAD_ACQUIRE(pointer) (pointer)
#define PUBLISH(place, object) ((place) ? false : ((place) = (object), true))
#endif
#endif

/* Code between these runs for one thread at a time with these objects, also without the GIL. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#define Py_BEGIN_CRITICAL_SECTION2(first, second) {
#define Py_END_CRITICAL_SECTION2() }
#endif

/* Without the GIL, threads that count references to one object wait for each other. This ends that for an
 * object that all threads use and that lives as long as the process. */
#ifdef Py_GIL_DISABLED
#define STOP_COUNTING(object) Py_SET_REFCNT((PyObject *)(object), _Py_IMMORTAL_REFCNT_LOCAL)
#else
#define STOP_COUNTING(object) ((void)(object))
#endif

/* Casts a function with keywords to the type that a method table expects. */
#define FUNCTION(f) ((PyCFunction)(void (*)(void))(f))

/* The result of a test. LACKING: the call lacks the property. UNCOMMON: only Python code can answer.
 * FAILED: an exception is set. */
typedef enum { NO = 0, YES = 1, LACKING = 2, UNCOMMON = -1, FAILED = -2 } Outcome;

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

/* Gives UNCOMMON for a look-up that failed because comparing with a key of an equal hash raised: the
 * Python test then fails, too. Gives FAILED for what stops the program, such as KeyboardInterrupt. */
INLINE Outcome failed_look_up(void) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return FAILED;
    }
    PyErr_Clear();
    return UNCOMMON;
}

/* Gives YES with a new reference, LACKING for a missing key, UNCOMMON or FAILED. */
INLINE Outcome find_item(PyObject *dict, PyObject *key, PyObject **item) {
#if PY_VERSION_HEX >= 0x030D0000
    int found = PyDict_GetItemRef(dict, key, item);
    return found > 0 ? YES : found == 0 ? LACKING : failed_look_up();
#else
    *item = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    return *item ? YES : PyErr_Occurred() ? failed_look_up() : LACKING;
#endif
}

/* The module's functions and types, for module.c. */
extern SHARED PyMethodDef bucket_functions[];
extern SHARED PyMethodDef column_functions[];
extern SHARED PyMethodDef json_functions[];
extern SHARED PyType_Spec hasher_spec;
extern SHARED PyType_Spec text_test_spec;
extern SHARED PyType_Spec plain_flag_spec;
extern SHARED PyType_Spec shortcut_spec;
extern SHARED PyType_Spec answers_spec;
extern SHARED PyType_Spec known_json_spec;
extern SHARED PyType_Spec flag_table_spec;

#endif
