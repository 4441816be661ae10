/* A flag whose conditions are tests of text and numbers and a share of persons, in C.
 *
 * `PlainFlag(conditions, nothing, otherwise)` is called like a generated function, with
 * `(distinct_id, props, subject=None)`. It answers the common case: the id is a non-empty exact str,
 * the properties are an exact dict, and every test that the walk reaches reads an exact number, or
 * text that its TextTest can answer. In all other cases the whole call goes to `otherwise`, the
 * generated function.
 *
 * This file must not know reasons, payloads, or what a missing property means: its answers are
 * objects that it was given.
 */

#include "hasher.h"
#include "text_test.h"

#include <math.h>

#define DEEPEST 256
#define LONGEST_UNREAD 200 /* hashing finds out whether an id of at most this length has UTF-8 */

/* ---------------------------------------------------------------- tests and their combinations */

typedef enum { TEXT, OVER, AT_LEAST, UNDER, AT_MOST, ALL, ANY, NOT } Kind;

typedef struct Node {
    Kind kind;
    uint32_t count; /* of parts */
    PyObject *test; /* the TextTest of TEXT; the key of a comparison */
    union {
        double bound; /* of a comparison */
        struct Node *parts;
    };
} Node;

/* Gives an exact int or float as binary64; NaN if only the Python test can answer. */
static double as_number(PyObject *value) {
    double number = NAN;
    if (PyFloat_CheckExact(value)) {
        number = PyFloat_AS_DOUBLE(value);
    } else if (PyLong_CheckExact(value)) {
        number = PyLong_AsDouble(value);
        if (PyErr_Occurred()) { /* too large */
            PyErr_Clear();
            return NAN;
        }
    }
    return isfinite(number) ? number : NAN;
}

static double read_number(PyObject *props, PyObject *key) {
#ifdef Py_GIL_DISABLED
    PyObject *value;
    if (PyDict_GetItemRef(props, key, &value) <= 0) {
        return NAN;
    }
    double number = as_number(value);
    Py_DECREF(value);
    return number;
#else
    PyObject *value = PyDict_GetItemWithError(props, key); /* borrowed */
    return value ? as_number(value) : NAN;
#endif
}

static Outcome compared(const Node *node, PyObject *props) {
    double number = read_number(props, node->test);
    if (PyErr_Occurred()) {
        /* Comparing with a key of an equal hash failed. Pass on only what stops the program. */
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return FAILED;
        }
        PyErr_Clear();
        return UNCOMMON;
    }
    if (isnan(number)) {
        return UNCOMMON;
    }
    switch (node->kind) {
    case OVER:
        return number > node->bound;
    case AT_LEAST:
        return number >= node->bound;
    case UNDER:
        return number < node->bound;
    default:
        return number <= node->bound;
    }
}

static Outcome node_outcome(const Node *node, PyObject *props) {
    if (node->kind == TEXT) {
        return text_test_outcome(node->test, props);
    }
    if (node->kind < ALL) {
        return compared(node, props);
    }
    if (node->kind == NOT) {
        Outcome inner = node_outcome(node->parts, props);
        return inner < 0 ? inner : !inner;
    }
    /* A later part may overrule a part without an answer: only Python code can decide. */
    Outcome decisive = node->kind == ANY;
    for (uint32_t i = 0; i < node->count; i++) {
        Outcome part = node_outcome(&node->parts[i], props);
        if (part != !decisive) {
            return part;
        }
    }
    return !decisive;
}

static void node_clear(Node *node) {
    Py_CLEAR(node->test);
    for (uint32_t i = 0; i < node->count; i++) {
        node_clear(&node->parts[i]);
    }
    if (node->kind >= ALL) {
        PyMem_Free(node->parts);
    }
    node->kind = TEXT;
    node->count = 0;
}

static const struct {
    const char *name;
    Kind kind;
} KINDS[] = {
    {"gt", OVER}, {"gte", AT_LEAST}, {"lt", UNDER}, {"lte", AT_MOST},
    {"all", ALL}, {"any", ANY},      {"not", NOT},
};

