/* The extension module: its functions, its types, and the choice of its SHA-1.
 *
 * This file must not compute: the functions and types that do have files of their own.
 */

#include "module.h"
#include "sha1.h"

PyDoc_STRVAR(implementation_doc, "implementation()\n--\n\nReturn the name of the SHA-1 in use.");

static PyObject *implementation(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return PyUnicode_FromString(sha1_in_use()->name);
}

PyDoc_STRVAR(use_doc, "_use(name, /)\n--\n\n"
                      "Use an implementation, or the 'fastest', in the whole process; for tests.\n\n"
                      "Raise NotImplementedError for one that this build or processor lacks.");

static PyObject *use(PyObject *module, PyObject *name) {
    static const char *const known[] = {"portable-c", "sha-ni", "armv8-ce", "avx-512"};
    const Sha1 *present[] = {&sha1_portable, sha1_in_hardware(), sha1_in_lanes()};
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    const Sha1 *found = text && strcmp(text, "fastest") == 0 ? sha1_fastest() : NULL;
    bool is_known = false;
    for (size_t i = 0; text && i < Py_ARRAY_LENGTH(known); i++) {
        is_known = is_known || strcmp(text, known[i]) == 0;
    }
    for (size_t i = 0; text && !found && i < Py_ARRAY_LENGTH(present); i++) {
        found = present[i] && strcmp(text, present[i]->name) == 0 ? present[i] : NULL;
    }
    if (found) {
        sha1_use(found);
        return implementation(module, NULL);
    }
    if (is_known) {
        PyErr_Format(PyExc_NotImplementedError, "%R is not there on this processor", name);
    } else if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError,
                     "name must be 'fastest' or an implementation of SHA-1, got %R", name);
    }
    return NULL;
}

/* Adds a type, and keeps it in `place` if that is given. */
static int add_type(PyObject *module, PyType_Spec *spec, PyObject **place) {
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int failed = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    if (place) {
        *place = Py_XNewRef(type);
    }
    Py_XDECREF(type);
    return failed;
}

static int module_exec(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    sha1_use(sha1_fastest());
    bool failed = !names_open(&state->names) || PyModule_AddFunctions(module, bucket_functions) ||
                  PyModule_AddFunctions(module, column_functions) ||
                  PyModule_AddFunctions(module, json_functions) ||
                  add_type(module, &hasher_spec, NULL) ||
                  add_type(module, &text_test_spec, NULL) ||
                  add_type(module, &plain_flag_spec, NULL) ||
                  add_type(module, &shortcut_spec, NULL) ||
                  add_type(module, &answers_spec, &state->answers) ||
                  add_type(module, &known_json_spec, NULL) ||
                  add_type(module, &flag_table_spec, NULL);
    return failed ? -1 : 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    const ModuleState *state = PyModule_GetState(module);
    if (state) {
        Py_VISIT(state->answers);
    }
    return 0;
}

static int module_clear(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    if (state) {
        Py_CLEAR(state->answers);
    }
    return 0;
}

/* The names live as long as the module, because objects of its types read them. */
static void module_free(void *module) {
    ModuleState *state = PyModule_GetState(module);
    if (state) {
        names_close(&state->names);
        Py_CLEAR(state->answers);
    }
}

static PyMethodDef module_methods[] = {
    {"implementation", implementation, METH_NOARGS, implementation_doc},
    {"_use", use, METH_O, use_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_size = sizeof(ModuleState),
    .m_name = "flagengine.native._accelerator",
    .m_doc = "Bucket numbers, tests of text and comparisons of JSON in C.",
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

const ModuleState *state_of_type(PyTypeObject *type) {
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    return module ? PyModule_GetState(module) : NULL;
}

PyMODINIT_FUNC PyInit__accelerator(void) { return PyModuleDef_Init(&definition); }
