/* The floor under W1: what its two look-ups, list test, substring test and SHA-1 cost when nothing
 * else is done; and a column of ids hashed in a single stream. Hard-wired to the one flag it is
 * configured with; no evaluator, only a yardstick.
 *
 * Needs SHA-NI. One block only: flag key, dot and id must fit into 55 bytes.
 */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, ONE_BLOCK_TEXT = 55, OPTIONS = 3 };

static struct {
    PyObject *country, *email; /* the property names, interned: a look-up compares pointers */
    PyObject *options[OPTIONS];
    PyObject *needle;
    uint8_t block[BLOCK]; /* starts with "flag-key." */
    Py_ssize_t prefix;
    uint64_t bound; /* 60-bit bucket numbers up to here are in */
} flag;

#define EXPAND(i)                                                                                 \
    w[(i) & 3] = _mm_sha1msg2_epu32(                                                              \
        _mm_xor_si128(_mm_sha1msg1_epu32(w[(i) & 3], w[((i) + 1) & 3]), w[((i) + 2) & 3]),        \
        w[((i) + 3) & 3])

#define FOUR_ROUNDS(i)                                                                            \
    do {                                                                                          \
        if ((i) >= 4) EXPAND(i);                                                                  \
        __m128i input = (i) == 0 ? _mm_add_epi32(e, w[0]) : _mm_sha1nexte_epu32(e, w[(i) & 3]);   \
        e = abcd;                                                                                 \
        abcd = _mm_sha1rnds4_epu32(abcd, input, (i) / 5);                                         \
    } while (0)

/* The first 60 bits of the SHA-1 of one padded block. */
static inline uint64_t bucket(const uint8_t *block)
{
    const __m128i order = _mm_set_epi64x(0x0001020304050607LL, 0x08090a0b0c0d0e0fLL);
    const __m128i start = _mm_set_epi32(0x67452301, (int)0xefcdab89, (int)0x98badcfe, 0x10325476);
    __m128i w[4], abcd = start, e = _mm_set_epi32((int)0xc3d2e1f0, 0, 0, 0);
    for (int i = 0; i < 4; i++) {
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), order);
    }
    FOUR_ROUNDS(0);  FOUR_ROUNDS(1);  FOUR_ROUNDS(2);  FOUR_ROUNDS(3);  FOUR_ROUNDS(4);
    FOUR_ROUNDS(5);  FOUR_ROUNDS(6);  FOUR_ROUNDS(7);  FOUR_ROUNDS(8);  FOUR_ROUNDS(9);
    FOUR_ROUNDS(10); FOUR_ROUNDS(11); FOUR_ROUNDS(12); FOUR_ROUNDS(13); FOUR_ROUNDS(14);
    FOUR_ROUNDS(15); FOUR_ROUNDS(16); FOUR_ROUNDS(17); FOUR_ROUNDS(18); FOUR_ROUNDS(19);
    abcd = _mm_add_epi32(abcd, start);
    uint64_t a = (uint32_t)_mm_extract_epi32(abcd, 3), b = (uint32_t)_mm_extract_epi32(abcd, 2);
    return (a << 32 | b) >> 4;
}

static int in_rollout(PyObject *id)
{
    uint8_t block[BLOCK];
    Py_ssize_t size = PyUnicode_GET_LENGTH(id), end = flag.prefix + size;
    if (end > ONE_BLOCK_TEXT) {
        PyErr_SetString(PyExc_ValueError, "flag key and id must fit into one block");
        return -1;
    }
    memcpy(block, flag.block, BLOCK);
    memcpy(block + flag.prefix, PyUnicode_DATA(id), (size_t)size);
    block[end] = 0x80;
    block[BLOCK - 2] = (uint8_t)(end * 8 >> 8);
    block[BLOCK - 1] = (uint8_t)(end * 8);
    return bucket(block) <= flag.bound;
}

static int same(PyObject *a, PyObject *b)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(a);
    return size == PyUnicode_GET_LENGTH(b)
           && memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), (size_t)size) == 0;
}

static int is_option(PyObject *country)
{
    for (int i = 0; i < OPTIONS; i++) {
        if (same(country, flag.options[i])) return 1;
    }
    return 0;
}

static int contains(PyObject *text, PyObject *needle)
{
    return memmem(PyUnicode_DATA(text), (size_t)PyUnicode_GET_LENGTH(text),
                  PyUnicode_DATA(needle), (size_t)PyUnicode_GET_LENGTH(needle)) != NULL;
}

