/* Makes, merges and takes apart the keys of occurrences: the fast half of index/keys.py, which says what is promised.
 * All of it runs without the interpreter's lock; every index into an array is checked.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "_arrays.h"

/* Whether a key can have so many bits below the document's. */
static int are_bits(int position, int code)
{
    return position >= 0 && code >= 0 && position < 33 && code < 33 && position + code < 64;
}

/* count(words, counts): one more for each word. */
static PyObject *count(PyObject *Py_UNUSED(module), PyObject *args)
{
    enum { WORDS, COUNTS, ALL };
    PyObject *objects[ALL];
    Array arrays[ALL] = {0};
    if (!PyArg_ParseTuple(args, "OO", &objects[WORDS], &objects[COUNTS])) return NULL;
    if (array_open(&arrays[WORDS], objects[WORDS], 4, 0) < 0 || array_open(&arrays[COUNTS], objects[COUNTS], 8, PyBUF_WRITABLE) < 0) {
        arrays_close(arrays, ALL);
        return NULL;
    }
    const uint32_t *words = arrays[WORDS].data;
    int64_t *counts = arrays[COUNTS].data;
    int good = 1;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t at = 0; good && at < arrays[WORDS].count; at++) {
        good = words[at] < (uint64_t)arrays[COUNTS].count;
        if (good) counts[words[at]]++;
    }
    Py_END_ALLOW_THREADS
    arrays_close(arrays, ALL);
    if (!good) return refuse();
    Py_RETURN_NONE;
}

#define AHEAD 16

/* Memory answers for the words ahead while those before them are placed. */
static inline void prefetch(const uint64_t *table, const Array *words, const int64_t *next, const Array *terms, const uint32_t *at)
{
    if (at[2 * AHEAD] < (uint64_t)words->count) __builtin_prefetch(&table[at[2 * AHEAD]]);
    if (at[AHEAD] < (uint64_t)words->count && (table[at[AHEAD]] >> 32) < (uint64_t)terms->count)
        __builtin_prefetch(&next[table[at[AHEAD]] >> 32], 1);
}

/* spread(words, positions, lengths, first, table, document shift, position shift, next, keys): each occurrence to the
 * next place of its term. */
static PyObject *spread(PyObject *Py_UNUSED(module), PyObject *args)
{
    enum { WORDS, POSITIONS, LENGTHS, TABLE, NEXT, KEYS, ALL };
    PyObject *objects[ALL];
    unsigned long long first;
    int document_shift, position_shift;
    if (!PyArg_ParseTuple(args, "OOOKOiiOO", &objects[WORDS], &objects[POSITIONS], &objects[LENGTHS], &first, &objects[TABLE],
                          &document_shift, &position_shift, &objects[NEXT], &objects[KEYS]))
        return NULL;
    static const Py_ssize_t sizes[ALL] = {4, 4, 8, 8, 8, 8};
    Array arrays[ALL] = {0};
    int good = document_shift >= 0 && document_shift < 64 && position_shift >= 0 && position_shift < 64;
    for (int at = 0; at < ALL; at++)
        if (array_open(&arrays[at], objects[at], sizes[at], at >= NEXT ? PyBUF_WRITABLE : 0) < 0) {
            arrays_close(arrays, ALL);
            return NULL;
        }
    const uint32_t *words = arrays[WORDS].data, *positions = arrays[POSITIONS].data;
    const int64_t *lengths = arrays[LENGTHS].data;
    const uint64_t *table = arrays[TABLE].data;
    int64_t *next = arrays[NEXT].data;
    uint64_t *keys = arrays[KEYS].data;
    Py_ssize_t at = 0;
    good = good && arrays[WORDS].count == arrays[POSITIONS].count;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t document = 0; good && document < arrays[LENGTHS].count; document++) {
        const uint64_t base = (first + (uint64_t)document) << document_shift;
        if (lengths[document] < 0 || lengths[document] > arrays[WORDS].count - at) { good = 0; break; }
        for (const Py_ssize_t end = at + (Py_ssize_t)lengths[document]; at < end; at++) {
            if (at + 2 * AHEAD < arrays[WORDS].count) prefetch(table, &arrays[TABLE], next, &arrays[NEXT], words + at);
            if (words[at] >= (uint64_t)arrays[TABLE].count) { good = 0; break; }
            const uint64_t word = table[words[at]];
            if ((word >> 32) >= (uint64_t)arrays[NEXT].count) { good = 0; break; }
            const int64_t place = next[word >> 32]++;
            if (place < 0 || place >= arrays[KEYS].count) { good = 0; break; }
            keys[place] = base | (uint64_t)positions[at] << position_shift | (uint32_t)word;
        }
    }
    Py_END_ALLOW_THREADS
    good = good && at == arrays[WORDS].count;
    arrays_close(arrays, ALL);
    if (!good) return refuse();
    Py_RETURN_NONE;
}

