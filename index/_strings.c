/* Sorts, merges and finds byte strings: the fast half of index/dictionary.py, which says what is promised. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const char *text; const int64_t *starts, *lengths; Py_ssize_t count; Py_buffer views[3]; } Strings;

static void strings_close(Strings *strings)
{
    for (int at = 0; at < 3; at++)
        if (strings->views[at].obj) PyBuffer_Release(&strings->views[at]);
}

static int strings_open(Strings *strings, PyObject *text, PyObject *starts, PyObject *lengths)
{
    PyObject *objects[3] = {text, starts, lengths};
    memset(strings, 0, sizeof *strings);
    for (int at = 0; at < 3; at++)
        if (PyObject_GetBuffer(objects[at], &strings->views[at], PyBUF_C_CONTIGUOUS) < 0) { strings_close(strings); return -1; }
    strings->text = strings->views[0].buf;
    strings->starts = strings->views[1].buf;
    strings->lengths = strings->views[2].buf;
    strings->count = strings->views[1].len / (Py_ssize_t)sizeof(int64_t);
    int good = strings->views[1].itemsize == sizeof(int64_t) && strings->views[2].len == strings->views[1].len;
    for (Py_ssize_t at = 0; good && at < strings->count; at++)
        good = strings->starts[at] >= 0 && strings->lengths[at] >= 0 && strings->lengths[at] <= strings->views[0].len &&
               strings->starts[at] <= strings->views[0].len - strings->lengths[at];
    if (good) return 0;
    strings_close(strings);
    PyErr_SetString(PyExc_ValueError, "these are no strings");
    return -1;
}

static int compare(const char *one, int64_t length, const char *other, int64_t other_length)
{
    int found = memcmp(one, other, (size_t)(length < other_length ? length : other_length));
    return found ? found : (length > other_length) - (length < other_length);
}

/* ---- sorting: by eight bytes as a number, then what is alike in them by the next eight; equal strings keep their
 * order. (Sinha and Zobel, "Cache-conscious sorting of large sets of strings", 2004, is the idea.) */

typedef struct { uint64_t head; const char *text; int64_t length, place; } Item;

static int compare_heads(const void *one, const void *other)
{
    const Item *a = one, *b = other;
    if (a->head != b->head) return a->head < b->head ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static int compare_items(const void *one, const void *other)
{
    const Item *a = one, *b = other;
    int found = compare(a->text, a->length, b->text, b->length);
    return found ? found : (a->place > b->place) - (a->place < b->place);
}

#define MANY 1024

/* Many items by their heads: a counting sort by each of the eight bytes, from the last to the first, that is not the same
 * in all. `spare` has room for them. */
static void sort_heads(Item *items, Item *spare, Py_ssize_t count)
{
    if (count < MANY) {
        qsort(items, (size_t)count, sizeof(Item), compare_heads);
        return;
    }
    Py_ssize_t next[8][256] = {{0}};
    for (Py_ssize_t at = 0; at < count; at++)
        for (int byte = 0; byte < 8; byte++) next[byte][items[at].head >> 8 * byte & 255]++;
    Item *from = items, *to = spare;
    for (int byte = 0; byte < 8; byte++) {
        if (next[byte][from->head >> 8 * byte & 255] == count) continue;
        for (Py_ssize_t value = 0, before = 0; value < 256; value++) {
            const Py_ssize_t own = next[byte][value];
            next[byte][value] = before;
            before += own;
        }
        for (Py_ssize_t at = 0; at < count; at++) to[next[byte][from[at].head >> 8 * byte & 255]++] = from[at];
        Item *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != items) memcpy(items, from, (size_t)count * sizeof(Item));
}

/* The strings are the same up to `depth`. */
static void sort_items(Item *items, Item *spare, Py_ssize_t count, int64_t depth)
{
    if (count < 12 || depth > 64) {
        qsort(items, (size_t)count, sizeof(Item), compare_items);
        return;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        items[at].head = 0;
        for (int64_t byte = depth; byte < depth + 8; byte++)
            items[at].head = items[at].head << 8 | (byte < items[at].length ? (unsigned char)items[at].text[byte] : 0);
    }
    sort_heads(items, spare, count);
    for (Py_ssize_t first = 0, at = 1; at <= count; at++)
        if (at == count || items[at].head != items[first].head) {
            /* a string that ends here is told from one that goes on with zeros by its length, further down */
            if (at - first > 1) sort_items(items + first, spare, at - first, depth + 8);
            first = at;
        }
}

static PyObject *order(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *text, *starts, *lengths, *result = NULL;
    Strings strings;
    if (!PyArg_ParseTuple(args, "OOO", &text, &starts, &lengths) || strings_open(&strings, text, starts, lengths) < 0)
        return NULL;
    Item *items = PyMem_RawMalloc((size_t)(strings.count ? strings.count : 1) * sizeof(Item));
    Item *spare = PyMem_RawMalloc((size_t)(strings.count ? strings.count : 1) * sizeof(Item));
    if (!items || !spare) { PyErr_NoMemory(); goto done; }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t at = 0; at < strings.count; at++) {
        Item *item = &items[at];
        item->text = strings.text + strings.starts[at];
        item->length = strings.lengths[at];
        item->place = at;
    }
    sort_items(items, spare, strings.count, 0);
    Py_END_ALLOW_THREADS
    result = PyBytes_FromStringAndSize(NULL, strings.count * (Py_ssize_t)sizeof(int64_t));
    if (result) {
        int64_t *places = (int64_t *)PyBytes_AS_STRING(result);
        for (Py_ssize_t at = 0; at < strings.count; at++) places[at] = items[at].place;
    }
done:
    PyMem_RawFree(items);
    PyMem_RawFree(spare);
    strings_close(&strings);
    return result;
}

