/* Arrays of numbers as the compiled parts take them from Python. */
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef struct { Py_buffer view; void *data; Py_ssize_t count; } Array;

/* An array of items of `size` bytes, to be closed even when this fails. */
static int array_open(Array *array, PyObject *object, Py_ssize_t size, int flags)
{
    memset(array, 0, sizeof *array);
    if (PyObject_GetBuffer(object, &array->view, PyBUF_C_CONTIGUOUS | flags) < 0) return -1;
    array->data = array->view.buf;
    array->count = array->view.len / size;
    if (array->view.itemsize == size) return 0;
    PyErr_Format(PyExc_TypeError, "an array of items of %zd bytes, not %zd, is wanted", size, array->view.itemsize);
    return -1;
}

static void arrays_close(Array *arrays, Py_ssize_t count)
{
    for (Py_ssize_t at = 0; at < count; at++)
        if (arrays[at].view.obj) PyBuffer_Release(&arrays[at].view);
}

static PyObject *refuse(void)
{
    PyErr_SetString(PyExc_ValueError, "the arrays do not fit together");
    return NULL;
}
