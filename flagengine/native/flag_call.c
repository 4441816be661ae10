/* A shortcut for calls of `evaluate_flag` with a snapshot, a compiled flag and no options.
 *
 * A FlagCall replaces a Python function and passes every other call on to the function. To inspect,
 * pydoc and pickle a FlagCall looks like the function. This file must not evaluate flags or change
 * a snapshot.
 */

#include "native.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *function;
    PyObject *snapshot; /* the type */
    PyObject *name;     /* the slot that holds the compiled flags by key */
    PyObject *dict;
} FlagCall;

/* Gives 1 with a flag's evaluator, 0 if the flag is not compiled yet, -1 with an exception. */
static int look_up(PyObject *snapshot, PyObject *name, PyObject *key, PyObject **evaluator) {
    PyObject *evaluators = PyObject_GetAttr(snapshot, name);
    if (!evaluators) {
        return -1;
    }
    int found = 0;
    if (!PyDict_CheckExact(evaluators)) {
        Py_DECREF(evaluators);
        return found;
    }
#if PY_VERSION_HEX >= 0x030D0000
    found = PyDict_GetItemRef(evaluators, key, evaluator);
#else
    *evaluator = Py_XNewRef(PyDict_GetItemWithError(evaluators, key));
    found = *evaluator ? 1 : PyErr_Occurred() ? -1 : 0;
#endif
    Py_DECREF(evaluators);
    return found;
}

static PyObject *flag_call_call(PyObject *object, PyObject *const *args, size_t nargsf,
                                PyObject *names) {
    const FlagCall *self = (FlagCall *)object;
    if (!names && PyVectorcall_NARGS(nargsf) == 4 &&
        (PyObject *)Py_TYPE(args[0]) == self->snapshot) {
        PyObject *evaluator;
        int found = look_up(args[0], self->name, args[1], &evaluator);
        if (found < 0) {
            return NULL;
        }
        if (found) {
            PyObject *answer = PyObject_Vectorcall(evaluator, args + 2, 2, NULL);
            Py_DECREF(evaluator);
            return answer;
        }
    }
    return PyObject_Vectorcall(self->function, args, nargsf, names);
}

static PyObject *flag_call_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"function", "snapshot", NULL};
    PyObject *function, *snapshot;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!:FlagCall", names, &function, &PyType_Type,
                                     &snapshot)) {
        return NULL;
    }
    FlagCall *self = (FlagCall *)type->tp_alloc(type, 0);
    if (!self) {
        return NULL;
    }
    self->call = flag_call_call;
    self->function = Py_NewRef(function);
    self->snapshot = Py_NewRef(snapshot);
    self->name = PyUnicode_InternFromString("_compiled");
    if (!self->name) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* Binds like a function: pydoc and inspect see a function, and a class attribute is a method. */
static PyObject *flag_call_get(PyObject *object, PyObject *instance, PyObject *Py_UNUSED(type)) {
    if (!instance || instance == Py_None) {
        return Py_NewRef(object);
    }
    return PyMethod_New(object, instance);
}

static PyObject *flag_call_repr(PyObject *object) {
    return PyObject_Repr(((FlagCall *)object)->function);
}

static PyObject *flag_call_reduce(PyObject *object, PyObject *Py_UNUSED(none)) {
    return PyObject_GetAttrString(object, "__qualname__");
}

static int flag_call_traverse(PyObject *object, visitproc visit, void *arg) {
    const FlagCall *self = (FlagCall *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->function);
    Py_VISIT(self->snapshot);
    Py_VISIT(self->dict);
    return 0;
}

/* Every reference cycle contains the dict; without the dict the object stays usable. */
static int flag_call_clear(PyObject *object) {
    Py_CLEAR(((FlagCall *)object)->dict);
    return 0;
}

static void flag_call_dealloc(PyObject *object) {
    FlagCall *self = (FlagCall *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_XDECREF(self->function);
    Py_XDECREF(self->snapshot);
    Py_XDECREF(self->name);
    Py_XDECREF(self->dict);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMemberDef flag_call_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(FlagCall, call), Py_READONLY, NULL},
    {"__dictoffset__", Py_T_PYSSIZET, offsetof(FlagCall, dict), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef flag_call_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef flag_call_methods[] = {
    {"__reduce__", flag_call_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(flag_call_doc,
             "FlagCall(function, snapshot)\n--\n\n"
             "The function (flag_defs, key, distinct_id, props=None, **options), with its common "
             "case in C.");

static PyType_Slot flag_call_slots[] = {
    {Py_tp_new, flag_call_new},
    {Py_tp_dealloc, flag_call_dealloc},
    {Py_tp_traverse, flag_call_traverse},
    {Py_tp_clear, flag_call_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_repr, flag_call_repr},
    {Py_tp_descr_get, flag_call_get},
    {Py_tp_members, flag_call_members},
    {Py_tp_getset, flag_call_getset},
    {Py_tp_methods, flag_call_methods},
    {Py_tp_doc, (void *)flag_call_doc},
    {0, NULL},
};

PyType_Spec flag_call_spec = {
    .name = "flagengine.native._accelerator.FlagCall",
    .basicsize = sizeof(FlagCall),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = flag_call_slots,
};
