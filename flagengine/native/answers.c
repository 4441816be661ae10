/* The base of `Evaluation`: the arguments of a call, and the answers that are known so far.
 *
 * A subclass in Python has `_resolve(key)`, the full way to an answer.
 * flagengine/compiled/answers.py is equal in every answer and error.
 *
 * This file must not evaluate flags: plain flags do.
 */

#include "answers.h"

#include "many_flags.h"
#include "module.h"
#include "one_flag.h"

typedef struct {
    PyObject_HEAD
    PyObject *arguments[PARAMETERS]; /* NULL: not given; the key is always NULL */
    PyObject *options;      /* all options of a call that only Python code can read, else NULL */
    PyObject *key, *answer; /* the answer that was asked for first */
    PyObject *known;        /* a dict of the answers so far, NULL until the second */
    PyObject *whole;        /* a tuple of all answers in order, or NULL */
    PyObject *places;       /* a dict of the keys' places in `whole`, or NULL */
    PyObject *ask;          /* see Question; NULL if there are options */
    PyObject *table;        /* the same */
    const Names *names;
} Answers;

/* ---------------------------------------------------------------- what is known so far */

INLINE bool is_first(const Answers *self, PyObject *key) {
    return self->key == key || (self->key && PyUnicode_CheckExact(key) &&
                                PyUnicode_CheckExact(self->key) &&
                                PyUnicode_Compare(self->key, key) == 0);
}

/* Finds an answer among all answers. */
static Outcome find_in_whole(const Answers *self, PyObject *key, PyObject **answer) {
    PyObject *place;
    Outcome found = find_item(self->places, key, &place);
    if (found == YES) {
        *answer = Py_XNewRef(PyTuple_GetItem(self->whole, PyLong_AsSsize_t(place)));
        Py_DECREF(place);
        found = *answer ? YES : FAILED;
    }
    return found;
}

/* Gives YES with a new reference, LACKING, UNCOMMON for a key that cannot be looked up, or FAILED. */
static Outcome find_known(Answers *self, PyObject *key, PyObject **answer) {
    Outcome found = LACKING;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->whole) {
        found = find_in_whole(self, key, answer);
    } else if (self->known) {
        found = find_item(self->known, key, answer);
    } else if (is_first(self, key)) {
        *answer = Py_NewRef(self->answer);
        found = YES;
    }
    Py_END_CRITICAL_SECTION();
    return found;
}

/* Adds an answer; gives the one that stays, which another thread may have added before. */
static PyObject *added(Answers *self, PyObject *key, PyObject *answer) {
    PyObject *stays = NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (self->whole && find_in_whole(self, key, &stays) == YES) {
        Py_DECREF(stays); /* the tuple keeps the answer */
    } else if (!self->known && !self->key) {
        self->key = Py_NewRef(key);
        self->answer = Py_NewRef(answer);
        stays = answer;
    } else {
        bool fine = self->known || ((self->known = PyDict_New()) &&
                                    !PyDict_SetItem(self->known, self->key, self->answer));
        stays = fine ? PyDict_SetDefault(self->known, key, answer) : NULL;
    }
    Py_XINCREF(stays);
    Py_END_CRITICAL_SECTION();
    return stays;
}

/* ---------------------------------------------------------------- one answer */

/* Tells whether no answer was asked for: what flags share pays from the second on. */
static bool is_new(const Answers *self) { return !LOAD_ACQUIRE(self->key); }

static Outcome quick_answer(const Answers *self, PyObject *key, PyObject **answer) {
    Question question = {self->names, self->ask, self->table, self->arguments, key};
    return self->options ? UNCOMMON : answer_one(&question, is_new(self), answer);
}

static PyObject *answers_item(PyObject *object, PyObject *key) {
    Answers *self = (Answers *)object;
    PyObject *answer = NULL;
    Outcome found = find_known(self, key, &answer);
    if (found == LACKING) {
        found = quick_answer(self, key, &answer);
    } else if (found == YES) {
        return answer;
    }
    if (found == UNCOMMON) {
        answer = PyObject_CallMethod(object, "_resolve", "(O)", key);
    }
    if (!answer) {
        return NULL;
    }
    PyObject *stays = added(self, key, answer);
    Py_DECREF(answer);
    return stays;
}

PyDoc_STRVAR(get_doc, "get($self, key, default=None, /)\n--\n\n"
                      "Return the answer for a key, or the default for a key that was not "
                      "requested.");