/* recode(keys, counts, first words, codes, position bits, code bits, new position bits, new code bits, first document,
 * out): the same occurrences in another layout, with other numbers of documents and forms. */
static PyObject *recode(PyObject *Py_UNUSED(module), PyObject *args)
{
    enum { IN_KEYS, COUNTS, WORDS, CODES, OUT, ALL };
    PyObject *objects[ALL];
    int position_bits, code_bits, new_position_bits, new_code_bits;
    unsigned long long first;
    if (!PyArg_ParseTuple(args, "OOOOiiiiKO", &objects[IN_KEYS], &objects[COUNTS], &objects[WORDS], &objects[CODES],
                          &position_bits, &code_bits, &new_position_bits, &new_code_bits, &first, &objects[OUT]))
        return NULL;
    static const Py_ssize_t sizes[ALL] = {8, 8, 8, 4, 8};
    Array arrays[ALL] = {0};
    for (int at = 0; at < ALL; at++)
        if (array_open(&arrays[at], objects[at], sizes[at], at == OUT ? PyBUF_WRITABLE : 0) < 0) {
            arrays_close(arrays, ALL);
            return NULL;
        }
    const Py_ssize_t count = arrays[IN_KEYS].count;
    int good = are_bits(position_bits, code_bits) && are_bits(new_position_bits, new_code_bits) &&
               arrays[WORDS].count == arrays[COUNTS].count && arrays[OUT].count == count;
    if (!good) position_bits = code_bits = 0;
    const uint64_t *keys = arrays[IN_KEYS].data, position_mask = (1ull << position_bits) - 1, code_mask = (1ull << code_bits) - 1;
    const int64_t *counts = arrays[COUNTS].data, *words = arrays[WORDS].data;
    const int32_t *codes = arrays[CODES].data;
    uint64_t *out = arrays[OUT].data;
    Py_ssize_t at = 0;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t term = 0; good && term < arrays[COUNTS].count; term++) {
        if (counts[term] < 0 || counts[term] > count - at || words[term] < 0) { good = 0; break; }
        for (const Py_ssize_t end = at + (Py_ssize_t)counts[term]; at < end; at++) {
            const uint64_t word = (uint64_t)words[term] + (keys[at] & code_mask);
            if (word >= (uint64_t)arrays[CODES].count) { good = 0; break; }
            const uint64_t document = (keys[at] >> (position_bits + code_bits)) + first, position = keys[at] >> code_bits & position_mask;
            out[at] = (document << new_position_bits | position) << new_code_bits | (uint32_t)codes[word];
        }
    }
    Py_END_ALLOW_THREADS
    good = good && at == count;
    arrays_close(arrays, ALL);
    if (!good) return refuse();
    Py_RETURN_NONE;
}