/* ---- merging */

static PyObject *merge(PyObject *Py_UNUSED(module), PyObject *sources)
{
    PyObject *list = PySequence_Fast(sources, "sources are a sequence"), *result = NULL, *owners = NULL, *all = NULL;
    Py_ssize_t count = list ? PySequence_Fast_GET_SIZE(list) : 0, opened = 0, total = 0, found = 0;
    Strings *strings = PyMem_RawCalloc((size_t)(count ? count : 1), sizeof(Strings));
    Py_ssize_t *at = PyMem_RawCalloc((size_t)(count ? count : 1), sizeof(Py_ssize_t));
    int64_t **places = PyMem_RawCalloc((size_t)(count ? count : 1), sizeof(int64_t *));
    if (!list) goto done;
    if (!strings || !at || !places) { PyErr_NoMemory(); goto done; }
    all = PyList_New(count);
    if (!all) goto done;
    for (; opened < count; opened++) {
        PyObject *text, *starts, *lengths;
        if (!PyArg_ParseTuple(PySequence_Fast_GET_ITEM(list, opened), "OOO", &text, &starts, &lengths) ||
            strings_open(&strings[opened], text, starts, lengths) < 0)
            goto done;
        PyObject *own = PyBytes_FromStringAndSize(NULL, strings[opened].count * (Py_ssize_t)sizeof(int64_t));
        if (!own) { opened++; goto done; }
        places[opened] = (int64_t *)PyBytes_AS_STRING(own);
        PyList_SET_ITEM(all, opened, own);
        total += strings[opened].count;
    }
    owners = PyBytes_FromStringAndSize(NULL, 2 * total * (Py_ssize_t)sizeof(int64_t));
    if (!owners) goto done;
    int64_t *owner = (int64_t *)PyBytes_AS_STRING(owners);
    for (;;) { /* sources are few: the smallest of their next strings is found by looking at each */
        Py_ssize_t best = -1;
        for (Py_ssize_t source = 0; source < count; source++) {
            Strings *own = &strings[source];
            if (at[source] == own->count) continue;
            if (best < 0 || compare(own->text + own->starts[at[source]], own->lengths[at[source]],
                                    strings[best].text + strings[best].starts[at[best]],
                                    strings[best].lengths[at[best]]) < 0)
                best = source;
        }
        if (best < 0) break;
        const char *text = strings[best].text + strings[best].starts[at[best]];
        int64_t length = strings[best].lengths[at[best]];
        owner[2 * found] = best;
        owner[2 * found + 1] = at[best];
        for (Py_ssize_t source = best; source < count; source++) {
            Strings *own = &strings[source];
            if (at[source] < own->count && own->lengths[at[source]] == length &&
                memcmp(own->text + own->starts[at[source]], text, (size_t)length) == 0)
                places[source][at[source]++] = found;
        }
        found++;
    }
    result = Py_BuildValue("y#O", (char *)owner, 2 * found * (Py_ssize_t)sizeof(int64_t), all);
done:
    for (Py_ssize_t source = 0; source < opened; source++) strings_close(&strings[source]);
    PyMem_RawFree(strings);
    PyMem_RawFree(at);
    PyMem_RawFree(places);
    Py_XDECREF(list);
    Py_XDECREF(owners);
    Py_XDECREF(all);
    return result;
}

