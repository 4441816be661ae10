/* The extension module: its functions, its types, and the choice of its SHA-1.
 *
 * This file must not compute: the functions and types that do have files of their own.
 */

#include "sha1.h"

PyDoc_STRVAR(implementation_doc, "implementation()\n--\n\nReturn the name of the SHA-1 in use.");

static PyObject *implementation(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return PyUnicode_FromString(sha1_in_use()->name);
}

PyDoc_STRVAR(use_doc, "_use(name, /)\n--\n\n"
                      "Use 'portable-c' or 'fastest' in the whole process; for tests.");

static PyObject *use(PyObject *module, PyObject *name) {
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (text && strcmp(text, "fastest") == 0) {
        sha1_use(sha1_fastest());
    } else if (text && strcmp(text, sha1_portable.name) == 0) {
        sha1_use(&sha1_portable);
    } else if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_ValueError, "expected 'portable-c' or 'fastest', not %R", name);
    }
    return PyErr_Occurred() ? NULL : implementation(module, NULL);
}

static int add_type(PyObject *module, PyType_Spec *spec) {
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int failed = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return failed;
}

static int module_exec(PyObject *module) {
    sha1_use(sha1_fastest());
    bool failed = PyModule_AddFunctions(module, bucket_functions) ||
                  PyModule_AddFunctions(module, column_functions) ||
                  PyModule_AddFunctions(module, json_functions) ||
                  add_type(module, &hasher_spec) || add_type(module, &text_test_spec) ||
                  add_type(module, &plain_flag_spec) || add_type(module, &flag_call_spec) ||
                  add_type(module, &known_json_spec);
    return failed ? -1 : 0;
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

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "flagengine.native._accelerator",
    .m_doc = "Bucket numbers, tests of text and comparisons of JSON in C.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__accelerator(void) { return PyModuleDef_Init(&module); }
