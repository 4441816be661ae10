/* Tests of one text property in C; `flagengine/compiled/text_tests.py` gives them to generated code.
 *
 * `TextTest.test(props)` answers only the common case: the properties are an exact dict, and the
 * property's value is ASCII text of at most 256 characters. In all other cases it gives None, and
 * the caller asks the Python test. A test folds A to Z to a to z while it compares, and copies
 * nothing.
 *
 * This file must not render values or know operators. A TextTest never changes; threads share it.
 */

#include "text_test.h"

#define FEW 8 /* equality with more operands uses a table */

#define ONES UINT64_C(0x0101010101010101)
#define TOPS UINT64_C(0x8080808080808080)
#define SPREAD UINT64_C(0x9E3779B97F4A7C15)

/* ---------------------------------------------------------------- words of ASCII */

INLINE uint32_t read_le32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

INLINE uint64_t read_le64(const uint8_t *p) {
    return (uint64_t)read_le32(p + 4) << 32 | read_le32(p);
}

/* Gives text of fewer than 8 characters as a word; different texts of the same length differ. */
INLINE uint64_t read_short(const uint8_t *text, size_t n) {
    if (n >= 4) {
        return (uint64_t)read_le32(text + n - 4) << 32 | read_le32(text);
    }
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word = word << 8 | text[i];
    }
    return word;
}

/* Folds A to Z to a to z. ASCII has no top bits, so no sum carries into the next character. */
INLINE uint64_t fold(uint64_t word) {
    uint64_t from_a = word + ONES * (0x80 - 'A');
    uint64_t past_z = word + ONES * (0x80 - 'Z' - 1);
    return word | (from_a & ~past_z & TOPS) >> 2;
}

/* Gives the top bit of each character that is zero. */
INLINE uint64_t zeros(uint64_t word) { return ~(word + ONES * 0x7F) & TOPS; }

INLINE size_t lowest(uint64_t tops) {
#if defined(__GNUC__) || defined(__clang__)
    return (size_t)__builtin_ctzll(tops) / 8;
#else
    size_t i = 0;
    while (!(tops >> (8 * i) & 0x80)) {
        i++;
    }
    return i;
#endif
}

/* Tells whether the first `n` characters, folded, equal those of an already folded text. */
INLINE bool same(const uint8_t *value, const uint8_t *folded, size_t n) {
    if (n < 8) {
        return fold(read_short(value, n)) == read_short(folded, n);
    }
    size_t last = n - 8;
    for (size_t i = 0; i < last; i += 8) {
        if (fold(read_le64(value + i)) != read_le64(folded + i)) {
            return false;
        }
    }
    return fold(read_le64(value + last)) == read_le64(folded + last);
}

INLINE uint64_t read_end(const uint8_t *text, size_t n) {
    return n < 8 ? read_short(text, n) : read_le64(text + n - 8);
}

INLINE uint64_t hash(const uint8_t *text, size_t n) {
    uint64_t number = n;
    for (size_t i = 0; i + 8 < n; i += 8) {
        number = (number ^ fold(read_le64(text + i))) * SPREAD;
        number ^= number >> 32;
    }
    number = (number ^ fold(read_end(text, n))) * SPREAD;
    return number ^ number >> 32;
}

/* ---------------------------------------------------------------- the four kinds */

struct Operand {
    const uint8_t *text; /* NULL: a free place in the table */
    size_t n;
    uint64_t end; /* the last 8 characters; texts of fewer characters that differ, differ here */
};

static bool equals(const Operands *operands, const uint8_t *value, size_t n) {
    uint64_t end = fold(read_end(value, n));
    for (size_t i = 0; i < operands->size; i++) {
        const Operand *operand = &operands->places[i];
        if (operand->end == end && operand->n == n && (n < 8 || same(value, operand->text, n))) {
            return true;
        }
    }
    return false;
}