static PyObject *answers_get(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    if (count < 1 || count > 2) {
        PyErr_Format(PyExc_TypeError, "get expected 1 or 2 arguments, got %zd", count);
        return NULL;
    }
    PyObject *answer = answers_item(object, args[0]);
    if (!answer && PyErr_ExceptionMatches(PyExc_KeyError)) {
        PyErr_Clear();
        answer = Py_NewRef(count == 2 ? args[1] : Py_None);
    }
    return answer;
}

/* ---------------------------------------------------------------- all answers */

/* Gives the answer of a flag that could not walk with the others; NULL, perhaps with an exception. */
static PyObject *walked_alone(const Answers *self, PyObject *key, PyObject *evaluator) {
    PyObject *answer = NULL;
    Question question = {self->names, self->ask, self->table, self->arguments, key};
    if (is_plain_flag(evaluator)) {
        answer_plain(&question, evaluator, &answer);
    }
    return answer;
}

/* Asks each flag without an answer alone; `left` counts those that still have none. Gives false with an
 * exception. */
static bool ask_alone(const Answers *self, PyObject *names, PyObject *evaluators,
                      PyObject **answers, Py_ssize_t *left) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (!answers[i]) {
            answers[i] = walked_alone(self, PyTuple_GET_ITEM(names, i),
                                      PyTuple_GET_ITEM(evaluators, i));
            *left += !answers[i];
            if (!answers[i] && PyErr_Occurred()) {
                return false;
            }
        }
    }
    return true;
}

/* Moves the answers into a new view, with None where a flag has none. No other code runs before the view
 * is complete. */
static PyObject *viewed(const Answers *self, PyObject **answers, Py_ssize_t count) {
    PyObject *type = PyObject_GetAttr((PyObject *)self, self->names->view), *view = NULL;
    if (type && PyType_Check(type) &&
        PyType_FastSubclass((PyTypeObject *)type, Py_TPFLAGS_TUPLE_SUBCLASS)) {
        view = ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, count);
    }
    Py_XDECREF(type);
    for (Py_ssize_t i = 0; view && i < count; i++) {
        PyTuple_SET_ITEM(view, i, answers[i] ? answers[i] : Py_NewRef(Py_None));
        answers[i] = NULL;
    }
    return view;
}

/* Gives a view of the answers of all plain flags; NULL, perhaps without an exception. */
static PyObject *walked(const Answers *self, PyObject *names, PyObject *evaluators,
                        Py_ssize_t *left) {
    Person person = person_of(self->arguments);
    Py_ssize_t flags = PyTuple_GET_SIZE(evaluators);
    PyObject **answers = PyMem_Calloc((size_t)flags + 1, sizeof *answers), *view = NULL;
    if (!answers) {
        return PyErr_NoMemory();
    }
    if (answer_many(evaluators, &person, answers) &&
        ask_alone(self, names, evaluators, answers, left)) {
        view = viewed(self, answers, flags);
    }
    for (Py_ssize_t i = 0; i < flags; i++) {
        Py_XDECREF(answers[i]);
    }
    PyMem_Free(answers);
    return view;
}

static bool may_walk(const Answers *self) {
    return !self->options && !self->arguments[OVERRIDES] &&
           is_common_id(self->arguments[DISTINCT_ID]);
}

PyDoc_STRVAR(walk_doc, "_walk($self, names, evaluators, /)\n--\n\n"
                       "Return a view of the answers of all plain flags, and how many are left.\n\n"
                       "None, or None for an answer, where only Python code can answer.");

static PyObject *answers_walk(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    const Answers *self = (Answers *)object;
    if (count != 2 || !PyTuple_CheckExact(args[0]) || !PyTuple_CheckExact(args[1]) ||
        PyTuple_GET_SIZE(args[0]) != PyTuple_GET_SIZE(args[1])) {
        PyErr_SetString(PyExc_TypeError, "_walk takes two tuples of the same size");
        return NULL;
    }
    Py_ssize_t left = 0;
    if (!may_walk(self)) {
        Py_RETURN_NONE;
    }
    PyObject *view = walked(self, args[0], args[1], &left);
    return view ? Py_BuildValue("(Nn)", view, left) : NULL;
}

