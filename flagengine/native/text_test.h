/* A TextTest, for the files that ask one. */

#ifndef FLAGENGINE_TEXT_TEST_H
#define FLAGENGINE_TEXT_TEST_H

#include "native.h"

#define LONGEST 256

typedef struct Operand Operand;

/* A list of operands, or a table with free places whose size is a power of two. */
typedef struct {
    Operand *places;
    size_t size;
} Operands;

typedef bool Matches(const Operands *, const uint8_t *value, size_t n);

typedef struct {
    PyObject_HEAD
    PyObject *key; /* an interned, exact str: most look-ups compare pointers only */
    Matches *matches;
    bool negated;
    Operands operands;
    uint8_t *texts; /* the texts of all operands, one after another */
} TextTest;

SHARED bool is_text_test(PyObject *object);

/* Gives YES, NO or UNCOMMON for a value of the property. */
INLINE Outcome text_test_outcome(PyObject *object, PyObject *value) {
    const TextTest *test = (TextTest *)object;
    if (!PyUnicode_CheckExact(value) || !PyUnicode_IS_COMPACT_ASCII(value) ||
        PyUnicode_GET_LENGTH(value) > LONGEST) {
        return UNCOMMON;
    }
    size_t n = (size_t)PyUnicode_GET_LENGTH(value);
    return test->matches(&test->operands, PyUnicode_1BYTE_DATA(value), n) != test->negated;
}

#endif
