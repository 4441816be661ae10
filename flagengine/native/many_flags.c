/* The answers of many flags for one person: the flags walk together, so that their hashes are
 * computed together.
 *
 * This file must not know what a walk decides.
 */

#include "many_flags.h"

#include "hasher.h"

#define TOGETHER 32 /* walks that fit on the stack, and keep all lanes of a hash busy */

typedef struct {
    Walk walks[TOGETHER]; /* each needs a hash */
    PyObject **answers[TOGETHER];
    size_t count;
} Flock;

/* Moves a walk to its next hash and keeps it, or sets its answer. Gives false with an exception. */
static bool move(Flock *flock, const Walk *walk, State state, PyObject **answer) {
    if (state == ENDED) {
        *answer = walk->answer;
    }
    if (state == HASH) {
        if (walk != &flock->walks[flock->count]) {
            flock->walks[flock->count] = *walk;
        }
        flock->answers[flock->count++] = answer;
    }
    return state != RAISED;
}

/* Hashes what each walk needs; sets the states of `walk_hash`. */
static void hash_all(Flock *flock, const Person *person, State states[TOGETHER]) {
    uint8_t blocks[TOGETHER][BLOCK];
    const uint8_t *messages[TOGETHER];
    size_t walks[TOGETHER], count = 0;
    for (size_t i = 0; i < flock->count; i++) {
        Walk *walk = &flock->walks[i];
        states[i] = HASH;
        if (!walk->group && hasher_block(walk->hasher, person->id, blocks[count])) {
            messages[count] = blocks[count];
            walks[count++] = i;
        } else {
            states[i] = walk_hash(walk, person);
        }
    }
    uint64_t numbers[TOGETHER];
    sha1_in_use()->finish_many(sha1_initial, messages, 1, count, numbers);
    for (size_t i = 0; i < count; i++) {
        Walk *walk = &flock->walks[walks[i]];
        walk->position = hasher_place(walk->hasher, numbers[i]);
    }
}

static bool walk_all(PyObject *evaluators, const Person *person, PyObject **answers) {
    Py_ssize_t i = 0, total = PyTuple_GET_SIZE(evaluators);
    PyTypeObject *plain = NULL; /* the type, once it is known */
    Flock flock;
    flock.count = 0;
    while (flock.count || i < total) {
        for (; i < total && flock.count < TOGETHER; i++) {
            PyObject *evaluator = PyTuple_GET_ITEM(evaluators, i);
            Walk *walk = &flock.walks[flock.count];
            if (Py_TYPE(evaluator) != plain) {
                if (!is_plain_flag(evaluator)) {
                    continue;
                }
                plain = Py_TYPE(evaluator);
            }
            walk_open(walk, evaluator, person);
            if (!move(&flock, walk, walk_on(walk, person), &answers[i])) {
                return false;
            }
        }
        State states[TOGETHER];
        hash_all(&flock, person, states);
        size_t count = flock.count;
        flock.count = 0;
        for (size_t j = 0; j < count; j++) {
            Walk *walk = &flock.walks[j];
            State state = states[j] == HASH ? walk_on(walk, person) : states[j];
            if (!move(&flock, walk, state, flock.answers[j])) {
                return false;
            }
        }
    }
    return true;
}

bool answer_many(PyObject *evaluators, const Person *person, PyObject **answers) {
    Memory memory;
    memset(&memory, 0, sizeof memory);
    Person remembered = *person;
    remembered.memory = &memory;
    bool fine = walk_all(evaluators, &remembered, answers);
    memory_close(&memory);
    return fine;
}
