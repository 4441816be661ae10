/* Shortcuts for calls of `evaluate` and `evaluate_flag` with a snapshot, a compiled flag and at most
 * plain options.
 *
 * A Shortcut replaces a Python function and passes every other call on to the function. To inspect,
 * pydoc and pickle a Shortcut looks like the function. This file must not evaluate flags or change
 * a snapshot.
 */

#include "answers.h"
#include "flag_table.h"
#include "module.h"
#include "one_flag.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *function;
    PyObject *snapshot; /* the type */
    Py_ssize_t table;   /* the offset of a snapshot's table */
    PyObject *answers;  /* the type of what `evaluate` gives; NULL for `evaluate_flag` */
    PyObject *ask;      /* see Question */
    PyObject *dict;
    const Names *names;
} Shortcut;

static PyObject *shortcut_call(PyObject *object, PyObject *const *args, size_t nargsf,
                                PyObject *keywords) {
    const Shortcut *self = (Shortcut *)object;
    PyObject *arguments[PARAMETERS], *answer = NULL;
    if (arguments_read(arguments, self->names, self->snapshot, !self->answers, args, nargsf,
                       keywords)) {
        PyObject *table = flag_table_of(arguments[FLAG_DEFS], self->table);
        Question question = {self->names, self->ask, table, arguments, arguments[KEY]};
        if (self->answers) {
            return answers_open((PyTypeObject *)self->answers, &question);
        }
        if (answer_one(&question, true, &answer) != UNCOMMON) {
            return answer;
        }
    }
    return PyObject_Vectorcall(self->function, args, nargsf, keywords);
}

static PyObject *shortcut_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"function", "snapshot", "ask", "answers", NULL};
    PyObject *function, *snapshot, *asking, *answers = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O|O!:Shortcut", names, &function,
                                     &PyType_Type, &snapshot, &asking, &PyType_Type, &answers)) {
        return NULL;
    }
    const ModuleState *state = state_of_type(type);
    if (!state) {
        return NULL;
    }
    if (answers &&
        !PyType_IsSubtype((PyTypeObject *)answers, (PyTypeObject *)state->answers)) {
        PyErr_SetString(PyExc_TypeError, "answers must be a subclass of Answers");
        return NULL;
    }
    Shortcut *self = (Shortcut *)type->tp_alloc(type, 0);
    if (!self) {
        return NULL;
    }
    self->call = shortcut_call;
    self->function = Py_NewRef(function);
    self->snapshot = Py_NewRef(snapshot);
    self->table = flag_table_offset(snapshot);
    self->ask = Py_NewRef(asking);
    self->answers = Py_XNewRef(answers);
    self->names = &state->names;
    STOP_COUNTING(self);
    return (PyObject *)self;
}

/* Binds like a function: pydoc and inspect see a function, and a class attribute is a method. */
static PyObject *shortcut_get(PyObject *object, PyObject *instance, PyObject *Py_UNUSED(type)) {
    if (!instance || instance == Py_None) {
        return Py_NewRef(object);
    }
    return PyMethod_New(object, instance);
}

static PyObject *shortcut_repr(PyObject *object) {
    return PyObject_Repr(((Shortcut *)object)->function);
}

static PyObject *shortcut_reduce(PyObject *object, PyObject *Py_UNUSED(none)) {
    return PyObject_GetAttrString(object, "__qualname__");
}

static int shortcut_traverse(PyObject *object, visitproc visit, void *arg) {
    const Shortcut *self = (Shortcut *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->function);
    Py_VISIT(self->snapshot);
    Py_VISIT(self->answers);
    Py_VISIT(self->ask);
    Py_VISIT(self->dict);
    return 0;
}

/* Every reference cycle contains the dict; without the dict the object stays usable. */
static int shortcut_clear(PyObject *object) {
    Py_CLEAR(((Shortcut *)object)->dict);
    return 0;
}

static void shortcut_dealloc(PyObject *object) {
    Shortcut *self = (Shortcut *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_XDECREF(self->function);
    Py_XDECREF(self->snapshot);
    Py_XDECREF(self->answers);
    Py_XDECREF(self->ask);
    Py_XDECREF(self->dict);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMemberDef shortcut_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Shortcut, call), Py_READONLY, NULL},
    {"__dictoffset__", Py_T_PYSSIZET, offsetof(Shortcut, dict), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef shortcut_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef shortcut_methods[] = {
    {"__reduce__", shortcut_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(shortcut_doc,
             "Shortcut(function, snapshot, ask, answers=None)\n--\n\n"
             "The function (flag_defs, key, distinct_id, props=None, **options), with its common "
             "case in C.\n\nWith `answers` the function has no key, and its result is of that "
             "type.");

static PyType_Slot shortcut_slots[] = {
    {Py_tp_new, shortcut_new},
    {Py_tp_dealloc, shortcut_dealloc},
    {Py_tp_traverse, shortcut_traverse},
    {Py_tp_clear, shortcut_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_repr, shortcut_repr},
    {Py_tp_descr_get, shortcut_get},
    {Py_tp_members, shortcut_members},
    {Py_tp_getset, shortcut_getset},
    {Py_tp_methods, shortcut_methods},
    {Py_tp_doc, (void *)shortcut_doc},
    {0, NULL},
};

PyType_Spec shortcut_spec = {
    .name = "flagengine.native._accelerator.Shortcut",
    .basicsize = sizeof(Shortcut),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = shortcut_slots,
};
