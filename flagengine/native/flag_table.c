/* The evaluators of a snapshot's flags by key, as all threads look them up.
 *
 * `FlagTable(keys, compiled)` has a place for each key, and takes an evaluator from the dict `compiled` when
 * it is first looked up. A place never changes again. So a look-up takes no lock and counts no reference,
 * for which threads without the GIL would wait for each other.
 *
 * This file must not compile flags.
 */

#include "flag_table.h"

typedef struct {
    PyObject *key; /* exact text; NULL: a free place */
    Py_hash_t hash;
    PyObject *evaluator; /* NULL until it is looked up */
} Place;

typedef struct {
    PyObject_HEAD
    PyObject *compiled;
    Place *places; /* a power of two, half of them free */
    size_t mask;
} FlagTable;

/* Tells whether a key is compared like text: text, or an object of a subclass that only adds to it. */
INLINE bool is_like_text(PyObject *key) {
    const PyTypeObject *type = Py_TYPE(key);
    return is_text(key) && type->tp_hash == PyUnicode_Type.tp_hash &&
           type->tp_richcompare == PyUnicode_Type.tp_richcompare;
}

/* Gives the place of a key, else a free place. */
INLINE Place *place_of(const FlagTable *self, PyObject *key, Py_hash_t hash) {
    for (size_t at = (size_t)hash & self->mask;; at = (at + 1) & self->mask) {
        Place *place = &self->places[at];
        bool is_it = place->key == key || !place->key ||
                     (place->hash == hash && PyUnicode_Compare(place->key, key) == 0);
        if (is_it) {
            return place;
        }
    }
}

static Outcome take(const FlagTable *self, PyObject *key, Place *place) {
    PyObject *evaluator;
    Outcome found = find_item(self->compiled, key, &evaluator);
    if (found == YES && !PUBLISH(place->evaluator, evaluator)) {
        Py_DECREF(evaluator); /* another thread was faster */
    }
    return found;
}

Outcome flag_table_find(PyObject *table, PyObject *key, PyObject **evaluator) {
    const FlagTable *self = (FlagTable *)table;
    if (!table || !is_like_text(key)) {
        return UNCOMMON;
    }
    Place *place = place_of(self, key, PyObject_Hash(key));
    if (!place->key) {
        return UNCOMMON;
    }
    *evaluator = LOAD_ACQUIRE(place->evaluator);
    if (!*evaluator) {
        Outcome found = take(self, key, place);
        *evaluator = LOAD_ACQUIRE(place->evaluator);
        return found;
    }
    return YES;
}

/* ---------------------------------------------------------------- the type */

static bool fill(FlagTable *self, PyObject *keys) {
    size_t size = 2;
    while (size < 2 * (size_t)PyDict_GET_SIZE(keys)) {
        size *= 2;
    }
    self->mask = size - 1;
    self->places = PyMem_Calloc(size, sizeof(Place));
    if (!self->places) {
        PyErr_NoMemory();
        return false;
    }
    Py_ssize_t at = 0, left = PyDict_GET_SIZE(keys);
    PyObject *key, *value;
    while (left-- > 0 && PyDict_Next(keys, &at, &key, &value)) {
        if (!PyUnicode_CheckExact(key) || !is_text(key)) {
            PyErr_SetString(PyExc_TypeError, "keys must be text");
            return false;
        }
        Place *place = place_of(self, key, PyObject_Hash(key));
        place->hash = PyObject_Hash(key);
        place->key = Py_NewRef(key);
    }
    return true;
}

static PyObject *flag_table_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"keys", "compiled", NULL};
    PyObject *keys, *compiled;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!:FlagTable", names, &PyDict_Type, &keys,
                                     &PyDict_Type, &compiled)) {
        return NULL;
    }
    FlagTable *self = (FlagTable *)type->tp_alloc(type, 0);
    PyObject *own = self ? PyDict_Copy(keys) : NULL; /* so that nobody changes it meanwhile */
    if (self && (!own || !fill(self, own))) {
        Py_CLEAR(self);
    }
    if (self) {
        self->compiled = Py_NewRef(compiled);
    }
    Py_XDECREF(own);
    return (PyObject *)self;
}

static int flag_table_traverse(PyObject *object, visitproc visit, void *arg) {
    const FlagTable *self = (FlagTable *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->compiled);
    for (size_t at = 0; self->places && at <= self->mask; at++) {
        Py_VISIT(self->places[at].evaluator);
    }
    return 0;
}

static int flag_table_clear(PyObject *object) {
    FlagTable *self = (FlagTable *)object;
    for (size_t at = 0; self->places && at <= self->mask; at++) {
        Py_CLEAR(self->places[at].evaluator);
    }
    return 0;
}

static void flag_table_dealloc(PyObject *object) {
    FlagTable *self = (FlagTable *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    flag_table_clear(object);
    for (size_t at = 0; self->places && at <= self->mask; at++) {
        Py_XDECREF(self->places[at].key);
    }
    PyMem_Free(self->places);
    Py_XDECREF(self->compiled);
    type->tp_free(object);
    Py_DECREF(type);
}

static bool is_flag_table(PyObject *object) { return Py_TYPE(object)->tp_new == flag_table_new; }

/* ---------------------------------------------------------------- the slot */

Py_ssize_t flag_table_offset(PyObject *type) {
    PyObject *slot = PyObject_GetAttrString(type, "_table");
    Py_ssize_t offset = 0;
    if (!slot) {
        PyErr_Clear();
    } else if (Py_IS_TYPE(slot, &PyMemberDescr_Type)) {
        const PyMemberDef *member = ((PyMemberDescrObject *)slot)->d_member;
        offset = member->type == Py_T_OBJECT_EX ? member->offset : 0;
    }
    Py_XDECREF(slot);
    return offset;
}

PyObject *flag_table_of(PyObject *object, Py_ssize_t offset) {
    if (!offset) {
        return NULL;
    }
    PyObject *table = LOAD_ACQUIRE(*(PyObject **)((char *)object + offset));
    return table && is_flag_table(table) ? table : NULL;
}

PyDoc_STRVAR(flag_table_doc, "FlagTable(keys, compiled)\n--\n\n"
                             "A place for the evaluator of each key, which is looked up in the dict "
                             "`compiled` once.");

static PyType_Slot flag_table_slots[] = {
    {Py_tp_new, flag_table_new},
    {Py_tp_dealloc, flag_table_dealloc},
    {Py_tp_traverse, flag_table_traverse},
    {Py_tp_clear, flag_table_clear},
    {Py_tp_doc, (void *)flag_table_doc},
    {0, NULL},
};

PyType_Spec flag_table_spec = {
    .name = "flagengine.native._accelerator.FlagTable",
    .basicsize = sizeof(FlagTable),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = flag_table_slots,
};
