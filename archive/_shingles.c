/* Hashes of the word sequences of a text: the fast half of archive/dedup.py, which says what is promised.
 *
 * A table gives the kind and the fold of every character; it is filled by Python, a page of 256 characters at a time,
 * when a character is met for the first time.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define CODES 0x110000
#define KIND(info) ((info) >> 24)
#define FOLD(info) ((info) & 0xffffffu)
enum { UNKNOWN, SEPARATOR, INVISIBLE, WORD, UNSPACED };

#define WORD_BASE 0x9E3779B97F4A7C15ull
#define ROW_BASE 0xD1B54A32D192ED03ull

static inline uint64_t mixed(uint64_t hash)
{
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ull;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBull;
    return hash ^ (hash >> 31);
}

typedef struct { uint64_t *words; Py_ssize_t count, unspaced; uint64_t hash, power; int inside; } Row;

static inline void end_word(Row *row)
{
    if (row->inside) row->words[row->count++] = mixed(row->hash);
    row->inside = 0;
}

static inline void add(Row *row, uint32_t info)
{
    switch (KIND(info)) {
    case WORD:
        if (!row->inside) { row->inside = 1; row->hash = 0; row->power = 1; }
        row->hash += FOLD(info) * row->power;
        row->power *= WORD_BASE;
        break;
    case UNSPACED:
        end_word(row);
        row->words[row->count++] = mixed(FOLD(info));
        row->unspaced++;
        break;
    case INVISIBLE: break;
    default: end_word(row);
    }
}

/* The kind and fold of a character; 0 after an error of Python's. */
static uint32_t ask(const uint32_t *table, PyObject *fill, Py_UCS4 code)
{
    PyObject *done = PyObject_CallFunction(fill, "I", (unsigned)(code >> 8));
    if (!done) return 0;
    Py_DECREF(done);
    if (!table[code]) PyErr_SetString(PyExc_ValueError, "a character has no kind");
    return table[code];
}

/* The words of a text, one hash each; -1 after an error of Python's. */
static int read_words(Row *row, PyObject *text, const uint32_t *infos, PyObject *fill)
{
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    const int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    row->words = PyMem_RawMalloc((length + 1) * sizeof(uint64_t));
    if (!row->words) { PyErr_NoMemory(); return -1; }
    Row own = *row; /* in registers, as far as they go */
    int begins = 1, quoted = 0;
    for (Py_ssize_t at = 0; at < length; at++) {
        Py_UCS4 code = PyUnicode_READ(kind, data, at);
        if (code == '\n') { begins = 1; quoted = 0; }
        else if (begins && code != ' ' && code != '\t') {
            begins = 0;
            quoted = code == '>' || code == '|' || code == ':' || code == '}';
        }
        if (quoted) continue;
        uint32_t info = infos[code];
        if (!info && !(info = ask(infos, fill, code))) return -1;
        add(&own, info);
    }
    end_word(&own);
    *row = own;
    return 0;
}

/* The hashes of all sequences of words, in the place of the words; how many there are, or -1 after an error. */
static Py_ssize_t read_shingles(Row *row, PyObject *args)
{
    PyObject *text, *fill;
    Py_buffer table;
    Py_ssize_t width, unspaced_width;
    if (!PyArg_ParseTuple(args, "Uy*Onn", &text, &table, &fill, &width, &unspaced_width)) return -1;
    int failed = table.len != CODES * 4 || width < 1 || unspaced_width < 1;
    if (failed) PyErr_SetString(PyExc_ValueError, "the table or the width is not as it must be");
    else failed = read_words(row, text, table.buf, fill);
    PyBuffer_Release(&table);
    if (failed) return -1;
    if (row->unspaced * 2 > row->count) width = unspaced_width;
    Py_ssize_t count = row->count >= width ? row->count - width + 1 : 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        uint64_t hash = 0;
        for (Py_ssize_t next = 0; next < width; next++) hash = hash * ROW_BASE + row->words[at + next];
        row->words[at] = mixed(hash);
    }
    return count;
}

static PyObject *shingles(PyObject *module, PyObject *args)
{
    Row row = {0};
    Py_ssize_t count = read_shingles(&row, args);
    PyObject *result = count < 0 ? NULL : PyBytes_FromStringAndSize((char *)row.words, count * sizeof(uint64_t));
    PyMem_RawFree(row.words);
    return result;
}

#define BINS 24

static PyObject *smallest(PyObject *module, PyObject *args)
{
    Row row = {0};
    uint64_t least[BINS];
    memset(least, 0xff, sizeof least);
    Py_ssize_t count = read_shingles(&row, args);
    for (Py_ssize_t at = 0; at < count; at++) {
        uint64_t *known = &least[((row.words[at] >> 32) * BINS) >> 32];
        if (row.words[at] < *known) *known = row.words[at];
    }
    PyMem_RawFree(row.words);
    return count < 0 ? NULL : Py_BuildValue("ny#", count, (char *)least, (Py_ssize_t)sizeof least);
}

static PyMethodDef methods[] = {
    {"shingles", shingles, METH_VARARGS,
     "The hashes (uint64) of all sequences of so many words of a text, in order."},
    {"smallest", smallest, METH_VARARGS,
     "How many there are, and the smallest (uint64) in each of 24 ranges of equal size; all bits are set where none is."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_shingles", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__shingles(void) { return PyModule_Create(&definition); }