/* Gives the place of an equal operand, else a free place. */
INLINE Operand *find(const Operands *table, const uint8_t *value, size_t n) {
    size_t i = (size_t)hash(value, n);
    for (;; i++) {
        Operand *place = &table->places[i & (table->size - 1)];
        if (!place->text || (place->n == n && same(value, place->text, n))) {
            return place;
        }
    }
}

static bool equals_in_table(const Operands *table, const uint8_t *value, size_t n) {
    return find(table, value, n)->text != NULL;
}

static bool starts_with(const Operands *operands, const uint8_t *value, size_t n) {
    for (size_t i = 0; i < operands->size; i++) {
        const Operand *operand = &operands->places[i];
        if (operand->n <= n && same(value, operand->text, operand->n)) {
            return true;
        }
    }
    return false;
}

static bool ends_with(const Operands *operands, const uint8_t *value, size_t n) {
    for (size_t i = 0; i < operands->size; i++) {
        const Operand *operand = &operands->places[i];
        if (operand->n <= n && same(value + (n - operand->n), operand->text, operand->n)) {
            return true;
        }
    }
    return false;
}

/* Tells whether the needle starts at one of the 8 characters from `value` on. */
INLINE bool starts_within_8(const uint8_t *value, const Operand *needle) {
    size_t last = needle->n - 1;
    uint64_t first_differs = fold(read_le64(value)) ^ ONES * needle->text[0];
    uint64_t last_differs = fold(read_le64(value + last)) ^ ONES * needle->text[last];
    uint64_t hits = zeros(first_differs | last_differs);
    for (; hits; hits &= hits - 1) {
        if (same(value + lowest(hits), needle->text, needle->n)) {
            return true;
        }
    }
    return false;
}

static bool is_within(const Operand *needle, const uint8_t *value, size_t n) {
    if (needle->n == 0 || needle->n > n) {
        return needle->n == 0;
    }
    size_t starts = n - needle->n + 1, i = 0;
    for (; i + 8 <= starts; i += 8) {
        if (starts_within_8(value + i, needle)) {
            return true;
        }
    }
    if (starts >= 8) {
        return i < starts && starts_within_8(value + starts - 8, needle);
    }
    for (; i < starts; i++) {
        if (same(value + i, needle->text, needle->n)) {
            return true;
        }
    }
    return false;
}

static bool contains(const Operands *operands, const uint8_t *value, size_t n) {
    for (size_t i = 0; i < operands->size; i++) {
        if (is_within(&operands->places[i], value, n)) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    Matches *matches, *matches_many;
} KINDS[] = {
    {"equals", equals, equals_in_table},
    {"contains", contains, NULL},
    {"starts_with", starts_with, NULL},
    {"ends_with", ends_with, NULL},
};

/* ---------------------------------------------------------------- TextTest.test() */

PyDoc_STRVAR(test_doc, "test($self, props, /)\n--\n\n"
                       "Tell whether the property matches; None if only the Python test can tell.");

static PyObject *test(PyObject *object, PyObject *props) {
    PyObject *value;
    Outcome outcome = UNCOMMON;
    if (PyDict_CheckExact(props)) {
        outcome = find_item(props, ((TextTest *)object)->key, &value);
    }
    if (outcome == YES) {
        outcome = text_test_outcome(object, value);
        Py_DECREF(value);
    }
    if (outcome == FAILED) {
        return NULL;
    }
    return Py_NewRef(outcome == YES ? Py_True : outcome == NO ? Py_False : Py_None);
}

/* ---------------------------------------------------------------- construction */

static bool read_kind(TextTest *self, PyObject *kind, bool many) {
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (PyUnicode_CompareWithASCIIString(kind, KINDS[i].name) == 0) {
            bool tabled = many && KINDS[i].matches_many;
            self->matches = tabled ? KINDS[i].matches_many : KINDS[i].matches;
            return true;
        }
    }
    PyErr_Format(PyExc_ValueError,
                 "kind must be 'equals', 'contains', 'starts_with' or 'ends_with', not %R", kind);
    return false;
}

/* Other operands cannot match: the tested text is ASCII and at most LONGEST characters long. */
static bool may_match(PyObject *operand) {
    return PyUnicode_IS_ASCII(operand) && PyUnicode_GET_LENGTH(operand) <= LONGEST;
}

