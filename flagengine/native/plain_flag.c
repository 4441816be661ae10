/* A flag whose conditions are tests of text and numbers and a share of persons or groups, in C.
 *
 * `PlainFlag(conditions, nothing, otherwise)` is called like a generated function, with
 * `(distinct_id, props, subject=None)`. It answers the common case: the id is a non-empty exact str,
 * the properties are an exact dict, and every test that the walk reaches reads an exact number, or
 * text that its TextTest can answer. In all other cases the whole call goes to `otherwise`, the
 * generated function. So does the first call whose answer depends on properties or groups that the
 * call lacks; the flag remembers the answer by the trace of the walk.
 *
 * This file must not know reasons, payloads, or what a missing property means: its answers are
 * objects that it was given.
 */

#include "plain_flag.h"

#include "conditions.h"
#include "hasher.h"

#define MOST_REMEMBERED 256

/* ---------------------------------------------------------------- the walk */

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Condition *conditions;
    Py_ssize_t count;
    PyObject *nothing;
    PyObject *otherwise;
    PyObject *remembered; /* a dict of answers by trace, NULL until there is one */
} PlainFlag;

enum { TESTS, ROLLOUT, DRAW }; /* a walk begins with 0 */

static State state_of(Outcome outcome) { return outcome == FAILED ? RAISED : OTHERWISE; }

/* Asks for the answer of a place that is still empty. The first to fill the place wins. */
static PyObject *made(const PlainFlag *self, PyObject **place) {
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

/* Ends with the answer of this place if it is common, else with what the flag remembers. */
static State ended(Walk *walk, PyObject **place) {
    const PlainFlag *self = (PlainFlag *)walk->flag;
    if (walk->is_common) {
        PyObject *answer = LOAD_ACQUIRE(*place);
        walk->answer = answer ? Py_NewRef(answer) : made(self, place);
        return walk->answer ? ENDED : RAISED;
    }
    if (walk->trace.size > LONGEST_TRACE) {
        return OTHERWISE;
    }
    PyObject *trace = PyBytes_FromStringAndSize((const char *)walk->trace.notes,
                                                (Py_ssize_t)walk->trace.size);
    PyObject *remembered = LOAD_ACQUIRE(self->remembered);
    Outcome found = !trace       ? FAILED
                    : remembered ? find_item(remembered, trace, &walk->answer)
                                 : LACKING;
    Py_XDECREF(trace);
    return found == YES ? ENDED : found == LACKING ? UNSEEN : RAISED;
}

INLINE State matched(Walk *walk, PyObject **place) {
    if (!walk->is_common) { /* else nobody reads the trace */
        trace_note(&walk->trace, MATCHES);
        trace_position(&walk->trace, walk->position);
    }
    return ended(walk, place);
}

static State lost_all(Walk *walk) {
    PlainFlag *self = (PlainFlag *)walk->flag;
    trace_note(&walk->trace, ENDS);
    return ended(walk, walk->out < 0 ? &self->nothing : &self->conditions[walk->out].out);
}

INLINE void next_condition(Walk *walk) {
    walk->condition++;
    walk->stage = TESTS;
}

/* Gives YES if the subject is the person, or a group that the call has. */
INLINE Outcome subject_known(const Condition *condition, const Person *person) {
    PyObject *key;
    if (!condition->group) {
        return YES;
    }
    Outcome found = person_group(person, condition->group, &key);
    if (found == YES) {
        Py_DECREF(key);
    }
    return found == LACKING && !person->is_whole ? UNCOMMON : found;
}

/* Gives YES if the walk goes on in this condition. */
static Outcome begins(Walk *walk, const Condition *condition, const Person *person) {
    Outcome known = subject_known(condition, person);
    if (known != YES) {
        trace_note(&walk->trace, SKIPPED);
        walk->is_common = false;
        return known;
    }
    size_t before = walk->trace.size;
    Outcome matches = test_outcome(&condition->test, person, &walk->trace);
    walk->in_doubt = matches == LACKING;
    if (walk->in_doubt) {
        walk->is_common = false;
        trace_note(&walk->trace, IN_DOUBT);
        return YES;
    }
    walk->trace.size = before; /* the tests that led to a certain outcome change no answer */
    if (matches == NO) {
        trace_note(&walk->trace, LOST);
    }
    return matches;
}

INLINE State need(Walk *walk, const Condition *condition, PyObject *hasher) {
    walk->hasher = hasher;
    walk->group = condition->group;
    return HASH;
}

State walk_on(Walk *walk, const Person *person) {
    const PlainFlag *self = (PlainFlag *)walk->flag;
    while (walk->condition < self->count) {
        Condition *condition = &self->conditions[walk->condition];
        if (walk->stage == TESTS) {
            Outcome begun = begins(walk, condition, person);
            if (begun < 0) {
                return state_of(begun);
            }
            if (begun != YES) {
                next_condition(walk);
                continue;
            }
            walk->stage = ROLLOUT;
            walk->position = 0;
            if (condition->within) {
                return need(walk, condition, condition->within);
            }
        }
        if (walk->stage == ROLLOUT) {
            bool is_out = walk->position != 0;
            if (is_out && !walk->in_doubt) {
                trace_note(&walk->trace, OUT);
                walk->out = walk->condition;
                if (condition->stops) {
                    return ended(walk, &condition->out);
                }
                next_condition(walk);
                continue;
            }
            if (walk->in_doubt) {
                trace_note(&walk->trace, is_out);
            }
            walk->stage = DRAW;
            walk->position = 0;
            if (condition->draw) {
                return need(walk, condition, condition->draw);
            }
        }
        if (!walk->in_doubt) {
            return matched(walk, &condition->matches[walk->position]);
        }
        trace_position(&walk->trace, walk->position);
        next_condition(walk);
    }
    return lost_all(walk);
}

State walk_hash(Walk *walk, const Person *person) {
    PyObject *subject = NULL;
    Outcome found =
        walk->group ? person_group(person, walk->group, &subject) : (subject = person->id, YES);
    if (found != YES) {
        return found == FAILED ? RAISED : OTHERWISE; /* another thread took the group away */
    }
    walk->position = hasher_position(walk->hasher, subject);
    if (walk->group) {
        Py_DECREF(subject);
    }
    if (walk->position >= 0) {
        return HASH;
    }
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        return RAISED;
    }
    PyErr_Clear();
    return OTHERWISE;
}