/* ---- what each has in common with the one before it */

static PyObject *shared(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *text, *starts, *lengths;
    Strings strings;
    int64_t most;
    if (!PyArg_ParseTuple(args, "OOOL", &text, &starts, &lengths, &most) ||
        strings_open(&strings, text, starts, lengths) < 0)
        return NULL;
    PyObject *result = PyBytes_FromStringAndSize(NULL, strings.count * (Py_ssize_t)sizeof(int64_t));
    if (result) {
        int64_t *found = (int64_t *)PyBytes_AS_STRING(result);
        for (Py_ssize_t at = 0; at < strings.count; at++) {
            int64_t same = 0, end = at ? strings.lengths[at] : 0;
            if (at && strings.lengths[at - 1] < end) end = strings.lengths[at - 1];
            if (end > most) end = most;
            while (same < end &&
                   strings.text[strings.starts[at] + same] == strings.text[strings.starts[at - 1] + same])
                same++;
            found[at] = same;
        }
    }
    strings_close(&strings);
    return result;
}

/* ---- where a byte first stands in each; the length where it does not */

static PyObject *find(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *text, *starts, *lengths;
    Strings strings;
    char byte;
    if (!PyArg_ParseTuple(args, "OOOc", &text, &starts, &lengths, &byte) || strings_open(&strings, text, starts, lengths) < 0)
        return NULL;
    PyObject *result = PyBytes_FromStringAndSize(NULL, strings.count * (Py_ssize_t)sizeof(int64_t));
    if (result) {
        int64_t *found = (int64_t *)PyBytes_AS_STRING(result);
        for (Py_ssize_t at = 0; at < strings.count; at++) {
            const char *string = strings.text + strings.starts[at];
            const char *place = memchr(string, byte, (size_t)strings.lengths[at]);
            found[at] = place ? place - string : strings.lengths[at];
        }
    }
    strings_close(&strings);
    return result;
}

/* ---- the strings one after the other, without what stands between them */

static PyObject *gather(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *text, *starts, *lengths;
    Strings strings;
    if (!PyArg_ParseTuple(args, "OOO", &text, &starts, &lengths) || strings_open(&strings, text, starts, lengths) < 0)
        return NULL;
    int64_t size = 0;
    for (Py_ssize_t at = 0; at < strings.count; at++) size += strings.lengths[at];
    PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (result) {
        char *out = PyBytes_AS_STRING(result);
        for (Py_ssize_t at = 0; at < strings.count; at++) {
            memcpy(out, strings.text + strings.starts[at], (size_t)strings.lengths[at]);
            out += strings.lengths[at];
        }
    }
    strings_close(&strings);
    return result;
}

/* ---- front-coded strings, whole */

static PyObject *expand(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *objects[3];
    Py_buffer views[3] = {{0}};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "OOO", &objects[0], &objects[1], &objects[2])) return NULL;
    for (int at = 0; at < 3; at++)
        if (PyObject_GetBuffer(objects[at], &views[at], PyBUF_C_CONTIGUOUS) < 0) goto done;
    const uint8_t *shared = views[0].buf;
    const int64_t *rest = views[1].buf;
    const char *text = views[2].buf;
    const Py_ssize_t count = views[0].len;
    int good = views[0].itemsize == 1 && views[1].itemsize == 8 && views[1].len == count * 8 && views[2].itemsize == 1;
    int64_t size = 0, read = 0, last = 0;
    for (Py_ssize_t at = 0; good && at < count; at++) {
        good = shared[at] <= last && rest[at] >= 0 && rest[at] <= views[2].len - read;
        if (!good) break;
        read += rest[at];
        last = shared[at] + rest[at];
        size += last;
    }
    if (!good) { PyErr_SetString(PyExc_ValueError, "these are no front-coded strings"); goto done; }
    result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!result) goto done;
    char *out = PyBytes_AS_STRING(result), *before = out;
    for (Py_ssize_t at = 0; at < count; at++) {
        memmove(out, before, shared[at]);
        memcpy(out + shared[at], text, (size_t)rest[at]);
        before = out;
        out += shared[at] + rest[at];
        text += rest[at];
    }