/* Reads the word that a tuple begins with; gives false if the tuple is of no kind. */
static bool read_kind(Node *node, PyObject *tuple) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    PyObject *word = count ? PyTuple_GET_ITEM(tuple, 0) : Py_None;
    for (size_t i = 0; PyUnicode_Check(word) && i < sizeof KINDS / sizeof *KINDS; i++) {
        if (PyUnicode_CompareWithASCIIString(word, KINDS[i].name) == 0) {
            node->kind = KINDS[i].kind;
            return node->kind < ALL ? count == 3 : node->kind != NOT || count == 2;
        }
    }
    return false;
}

static bool read_comparison(Node *node, PyObject *tuple) {
    PyObject *key = PyTuple_GET_ITEM(tuple, 1), *bound = PyTuple_GET_ITEM(tuple, 2);
    if (!PyUnicode_CheckExact(key) || !PyFloat_CheckExact(bound)) {
        PyErr_SetString(PyExc_TypeError, "a comparison has a str and a float");
        return false;
    }
    node->test = Py_NewRef(key);
    PyUnicode_InternInPlace(&node->test);
    node->bound = PyFloat_AS_DOUBLE(bound);
    return true;
}

static bool node_read(Node *node, PyObject *object, int depth) {
    if (is_text_test(object)) {
        node->kind = TEXT;
        node->test = Py_NewRef(object);
        return true;
    }
    if (depth > DEEPEST || !PyTuple_CheckExact(object) || !read_kind(node, object)) {
        PyErr_SetString(PyExc_TypeError, "a test is a TextTest, a comparison or a combination");
        return false;
    }
    if (node->kind < ALL) {
        return read_comparison(node, object);
    }
    Py_ssize_t count = PyTuple_GET_SIZE(object) - 1;
    node->parts = count < UINT32_MAX ? PyMem_Calloc((size_t)count, sizeof(Node)) : NULL;
    if (!node->parts) {
        PyErr_NoMemory();
        return false;
    }
    for (; node->count < count; node->count++) {
        if (!node_read(&node->parts[node->count], PyTuple_GET_ITEM(object, node->count + 1),
                       depth + 1)) {
            node_clear(&node->parts[node->count]);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- conditions */

/* An answer is NULL until it is first given. */
typedef struct {
    Node test;
    PyObject *within;   /* a Hasher; NULL: the rollout holds everyone */
    PyObject *draw;     /* a Hasher; NULL: there is only one match */
    PyObject **matches; /* the answers by the position drawn */
    Py_ssize_t count;   /* of matches */
    PyObject *out;      /* the answer if this is the last condition out of its rollout */
    int stops;          /* whether a subject out of the rollout ends the walk */
} Condition;

/* Gives the position that a hasher draws, UNCOMMON for an id without UTF-8, or FAILED. */
static Py_ssize_t drawn(PyObject *hasher, PyObject *subject) {
    Py_ssize_t position = hasher_position(hasher, subject);
    if (position < 0 && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        return UNCOMMON;
    }
    return position < 0 ? FAILED : position;
}

/* Sets `answer` to the place of the answer if the outcome is YES, and for some NO. */
static Outcome condition_answer(Condition *condition, PyObject *subject, PyObject *props,
                                PyObject ***answer) {
    Outcome matches = node_outcome(&condition->test, props);
    if (matches != YES) {
        return matches;
    }
    Py_ssize_t position = condition->within ? drawn(condition->within, subject) : 0;
    if (position != 0) {
        *answer = &condition->out;
        return position < 0 ? (Outcome)position : condition->stops ? YES : NO;
    }
    position = condition->draw ? drawn(condition->draw, subject) : 0;
    if (position < 0) {
        return (Outcome)position;
    }
    *answer = &condition->matches[position];
    return YES;
}

static void condition_clear(Condition *condition) {
    node_clear(&condition->test);
    Py_CLEAR(condition->within);
    Py_CLEAR(condition->draw);
    for (Py_ssize_t i = 0; i < condition->count; i++) {
        Py_CLEAR(condition->matches[i]);
    }
    PyMem_Free(condition->matches);
    condition->matches = NULL;
    condition->count = 0;
    Py_CLEAR(condition->out);
}

static PyObject *read_answer(PyObject *object) {
    return object == Py_None ? NULL : Py_NewRef(object);
}

static bool read_matches(Condition *condition, PyObject *tuple) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    condition->matches = PyMem_Calloc((size_t)count, sizeof(PyObject *));
    if (!condition->matches) {
        PyErr_NoMemory();
        return false;
    }
    for (; condition->count < count; condition->count++) {
        condition->matches[condition->count] =
            read_answer(PyTuple_GET_ITEM(tuple, condition->count));
    }
    return true;
}

static bool read_hasher(PyObject **place, PyObject *object, Py_ssize_t uppers) {
    if (object == Py_None) {
        return true;
    }
    if (!is_hasher(object) || hasher_count(object) != uppers) {
        PyErr_SetString(PyExc_TypeError, "within has one upper, draw one less than the matches");
        return false;
    }
    *place = Py_NewRef(object);
    return true;
}

static bool condition_read(Condition *condition, PyObject *object) {
    PyObject *test, *within, *draw, *matches, *out;
    if (!PyTuple_CheckExact(object)) {
        PyErr_SetString(PyExc_TypeError, "a condition is a tuple");
        return false;
    }
    if (!PyArg_ParseTuple(object, "OOOO!Op:condition", &test, &within, &draw, &PyTuple_Type,
                          &matches, &out, &condition->stops)) {
        return false;
    }
    Py_ssize_t others = PyTuple_GET_SIZE(matches) - 1;
    if (others < 0 || (draw == Py_None && others)) {
        PyErr_SetString(PyExc_ValueError, "without a draw there is exactly one match");
        return false;
    }
    condition->out = read_answer(out);
    return read_matches(condition, matches) && node_read(&condition->test, test, 0) &&
           read_hasher(&condition->within, within, 1) &&
           read_hasher(&condition->draw, draw, others);
}

/* ---------------------------------------------------------------- the flag */

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Condition *conditions;
    Py_ssize_t count;
    PyObject *nothing;
    PyObject *otherwise;
} PlainFlag;

/* Gives YES with the place of the answer, else UNCOMMON or FAILED. */
static Outcome walk(PlainFlag *self, PyObject *subject, PyObject *props, PyObject ***answer) {
    *answer = &self->nothing;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Outcome ends = condition_answer(&self->conditions[i], subject, props, answer);
        if (ends != NO) {
            return ends;
        }
    }
    return YES;
}