static State walk_whole(Walk *walk, PyObject *flag, const Person *person) {
    walk_open(walk, flag, person);
    for (;;) {
        State state = walk_on(walk, person);
        if (state != HASH) {
            return state;
        }
        state = walk_hash(walk, person);
        if (state != HASH) {
            return state;
        }
    }
}

/* Gives the dict of what the flag remembers; NULL with an exception. */
static PyObject *memory_of(PlainFlag *self) {
    if (!LOAD_ACQUIRE(self->remembered)) {
        PyObject *made = PyDict_New();
        if (!made || !PUBLISH(self->remembered, made)) {
            Py_XDECREF(made);
        }
    }
    return LOAD_ACQUIRE(self->remembered);
}

static bool remember(const Walk *walk, PyObject *answer) {
    PyObject *remembered = memory_of((PlainFlag *)walk->flag);
    PyObject *trace = PyBytes_FromStringAndSize((const char *)walk->trace.notes,
                                                (Py_ssize_t)walk->trace.size);
    bool fine = remembered && trace;
    if (fine && PyDict_GET_SIZE(remembered) >= MOST_REMEMBERED) {
        PyDict_Clear(remembered);
    }
    fine = fine && !PyDict_SetItem(remembered, trace, answer);
    Py_XDECREF(trace);
    return fine;
}

/* Only a person whom no other code can change has certainly the answer of the walk. */
Outcome walk_learn(PyObject *flag, const Person *person, Ask *ask, const void *context,
                   PyObject **answer) {
    Person copy;
    if (!person_copy(&copy, person)) {
        return FAILED;
    }
    Walk walk;
    State state = walk_whole(&walk, flag, &copy);
    *answer = state == ENDED ? walk.answer : state == RAISED ? NULL : ask(context, &copy);
    if (state == UNSEEN && *answer && !remember(&walk, *answer)) {
        Py_CLEAR(*answer);
    }
    person_close(&copy);
    return *answer ? YES : FAILED;
}

Outcome walk_answer(PyObject *flag, const Person *person, Ask *ask, const void *context,
                    PyObject **answer) {
    Walk walk;
    State state = walk_whole(&walk, flag, person);
    if (state == UNSEEN) {
        return walk_learn(flag, person, ask, context, answer);
    }
    *answer = state == ENDED ? walk.answer : NULL;
    return state == ENDED ? YES : state == RAISED ? FAILED : UNCOMMON;
}

/* ---------------------------------------------------------------- the flag */

static PyObject *ask_otherwise(const void *context, const Person *person) {
    PyObject *args[] = {person->id, person->props};
    return PyObject_Vectorcall((PyObject *)context, args, 2, NULL);
}

static PyObject *plain_flag_call(PyObject *object, PyObject *const *args, size_t nargsf,
                                 PyObject *names) {
    const PlainFlag *self = (PlainFlag *)object;
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    if (!names && (count == 2 || count == 3) && is_common_id(args[0]) &&
        PyDict_CheckExact(args[1])) {
        bool is_whole = count == 2 || args[2] == Py_None;
        Person person = {.id = args[0], .props = args[1], .is_whole = is_whole};
        PyObject *answer = NULL;
        if (walk_answer(object, &person, ask_otherwise, self->otherwise, &answer) != UNCOMMON) {
            return answer;
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
    Py_VISIT(self->remembered);
    for (Py_ssize_t i = 0; i < self->count; i++) {
        const Condition *condition = &self->conditions[i];
        for (Py_ssize_t match = 0; match < condition->count; match++) {
            Py_VISIT(condition->matches[match]);
        }
        Py_VISIT(condition->out);
    }
    return 0;
}

/* Every reference cycle contains `otherwise` or an answer of its; without them the other members stay
 * usable. */
static int plain_flag_clear(PyObject *object) {
    PlainFlag *self = (PlainFlag *)object;
    if (self->remembered) {
        PyDict_Clear(self->remembered);
    }
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
    Py_XDECREF(self->remembered);
    type->tp_free(object);
    Py_DECREF(type);
}

bool is_plain_flag(PyObject *object) { return Py_TYPE(object)->tp_new == plain_flag_new; }

static PyMemberDef plain_flag_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(PlainFlag, call), Py_READONLY, NULL},
    {"otherwise", Py_T_OBJECT_EX, offsetof(PlainFlag, otherwise), Py_READONLY,
     "The function that answers all calls but the common case."},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(plain_flag_doc,
             "PlainFlag(conditions, nothing, otherwise)\n--\n\n"
             "A function of (distinct_id, props, subject=None).\n\n"
             "A condition is (test, within, draw, matches, out, stops, group=None). Where an answer\n"
             "is None, otherwise.answer(condition, match) makes it when it is first given; match\n"
             "is -1 for `out`, and both are -1 for `nothing`.");

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