/* merge([(keys, counts), ...], keys): the groups of all, term by term. */
static PyObject *merge(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *list, *object;
    if (!PyArg_ParseTuple(args, "O!O", &PyList_Type, &list, &object)) return NULL;
    const int sources = (int)PyList_GET_SIZE(list);
    Array out = {0}, *arrays = PyMem_Calloc((size_t)(2 * sources + 1), sizeof(Array));
    Py_ssize_t *done = PyMem_Calloc((size_t)sources + 1, sizeof(Py_ssize_t));
    int good = arrays && done && array_open(&out, object, 8, PyBUF_WRITABLE) == 0;
    for (int at = 0; good && at < sources; at++) {
        PyObject *keys, *counts;
        good = PyArg_ParseTuple(PyList_GET_ITEM(list, at), "OO", &keys, &counts) &&
               array_open(&arrays[2 * at], keys, 8, 0) == 0 && array_open(&arrays[2 * at + 1], counts, 8, 0) == 0;
    }
    int fits = 1;
    if (good) {
        const Py_ssize_t terms = sources ? arrays[1].count : 0;
        uint64_t *keys = out.data;
        Py_ssize_t place = 0;
        for (int at = 0; at < sources; at++) fits = fits && arrays[2 * at + 1].count == terms;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t term = 0; fits && term < terms; term++)
            for (int at = 0; at < sources; at++) {
                const int64_t count = ((int64_t *)arrays[2 * at + 1].data)[term];
                if (count < 0 || count > arrays[2 * at].count - done[at] || count > out.count - place) { fits = 0; break; }
                memcpy(keys + place, (uint64_t *)arrays[2 * at].data + done[at], (size_t)count * sizeof(uint64_t));
                done[at] += (Py_ssize_t)count;
                place += (Py_ssize_t)count;
            }
        Py_END_ALLOW_THREADS
        fits = fits && place == out.count;
        for (int at = 0; at < sources; at++) fits = fits && done[at] == arrays[2 * at].count;
    }
    if (arrays) arrays_close(arrays, 2 * sources);
    arrays_close(&out, 1);
    PyMem_Free(arrays);
    PyMem_Free(done);
    if (!good) return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    if (!fits) return refuse();
    Py_RETURN_NONE;
}

/* split(keys, counts, position bits, code bits, titles or None, coded, documents, positions, begins, titled, codes) ->
 * (postings, codes): the parts of each key; the document once for all occurrences of a term in it. */
static PyObject *split(PyObject *Py_UNUSED(module), PyObject *args)
{
    enum { IN_KEYS, COUNTS, CODED, DOCUMENTS, POSITIONS, BEGINS, TITLED, CODES, TITLES, ALL };
    PyObject *objects[ALL];
    int position_bits, code_bits;
    if (!PyArg_ParseTuple(args, "OOiiOOOOOOO", &objects[IN_KEYS], &objects[COUNTS], &position_bits, &code_bits,
                          &objects[TITLES], &objects[CODED], &objects[DOCUMENTS], &objects[POSITIONS], &objects[BEGINS],
                          &objects[TITLED], &objects[CODES]))
        return NULL;
    static const Py_ssize_t sizes[ALL] = {8, 8, 1, 4, 4, 1, 1, 4, 8};
    Array arrays[ALL] = {0};
    const int has_titles = objects[TITLES] != Py_None;
    for (int at = 0; at < ALL - !has_titles; at++)
        if (array_open(&arrays[at], objects[at], sizes[at], at >= DOCUMENTS && at < TITLES ? PyBUF_WRITABLE : 0) < 0) {
            arrays_close(arrays, ALL);
            return NULL;
        }
    const Py_ssize_t count = arrays[IN_KEYS].count;
    int good = are_bits(position_bits, code_bits) && arrays[CODED].count == arrays[COUNTS].count;
    for (int at = DOCUMENTS; at < TITLES; at++) good = good && arrays[at].count >= count;
    if (!good) position_bits = code_bits = 0;
    const uint64_t *keys = arrays[IN_KEYS].data, position_mask = (1ull << position_bits) - 1, code_mask = (1ull << code_bits) - 1;
    const int64_t *counts = arrays[COUNTS].data, *titles = arrays[TITLES].data;
    const uint8_t *coded = arrays[CODED].data;
    uint32_t *documents = arrays[DOCUMENTS].data, *positions = arrays[POSITIONS].data, *codes = arrays[CODES].data;
    uint8_t *begins = arrays[BEGINS].data, *titled = arrays[TITLED].data;
    const int document_shift = position_bits + code_bits;
    Py_ssize_t at = 0, postings = 0, numbered = 0;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t term = 0; good && term < arrays[COUNTS].count; term++) {
        uint64_t last = UINT64_MAX;
        if (counts[term] < 0 || counts[term] > count - at) { good = 0; break; }
        for (const Py_ssize_t end = at + (Py_ssize_t)counts[term]; at < end; at++) {
            const uint64_t key = keys[at], document = key >> document_shift;
            const uint32_t position = (uint32_t)(key >> code_bits & position_mask);
            positions[at] = position;
            begins[at] = document != last;
            if (document != last) {
                if (has_titles) {
                    if (document >= (uint64_t)arrays[TITLES].count) { good = 0; break; }
                    titled[postings] = position < titles[document];
                }
                documents[postings++] = (uint32_t)document;
                last = document;
            }
            if (coded[term]) codes[numbered++] = (uint32_t)(key & code_mask);
        }
    }
    Py_END_ALLOW_THREADS
    good = good && at == count;
    arrays_close(arrays, ALL);
    return good ? Py_BuildValue("nn", postings, numbered) : refuse();
}