done:
    for (int at = 0; at < 3; at++)
        if (views[at].obj) PyBuffer_Release(&views[at]);
    return result;
}

/* ---- finding one among front-coded strings */

enum { BLOCK = 16, MOST_SHARED = 255 }; /* as in index/dictionary.py */

typedef struct { const uint8_t *shared, *text; const void *rest; const int64_t *block; Py_ssize_t count, size; int wide; } Coded;

static int64_t rest_of(const Coded *coded, Py_ssize_t at)
{
    return coded->wide ? ((const uint32_t *)coded->rest)[at] : ((const uint8_t *)coded->rest)[at];
}

/* The number of the block whose first string is the last that is not greater; -1 where all are, -2 where it is none. */
static Py_ssize_t find_block(const Coded *coded, Py_ssize_t blocks, const char *string, int64_t length)
{
    Py_ssize_t low = 0, high = blocks;
    while (low < high) {
        const Py_ssize_t middle = low + (high - low) / 2;
        const int64_t start = coded->block[middle], rest = rest_of(coded, middle * BLOCK);
        if (start < 0 || start > coded->size || rest > coded->size - start) return -2;
        if (compare((const char *)coded->text + start, rest, string, length) <= 0) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

/* How many strings sort before one, and whether it is there: `same` is how many bytes of it the last one had. */
static Py_ssize_t find_place(const Coded *coded, const char *string, int64_t length, Py_ssize_t blocks, int *is_there)
{
    const Py_ssize_t block = find_block(coded, blocks, string, length);
    *is_there = 0;
    if (block < 0) return block == -1 ? 0 : -1;
    Py_ssize_t number = block * BLOCK;
    int64_t read = coded->block[block], same = 0;
    for (const Py_ssize_t end = number + BLOCK < coded->count ? number + BLOCK : coded->count; number < end; number++) {
        const int64_t shared = coded->shared[number], rest = rest_of(coded, number);
        if (rest > coded->size - read) return -1;
        const uint8_t *text = coded->text + read;
        read += rest;
        if (shared > same) continue; /* it differs where the last one did, and is smaller, too */
        if (shared < same && shared < MOST_SHARED) return number; /* it is greater where the last one was the same */
        int64_t at = 0;
        same = shared;
        while (at < rest && same < length && text[at] == (uint8_t)string[same]) at++, same++;
        if (same == length) { *is_there = at == rest; return number; }
        if (at < rest && text[at] > (uint8_t)string[same]) return number;
    }
    return number;
}

static PyObject *position(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer views[5] = {{0}};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*", &views[0], &views[1], &views[2], &views[3], &views[4])) return NULL;
    const Py_ssize_t count = views[0].len;
    const int wide = count && views[1].len == 4 * count;
    const Coded coded = {views[0].buf, views[2].buf, views[1].buf, views[3].buf, count, views[2].len, wide};
    const Py_ssize_t blocks = views[3].len / (Py_ssize_t)sizeof(int64_t);
    int is_there = 0;
    const int good = (wide || views[1].len == count) && blocks == (count + BLOCK - 1) / BLOCK;
    const Py_ssize_t place = good ? find_place(&coded, views[4].buf, views[4].len, blocks, &is_there) : -1;
    if (place < 0) PyErr_SetString(PyExc_ValueError, "these are no front-coded strings");
    else result = Py_BuildValue("nO", place, is_there ? Py_True : Py_False);
    for (int at = 0; at < 5; at++) PyBuffer_Release(&views[at]);
    return result;
}

static PyMethodDef functions[] = {
    {"gather", gather, METH_VARARGS, "(text, starts, lengths) -> the strings one after the other."},
    {"expand", expand, METH_VARARGS, "(shared, rest, text) -> front-coded strings one after the other, whole."},
    {"position", position, METH_VARARGS,
     "(shared, rest, text, block, string) -> how many front-coded strings sort before one, and whether it is there."},
    {"find", find, METH_VARARGS, "(text, starts, lengths, byte) -> where the byte first stands in each string."},
    {"shared", shared, METH_VARARGS, "(text, starts, lengths, most) -> leading bytes that each has in common with the last."},
    {"order", order, METH_VARARGS, "(text, starts, lengths) -> the places of the strings in sorted order."},
    {"merge", merge, METH_O, "[(text, starts, lengths), ...], each sorted -> (source and place of each, [places])."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_strings", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__strings(void) { return PyModule_Create(&module); }
