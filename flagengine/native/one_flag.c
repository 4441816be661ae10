/* The answer of one flag, for the shortcuts of both calls.
 *
 * This file must not evaluate flags: plain flags do.
 */

#include "one_flag.h"

#include "flag_table.h"
#include "plain_flag.h"

Person person_of(PyObject *const *arguments) {
    return (Person){
        .id = arguments[DISTINCT_ID],
        .props = arguments[PROPS],
        .groups = arguments[GROUPS],
        .group_properties = arguments[GROUP_PROPERTIES],
        .is_whole = true,
        .is_complete = arguments[COMPLETE] != NULL,
    };
}

static PyObject *ask(const void *context, const Person *person) {
    const Question *question = context;
    PyObject *args[] = {
        question->arguments[FLAG_DEFS], question->key,  person->id,
        person->props,                  person->groups, person->group_properties,
        person->is_complete ? Py_True : Py_False,
    };
    return PyObject_Vectorcall(question->ask, args, 7, NULL);
}

Outcome answer_plain(const Question *question, PyObject *flag, PyObject **answer) {
    Person person = person_of(question->arguments);
    return is_common_id(person.id) ? walk_answer(flag, &person, ask, question, answer) : UNCOMMON;
}

static Outcome answer_any(const Question *question, PyObject *evaluator, PyObject **answer) {
    PyObject *const *arguments = question->arguments;
    PyObject *args[] = {arguments[DISTINCT_ID], arguments[PROPS] ? arguments[PROPS] : Py_None};
    *answer = PyObject_Vectorcall(evaluator, args, 2, NULL);
    return *answer ? YES : FAILED;
}

Outcome answer_one(const Question *question, bool shares_nothing, PyObject **answer) {
    PyObject *evaluator, *const *arguments = question->arguments;
    PyObject *snapshot = arguments[FLAG_DEFS], *overrides = arguments[OVERRIDES];
    Outcome found = LACKING;
    if (overrides) {
        found = find_forced(question->names, snapshot, overrides, question->key,
                            arguments[DISTINCT_ID], answer);
    }
    if (found != LACKING) {
        return found;
    }
    found = flag_table_find(question->table, question->key, &evaluator);
    if (found != YES) {
        return found == LACKING ? UNCOMMON : found;
    }
    if (is_plain_flag(evaluator)) {
        return answer_plain(question, evaluator, answer);
    }
    return shares_nothing && !have_options(arguments) ? answer_any(question, evaluator, answer) : UNCOMMON;
}