/* Gives all evaluators of the snapshot, as `_together` has them; NULL, perhaps with an exception. */
static PyObject *together_of(const Answers *self) {
    PyObject *evaluators = PyObject_GetAttr(self->arguments[FLAG_DEFS], self->names->evaluators);
    PyObject *together = evaluators ? PyObject_GetAttr(evaluators, self->names->together) : NULL;
    Py_XDECREF(evaluators);
    if (together && !(PyTuple_CheckExact(together) && PyTuple_GET_SIZE(together) == 3)) {
        Py_CLEAR(together); /* not all flags are compiled */
    }
    return together;
}

static void complete(Answers *self, PyObject *places, PyObject *whole) {
    Py_BEGIN_CRITICAL_SECTION(self);
    if (!self->whole) { /* else another thread was faster */
        self->places = Py_NewRef(places);
        self->whole = Py_NewRef(whole);
    }
    Py_END_CRITICAL_SECTION();
}

/* Evaluates all flags if all are plain and none was asked for. Gives false with an exception. */
static bool complete_at_once(Answers *self) {
    if (!is_new(self) || !may_walk(self)) {
        return true;
    }
    PyObject *together = together_of(self);
    if (together) {
        Py_ssize_t left = 0;
        PyObject *whole = walked(self, PyTuple_GET_ITEM(together, 1), PyTuple_GET_ITEM(together, 2),
                                 &left);
        if (whole && !left) {
            complete(self, PyTuple_GET_ITEM(together, 0), whole);
        }
        Py_XDECREF(whole);
        Py_DECREF(together);
    }
    return !PyErr_Occurred();
}

static PyObject *get_whole(PyObject *object, void *Py_UNUSED(none)) {
    Answers *self = (Answers *)object;
    PyObject *whole;
    Py_BEGIN_CRITICAL_SECTION(self);
    whole = Py_NewRef(self->whole ? self->whole : Py_None);
    Py_END_CRITICAL_SECTION();
    return whole;
}

PyDoc_STRVAR(values_doc, "values($self, /)\n--\n\n"
                         "Evaluate every flag; return the resolutions in order.");

static PyObject *answers_values(PyObject *object, PyObject *Py_UNUSED(none)) {
    Answers *self = (Answers *)object;
    if (!LOAD_ACQUIRE(self->whole) && !complete_at_once(self)) {
        return NULL;
    }
    PyObject *whole = get_whole(object, NULL);
    if (whole != Py_None) {
        return whole;
    }
    Py_DECREF(whole);
    return PyObject_CallMethod(object, "_all", NULL);
}

PyDoc_STRVAR(complete_doc, "_complete($self, places, answers, /)\n--\n\n"
                           "Keep a tuple of all answers, and a dict of each key's place in it.");

static PyObject *answers_complete(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    if (count != 2 || !PyDict_CheckExact(args[0]) || !PyTuple_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "_complete takes a dict and a tuple");
        return NULL;
    }
    complete((Answers *)object, args[0], args[1]);
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the object */

static Answers *answers_alloc(PyTypeObject *type, const Names *names, PyObject *const *arguments) {
    Answers *self = (Answers *)type->tp_alloc(type, 0);
    if (self) {
        self->names = names;
        for (int i = 0; i < PARAMETERS; i++) {
            self->arguments[i] = Py_XNewRef(arguments[i]);
        }
    }
    return self;
}

PyObject *answers_open(PyTypeObject *type, const Question *question) {
    PyObject *kept[PARAMETERS], *overrides = question->arguments[OVERRIDES];
    memcpy(kept, question->arguments, sizeof kept);
    if (overrides && !(kept[OVERRIDES] = PyDict_Copy(overrides))) { /* read at the call */
        return NULL;
    }
    Answers *self = answers_alloc(type, question->names, kept);
    if (self) {
        self->ask = Py_NewRef(question->ask);
        self->table = Py_XNewRef(question->table);
    }
    if (overrides) {
        Py_DECREF(kept[OVERRIDES]);
    }
    return (PyObject *)self;
}

static PyObject *answers_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"snapshot", "distinct_id", "props", "options", NULL};
    PyObject *arguments[PARAMETERS] = {NULL}, *options;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOO!:Answers", names, &arguments[FLAG_DEFS],
                                     &arguments[DISTINCT_ID], &arguments[PROPS], &PyDict_Type,
                                     &options)) {
        return NULL;
    }
    const ModuleState *state = state_of_type(type);
    Answers *self = state ? answers_alloc(type, &state->names, arguments) : NULL;
    if (self) {
        self->options = Py_NewRef(options);
    }
    return (PyObject *)self;
}