/* Asks for the answer of a place that is still empty. The first to fill the place wins. */
static PyObject *made(PlainFlag *self, PyObject **place) {
    Py_ssize_t index = -1, match = -1;
    for (Py_ssize_t i = 0; i < self->count && index < 0; i++) {
        const Condition *condition = &self->conditions[i];
        for (match = condition->count - 1; match >= 0 && place != &condition->matches[match];) {
            match--;
        }
        index = match >= 0 || place == &condition->out ? i : -1;
    }
    PyObject *answer = PyObject_CallMethod(self->otherwise, "answer", "nn", index, match);
    if (answer && !PUBLISH(*place, answer)) {
        Py_DECREF(answer);
        answer = LOAD_ACQUIRE(*place);
    }
    return Py_XNewRef(answer);
}

/* Only the beginning of a long id is hashed, but text without UTF-8 after it makes it unusable. */
INLINE bool is_common_id(PyObject *id) {
    if (!PyUnicode_CheckExact(id)) {
        return false;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(id);
    return n > 0 && (n <= LONGEST_UNREAD || PyUnicode_IS_ASCII(id));
}

static PyObject *plain_flag_call(PyObject *object, PyObject *const *args, size_t nargsf,
                                 PyObject *names) {
    PlainFlag *self = (PlainFlag *)object;
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    if (!names && (count == 2 || count == 3) && is_common_id(args[0]) &&
        PyDict_CheckExact(args[1])) {
        PyObject **place, *answer;
        Outcome outcome = walk(self, args[0], args[1], &place);
        if (outcome == YES) {
            answer = LOAD_ACQUIRE(*place);
            return answer ? Py_NewRef(answer) : made(self, place);
        }
        if (outcome == FAILED) {
            return NULL;
        }
    }
    return PyObject_Vectorcall(self->otherwise, args, nargsf, names);
}

static PyObject *plain_flag_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"conditions", "nothing", "otherwise", NULL};
    PyObject *conditions, *nothing, *otherwise;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!OO:PlainFlag", names, &PyTuple_Type,
                                     &conditions, &nothing, &otherwise)) {
        return NULL;
    }
    PlainFlag *self = (PlainFlag *)type->tp_alloc(type, 0);
    if (!self) {
        return NULL;
    }
    self->call = plain_flag_call;
    self->nothing = read_answer(nothing);
    self->otherwise = Py_NewRef(otherwise);
    Py_ssize_t count = PyTuple_GET_SIZE(conditions);
    self->conditions = PyMem_Calloc((size_t)count, sizeof(Condition));
    if (!self->conditions) {
        PyErr_NoMemory();
    }
    for (; self->conditions && self->count < count; self->count++) {
        Condition *condition = &self->conditions[self->count];
        if (!condition_read(condition, PyTuple_GET_ITEM(conditions, self->count))) {
            condition_clear(condition);
            break;
        }
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* Tests and hashers need no visit: no reference cycle contains them. */
static int plain_flag_traverse(PyObject *object, visitproc visit, void *arg) {
    const PlainFlag *self = (PlainFlag *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->nothing);
    Py_VISIT(self->otherwise);
    for (Py_ssize_t i = 0; i < self->count; i++) {
        const Condition *condition = &self->conditions[i];
        for (Py_ssize_t match = 0; match < condition->count; match++) {
            Py_VISIT(condition->matches[match]);
        }
        Py_VISIT(condition->out);
    }
    return 0;
}

/* Every reference cycle contains `otherwise`; without it the other members stay usable. */
static int plain_flag_clear(PyObject *object) {
    PlainFlag *self = (PlainFlag *)object;
    PyObject *otherwise = self->otherwise;
    self->otherwise = Py_NewRef(Py_None);
    Py_XDECREF(otherwise);
    return 0;
}

static void plain_flag_dealloc(PyObject *object) {
    PlainFlag *self = (PlainFlag *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    for (Py_ssize_t i = 0; i < self->count; i++) {
        condition_clear(&self->conditions[i]);
    }
    PyMem_Free(self->conditions);
    Py_XDECREF(self->nothing);
    Py_XDECREF(self->otherwise);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMemberDef plain_flag_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(PlainFlag, call), Py_READONLY, NULL},
    {"otherwise", Py_T_OBJECT_EX, offsetof(PlainFlag, otherwise), Py_READONLY,
     "The function that answers all calls but the common case."},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(plain_flag_doc,
             "PlainFlag(conditions, nothing, otherwise)\n--\n\n"
             "A function of (distinct_id, props, subject=None).\n\n"
             "A condition is (test, within, draw, matches, out, stops). Where an answer is None,\n"
             "otherwise.answer(condition, match) makes it when it is first given; match is -1 for\n"
             "`out`, and both are -1 for `nothing`.");

static PyType_Slot plain_flag_slots[] = {
    {Py_tp_new, plain_flag_new},
    {Py_tp_dealloc, plain_flag_dealloc},
    {Py_tp_traverse, plain_flag_traverse},
    {Py_tp_clear, plain_flag_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, plain_flag_members},
    {Py_tp_doc, (void *)plain_flag_doc},
    {0, NULL},
};

PyType_Spec plain_flag_spec = {
    .name = "flagengine.native._accelerator.PlainFlag",
    .basicsize = sizeof(PlainFlag),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = plain_flag_slots,
};
