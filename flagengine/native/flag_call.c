/* Shortcuts for calls of `evaluate` and `evaluate_flag` with a snapshot, a compiled flag and at most
 * plain options.
 *
 * A FlagCall replaces a Python function and passes every other call on to the function. To inspect,
 * pydoc and pickle a FlagCall looks like the function. This file must not evaluate flags or change
 * a snapshot.
 */

#include "answers.h"
#include "arguments.h"
#include "module.h"
#include "plain_flag.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *function;
    PyObject *snapshot; /* the type */
    PyObject *answers;  /* the type of what `evaluate` gives; NULL for `evaluate_flag` */
    PyObject *ask;      /* a function of (snapshot, key, id, props, groups, group properties) */
    PyObject *dict;
    const Names *names;
} FlagCall;

/* ---------------------------------------------------------------- evaluate_flag */

typedef struct {
    PyObject *ask, *snapshot, *key;
} Question;

static PyObject *ask(const void *context, const Person *person) {
    const Question *question = context;
    PyObject *args[] = {question->snapshot, question->key,  person->id,
                        person->props,      person->groups, person->group_properties};
    return PyObject_Vectorcall(question->ask, args, 6, NULL);
}

/* Gives YES with the answer of a plain flag, else UNCOMMON or FAILED. */
static Outcome plain_answer(const FlagCall *self, PyObject *flag, PyObject *const *arguments,
                            PyObject **answer) {
    Person person = {
        .id = arguments[DISTINCT_ID],
        .props = arguments[PROPS],
        .groups = arguments[GROUPS],
        .group_properties = arguments[GROUP_PROPERTIES],
        .is_whole = true,
    };
    Question question = {self->ask, arguments[FLAG_DEFS], arguments[KEY]};
    return is_common_id(person.id) ? walk_answer(flag, &person, ask, &question, answer) : UNCOMMON;
}

static Outcome flag_answer(const FlagCall *self, PyObject *const *arguments, PyObject **answer) {
    PyObject *evaluator, *snapshot = arguments[FLAG_DEFS], *key = arguments[KEY];
    Outcome found = LACKING;
    if (arguments[OVERRIDES]) {
        found = find_forced(self->names, snapshot, arguments[OVERRIDES], key,
                            arguments[DISTINCT_ID], answer);
    }
    if (found != LACKING) {
        return found;
    }
    found = find_evaluator(self->names, snapshot, key, &evaluator);
    if (found != YES) {
        return found == LACKING ? UNCOMMON : found;
    }
    if (is_plain_flag(evaluator)) {
        found = plain_answer(self, evaluator, arguments, answer);
    } else if (arguments[GROUPS] || arguments[GROUP_PROPERTIES] || arguments[OVERRIDES]) {
        found = UNCOMMON;
    } else {
        PyObject *props = arguments[PROPS] ? arguments[PROPS] : Py_None;
        PyObject *args[] = {arguments[DISTINCT_ID], props};
        *answer = PyObject_Vectorcall(evaluator, args, 2, NULL);
        found = *answer ? YES : FAILED;
    }
    Py_DECREF(evaluator);
    return found;
}

static PyObject *flag_call_call(PyObject *object, PyObject *const *args, size_t nargsf,
                                PyObject *keywords) {
    const FlagCall *self = (FlagCall *)object;
    PyObject *arguments[PARAMETERS], *answer = NULL;
    if (arguments_read(arguments, self->names, self->snapshot, !self->answers, args, nargsf,
                       keywords)) {
        if (self->answers) {
            return answers_open((PyTypeObject *)self->answers, self->names, arguments);
        }
        Outcome found = flag_answer(self, arguments, &answer);
        if (found != UNCOMMON) {
            return answer;
        }
    }
    return PyObject_Vectorcall(self->function, args, nargsf, keywords);
}

static PyObject *flag_call_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"function", "snapshot", "ask", "answers", NULL};
    PyObject *function, *snapshot, *asking, *answers = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O|O!:FlagCall", names, &function,
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
    FlagCall *self = (FlagCall *)type->tp_alloc(type, 0);
    if (!self) {
        return NULL;
    }
    self->call = flag_call_call;
    self->function = Py_NewRef(function);
    self->snapshot = Py_NewRef(snapshot);
    self->ask = Py_NewRef(asking);
    self->answers = Py_XNewRef(answers);
    self->names = &state->names;
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
    Py_VISIT(self->answers);
    Py_VISIT(self->ask);
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
    Py_XDECREF(self->answers);
    Py_XDECREF(self->ask);
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
             "FlagCall(function, snapshot, ask, answers=None)\n--\n\n"
             "The function (flag_defs, key, distinct_id, props=None, **options), with its common "
             "case in C.\n\nWith `answers` the function has no key, and its result is of that "
             "type.");

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
