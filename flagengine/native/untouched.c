/* A document that was read before, and whether anything was done to it since.
 *
 * CPython gives a dict a new version with every change, and gives no version twice, not even to two dicts.
 * So a dict of the noted version has the noted members, and is the noted dict even if its address was free
 * in between. A list has no version: its members are compared by identity, and the scalars of a noted list
 * are owned, so that no other object takes their address.
 *
 * A container is looked at after the one that holds it. If that one is untouched, the container is alive:
 * so it need not be owned, and what is noted does not keep the document.
 */

#include "untouched.h"

/* Dicts have no version since 3.14; without the GIL, another thread may change them at any time; and a
 * version has 64 bits. */
#if PY_VERSION_HEX < 0x030E0000 && !defined(Py_GIL_DISABLED) && UINTPTR_MAX == UINT64_MAX

/* A dict is its address and its version. A list or tuple is its address, odd, its length, and its members:
 * an owned reference, or for a container its address, odd. */
enum { IS_LIST = 1, IS_CONTAINER = 1 };

#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

INLINE Word version_of(PyObject *dict) {
    return (Word)((PyDictObject *)dict)->ma_version_tag;
}

INLINE bool is_container(PyObject *value) {
    return PyDict_CheckExact(value) || PyList_CheckExact(value) || PyTuple_CheckExact(value);
}

/* Noting. All give false for what cannot be noted. */

static bool note_container(Words *noted, PyObject *container);

static bool note_dict(Words *noted, PyObject *dict) {
    /* The members of an object's attributes may change in another place than the dict. */
    bool own_members = ((PyDictObject *)dict)->ma_values == NULL;
    bool done = own_members && words_put(noted, (Word)dict) && words_put(noted, version_of(dict));
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (done && PyDict_Next(dict, &at, &key, &value)) {
        done = !is_container(value) || note_container(noted, value);
    }
    return done;
}

static bool note_list(Words *noted, PyObject *list) {
    Py_ssize_t length = Py_SIZE(list);
    PyObject **members = PySequence_Fast_ITEMS(list);
    if (!words_reserve(noted, length + 2)) {
        return false;
    }
    words_put(noted, (Word)list | IS_LIST);
    words_put(noted, (Word)length);
    for (Py_ssize_t at = 0; at < length; at++) {
        bool owned = !is_container(members[at]);
        words_put(noted, owned ? (Word)Py_NewRef(members[at]) : (Word)members[at] | IS_CONTAINER);
    }
    bool done = true;
    for (Py_ssize_t at = 0; done && at < length; at++) {
        done = !is_container(members[at]) || note_container(noted, members[at]);
    }
    return done;
}

/* The recursion is as deep as the document. */
static bool note_container(Words *noted, PyObject *container) {
    return PyDict_CheckExact(container) ? note_dict(noted, container) : note_list(noted, container);
}

void untouched_note(Words *noted, PyObject *document) {
    untouched_forget(noted);
    if (!note_container(noted, document)) {
        untouched_forget(noted);
    }
}

/* Looking. Each gives where the container ends, or NULL if it was touched. */

INLINE const Word *after_dict(PyObject *dict, const Word *at) {
    return PyDict_CheckExact(dict) && version_of(dict) == *at ? at + 1 : NULL;
}

INLINE const Word *after_list(PyObject *list, const Word *at) {
    Py_ssize_t length = (Py_ssize_t)*at++;
    if (!(PyList_CheckExact(list) || PyTuple_CheckExact(list)) || Py_SIZE(list) != length) {
        return NULL;
    }
    PyObject **members = PySequence_Fast_ITEMS(list);
    for (; length > 0; length--) {
        if ((Word)*members++ != (*at++ & ~(Word)IS_CONTAINER)) {
            return NULL;
        }
    }
    return at;
}

bool untouched(const Words *noted, PyObject *document) {
    const Word *at = noted->words, *end = at + noted->used;
    if (at == end || *at != (Word)document) {
        return false;
    }
    while (at && at < end) {
        Word container = *at++;
        at = container & IS_LIST ? after_list((PyObject *)(container & ~(Word)IS_LIST), at)
                                 : after_dict((PyObject *)container, at);
    }
    return at != NULL;
}

static void release_members(const Word *at, const Word *end) {
    for (; at < end; at++) {
        if (!(*at & IS_CONTAINER)) {
            Py_DECREF((PyObject *)*at);
        }
    }
}

void untouched_forget(Words *noted) {
    const Word *at = noted->words, *end = at + noted->used;
    while (at < end) {
        Py_ssize_t length = *at & IS_LIST ? (Py_ssize_t)at[1] : 0;
        release_members(at + 2, at + 2 + length);
        at += 2 + length;
    }
    words_free(noted);
}

#else

void untouched_note(Words *noted, PyObject *document) {
    (void)noted;
    (void)document;
}

bool untouched(const Words *noted, PyObject *document) {
    (void)noted;
    (void)document;
    return false;
}

void untouched_forget(Words *noted) {
    (void)noted;
}

#endif