/* join(values, shift, bits, pending) -> (joined, pending): the bits of each value above `shift`, several in a byte. */
static PyObject *join(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object, *pending, *joined = NULL, *left = NULL;
    int shift, bits;
    if (!PyArg_ParseTuple(args, "OiiS", &object, &shift, &bits, &pending)) return NULL;
    Array values;
    const Py_ssize_t before = PyBytes_GET_SIZE(pending);
    if (shift < 0 || shift > 31 || (bits != 1 && bits != 2 && bits != 4 && bits != 8) || before >= 8 / bits) return refuse();
    if (array_open(&values, object, 4, 0) < 0) { arrays_close(&values, 1); return NULL; }
    const uint32_t *numbers = values.data, mask = (1u << bits) - 1;
    joined = PyBytes_FromStringAndSize(NULL, (before + values.count) * bits / 8);
    left = PyBytes_FromStringAndSize(NULL, (before + values.count) % (8 / bits));
    if (joined && left) {
        uint8_t *out = (uint8_t *)PyBytes_AS_STRING(joined), *rest = (uint8_t *)PyBytes_AS_STRING(left);
        const uint8_t *first = (uint8_t *)PyBytes_AS_STRING(pending);
        const Py_ssize_t whole = PyBytes_GET_SIZE(joined) * 8 / bits;
        uint32_t byte = 0;
        int filled = 0;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t at = 0; at < before + values.count; at++) {
            const uint32_t value = at < before ? first[at] : numbers[at - before] >> shift & mask;
            if (at >= whole) { rest[at - whole] = (uint8_t)value; continue; }
            byte |= value << filled;
            if ((filled += bits) == 8) {
                *out++ = (uint8_t)byte;
                byte = 0;
                filled = 0;
            }
        }
        Py_END_ALLOW_THREADS
    }
    arrays_close(&values, 1);
    if (!joined || !left) { Py_XDECREF(joined); Py_XDECREF(left); return NULL; }
    return Py_BuildValue("NN", joined, left);
}

static PyMethodDef functions[] = {
    {"count", count, METH_VARARGS, "(words, counts)"},
    {"spread", spread, METH_VARARGS, "(words, positions, lengths, first, table, document shift, position shift, next, keys)"},
    {"recode", recode, METH_VARARGS,
     "(keys, counts, first words, codes, position bits, code bits, new position bits, new code bits, first document, out)"},
    {"merge", merge, METH_VARARGS, "([(keys, counts), ...], keys)"},
    {"split", split, METH_VARARGS,
     "(keys, counts, position bits, code bits, titles, coded, documents, positions, begins, titled, codes)"},
    {"join", join, METH_VARARGS, "(values, shift, bits, pending) -> (joined, pending)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_keys", NULL, 0, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__keys(void) { return PyModule_Create(&module); }