static int answers_traverse(PyObject *object, visitproc visit, void *arg) {
    const Answers *self = (Answers *)object;
    Py_VISIT(Py_TYPE(object));
    for (int i = 0; i < PARAMETERS; i++) {
        Py_VISIT(self->arguments[i]);
    }
    Py_VISIT(self->options);
    Py_VISIT(self->key);
    Py_VISIT(self->answer);
    Py_VISIT(self->known);
    Py_VISIT(self->places);
    Py_VISIT(self->whole);
    Py_VISIT(self->ask);
    Py_VISIT(self->table);
    return 0;
}

static int answers_clear(PyObject *object) {
    Answers *self = (Answers *)object;
    for (int i = 0; i < PARAMETERS; i++) {
        Py_CLEAR(self->arguments[i]);
    }
    Py_CLEAR(self->options);
    Py_CLEAR(self->key);
    Py_CLEAR(self->answer);
    Py_CLEAR(self->known);
    Py_CLEAR(self->places);
    Py_CLEAR(self->whole);
    Py_CLEAR(self->ask);
    Py_CLEAR(self->table);
    return 0;
}

static void answers_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    answers_clear(object);
    type->tp_free(object);
    Py_DECREF(type);
}

/* ---------------------------------------------------------------- what the subclass reads */

static PyObject *get_argument(PyObject *object, void *parameter) {
    PyObject *argument = ((Answers *)object)->arguments[(intptr_t)parameter];
    return Py_NewRef(argument ? argument : Py_None);
}

/* Gives the options as a dict of the keyword arguments. */
static PyObject *get_options(PyObject *object, void *Py_UNUSED(none)) {
    const Answers *self = (Answers *)object;
    if (self->options) {
        return Py_NewRef(self->options);
    }
    PyObject *options = PyDict_New();
    for (int i = GROUPS; options && i < PARAMETERS; i++) {
        if (self->arguments[i] &&
            PyDict_SetItem(options, self->names->parameters[i], self->arguments[i])) {
            Py_CLEAR(options);
        }
    }
    return options;
}

static PyObject *get_known(PyObject *object, void *Py_UNUSED(none)) {
    Answers *self = (Answers *)object;
    PyObject *known;
    Py_BEGIN_CRITICAL_SECTION(self);
    known = self->known ? Py_NewRef(self->known) : PyDict_New();
    if (known && !self->known && self->key && PyDict_SetItem(known, self->key, self->answer)) {
        Py_CLEAR(known);
    }
    Py_END_CRITICAL_SECTION();
    return known;
}

static PyGetSetDef answers_getset[] = {
    {"_snapshot", get_argument, NULL, NULL, (void *)FLAG_DEFS},
    {"_distinct_id", get_argument, NULL, NULL, (void *)DISTINCT_ID},
    {"_props", get_argument, NULL, NULL, (void *)PROPS},
    {"_options", get_options, NULL, NULL, NULL},
    {"_known", get_known, NULL, NULL, NULL},
    {"_whole", get_whole, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef answers_methods[] = {
    {"get", FUNCTION(answers_get), METH_FASTCALL, get_doc},
    {"values", answers_values, METH_NOARGS, values_doc},
    {"_complete", FUNCTION(answers_complete), METH_FASTCALL, complete_doc},
    {"_walk", FUNCTION(answers_walk), METH_FASTCALL, walk_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(answers_doc,
             "Answers(snapshot, distinct_id, props, options)\n--\n\n"
             "The arguments of a call of `evaluate`, and the answers that are known so far.");

static PyType_Slot answers_slots[] = {
    {Py_tp_new, answers_new},
    {Py_tp_dealloc, answers_dealloc},
    {Py_tp_traverse, answers_traverse},
    {Py_tp_clear, answers_clear},
    {Py_mp_subscript, answers_item},
    {Py_tp_getset, answers_getset},
    {Py_tp_methods, answers_methods},
    {Py_tp_doc, (void *)answers_doc},
    {0, NULL},
};

PyType_Spec answers_spec = {
    .name = "flagengine.native._accelerator.Answers",
    .basicsize = sizeof(Answers),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_BASETYPE,
    .slots = answers_slots,
};