static int is_ascii(PyObject *value)
{
    return value != NULL && PyUnicode_CheckExact(value) && PyUnicode_IS_COMPACT_ASCII(value);
}

static PyObject *evaluate(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !is_ascii(args[0]) || !PyDict_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "expected an ASCII id and a dict");
        return NULL;
    }
    PyObject *country = PyDict_GetItemWithError(args[1], flag.country);
    PyObject *email = PyDict_GetItemWithError(args[1], flag.email);
    if (!is_ascii(country) || !is_ascii(email)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "expected ASCII properties");
        return NULL;
    }
    if (!is_option(country) || !contains(email, flag.needle)) Py_RETURN_FALSE;
    int in = in_rollout(args[0]);
    return in < 0 ? NULL : PyBool_FromLong(in);
}

/* hash_column(prefix, offsets, data, numbers): the numbers of prefix + text, one after another. */
static PyObject *hash_column(PyObject *module, PyObject *args)
{
    (void)module;
    Py_buffer prefix, offsets, data, numbers;
    if (!PyArg_ParseTuple(args, "y*y*y*w*", &prefix, &offsets, &data, &numbers)) return NULL;
    const int32_t *ends = offsets.buf;
    uint64_t *out = numbers.buf;
    Py_ssize_t rows = offsets.len / 4 - 1, row = 0;
    int fits = rows * 8 <= numbers.len;
    for (; fits && row < rows; row++) {
        uint8_t block[BLOCK] = {0};
        Py_ssize_t size = ends[row + 1] - ends[row], end = prefix.len + size;
        if (size < 0 || end > ONE_BLOCK_TEXT || ends[row] < 0 || ends[row + 1] > data.len) break;
        memcpy(block, prefix.buf, (size_t)prefix.len);
        memcpy(block + prefix.len, (const char *)data.buf + ends[row], (size_t)size);
        block[end] = 0x80;
        block[BLOCK - 2] = (uint8_t)(end * 8 >> 8);
        block[BLOCK - 1] = (uint8_t)(end * 8);
        out[row] = bucket(block);
    }
    PyBuffer_Release(&prefix);
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&data);
    PyBuffer_Release(&numbers);
    if (!fits || row < rows) {
        PyErr_SetString(PyExc_ValueError, "the texts must fit into one block, the numbers into out");
        return NULL;
    }
    Py_RETURN_NONE;
}

static int take_text(PyObject **slot, PyObject *value)
{
    if (!is_ascii(value)) {
        PyErr_SetString(PyExc_TypeError, "expected ASCII text");
        return 0;
    }
    Py_INCREF(value);
    PyUnicode_InternInPlace(&value);
    Py_XSETREF(*slot, value);
    return 1;
}

static PyObject *configure(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *country, *email, *options[OPTIONS], *needle;
    const char *key;
    Py_ssize_t size;
    unsigned long long bound;
    if (!PyArg_ParseTuple(args, "s#U(UUU)UUK", &key, &size, &country, &options[0], &options[1],
                          &options[2], &email, &needle, &bound)) {
        return NULL;
    }
    if (size + 1 > ONE_BLOCK_TEXT) {
        PyErr_SetString(PyExc_ValueError, "the flag key is too long");
        return NULL;
    }
    for (int i = 0; i < OPTIONS; i++) {
        if (!take_text(&flag.options[i], options[i])) return NULL;
    }
    if (!take_text(&flag.country, country) || !take_text(&flag.email, email)
        || !take_text(&flag.needle, needle)) {
        return NULL;
    }
    memset(flag.block, 0, BLOCK);
    memcpy(flag.block, key, (size_t)size);
    flag.block[size] = '.';
    flag.prefix = size + 1;
    flag.bound = bound;
    Py_RETURN_NONE;
}

static int has_sha(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

static PyMethodDef methods[] = {
    {"configure", configure, METH_VARARGS,
     "configure(key, country_name, options, email_name, needle, bound)"},
    {"evaluate", (PyCFunction)(void (*)(void))evaluate, METH_FASTCALL,
     "evaluate(person_id, properties) -> bool"},
    {"hash_column", hash_column, METH_VARARGS, "hash_column(prefix, offsets, data, numbers)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_floor",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__floor(void)
{
    if (!has_sha()) {
        PyErr_SetString(PyExc_ImportError, "this processor has no SHA instructions");
        return NULL;
    }
    return PyModule_Create(&definition);
}