/* Counts the operands that may match, and their characters. */
static bool count_operands(PyObject *operands, size_t *count, size_t *characters) {
    *count = *characters = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operands); i++) {
        PyObject *operand = PyTuple_GET_ITEM(operands, i);
        if (!is_text(operand)) {
            if (!PyErr_Occurred()) {
                PyErr_Format(PyExc_TypeError, "operands must be str, not %.200s",
                             Py_TYPE(operand)->tp_name);
            }
            return false;
        }
        if (may_match(operand)) {
            *count += 1;
            *characters += (size_t)PyUnicode_GET_LENGTH(operand);
        }
    }
    return true;
}

static void put_operands(TextTest *self, PyObject *operands) {
    Operand *next = self->operands.places;
    uint8_t *text = self->texts;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operands); i++) {
        PyObject *operand = PyTuple_GET_ITEM(operands, i);
        if (!may_match(operand)) {
            continue;
        }
        Operand put = {text, (size_t)PyUnicode_GET_LENGTH(operand), 0};
        memcpy(text, PyUnicode_DATA(operand), put.n);
        put.end = read_end(text, put.n);
        text += put.n;
        if (self->matches == equals_in_table) {
            *find(&self->operands, put.text, put.n) = put;
        } else {
            *next++ = put;
        }
    }
}

static bool read_operands(TextTest *self, PyObject *kind, PyObject *operands) {
    size_t count, characters;
    if (!count_operands(operands, &count, &characters) || !read_kind(self, kind, count > FEW)) {
        return false;
    }
    self->operands.size = count;
    if (self->matches == equals_in_table) {
        /* At least half of the places stay free. */
        for (self->operands.size = 2 * FEW; self->operands.size < 2 * count;) {
            self->operands.size *= 2;
        }
    }
    self->operands.places = PyMem_Calloc(self->operands.size + 1, sizeof(Operand));
    self->texts = PyMem_Malloc(characters + 1);
    if (!self->operands.places || !self->texts) {
        PyErr_NoMemory();
        return false;
    }
    put_operands(self, operands);
    return true;
}

static bool read_key(TextTest *self, PyObject *key) {
    self->key = PyUnicode_FromObject(key); /* a subclass becomes its text */
    if (self->key) {
        PyUnicode_InternInPlace(&self->key);
    }
    return self->key != NULL;
}

static PyObject *text_test_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"key", "kind", "operands", "negated", NULL};
    PyObject *key, *kind, *operands;
    int negated;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UUO!p:TextTest", names, &key, &kind,
                                     &PyTuple_Type, &operands, &negated)) {
        return NULL;
    }
    TextTest *self = (TextTest *)type->tp_alloc(type, 0);
    if (!self) {
        return NULL;
    }
    self->negated = negated;
    if (!read_key(self, key) || !read_operands(self, kind, operands)) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

bool is_text_test(PyObject *object) {
    return Py_TYPE(object)->tp_new == text_test_new;
}

static void text_test_dealloc(PyObject *object) {
    TextTest *self = (TextTest *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_XDECREF(self->key);
    PyMem_Free(self->operands.places);
    PyMem_Free(self->texts);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef text_test_methods[] = {
    {"test", test, METH_O, test_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(text_test_doc,
             "TextTest(key, kind, operands, negated)\n--\n\n"
             "A test whether a text property equals, contains, starts or ends with an operand.\n\n"
             "The operands must be lower-case; the test folds A to Z of the property.");

static PyType_Slot text_test_slots[] = {
    {Py_tp_new, text_test_new},
    {Py_tp_dealloc, text_test_dealloc},
    {Py_tp_methods, text_test_methods},
    {Py_tp_doc, (void *)text_test_doc},
    {0, NULL},
};

PyType_Spec text_test_spec = {
    .name = "flagengine.native._accelerator.TextTest",
    .basicsize = sizeof(TextTest),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = text_test_slots,
};
