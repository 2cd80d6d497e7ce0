/* Joins lists of documents and finds the best of them: the fast half of index/results.py, which says what is promised.
 * Lists ascend; where a damaged file makes one that does not, the result is wrong but nothing outside is touched.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "_arrays.h"

#define WINDOW 2048 /* documents that are looked at together, by tables that stay in the nearest cache */
#define SPARSE 16   /* how much longer one list must be than another for a search in it to be cheaper than a pass */

/* The first place from `at` on whose document is not below `wanted`: ever wider steps, then halving. */
static Py_ssize_t seek(const int32_t *list, Py_ssize_t at, Py_ssize_t count, int32_t wanted)
{
    if (at >= count || list[at] >= wanted) return at;
    Py_ssize_t step = 1;
    while (at + step < count && list[at + step] < wanted) { at += step; step *= 2; }
    Py_ssize_t low = at + 1, high = at + step < count ? at + step : count;
    while (low < high) {
        const Py_ssize_t middle = low + (high - low) / 2;
        if (list[middle] < wanted) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* The places of what two lists share: each document of the one is looked up in the other, which is much longer. */
static Py_ssize_t share_by_search(const int32_t *one, Py_ssize_t count, const int32_t *other, Py_ssize_t other_count,
                                  int64_t *here, int64_t *there)
{
    Py_ssize_t found = 0, place = 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        place = seek(other, place, other_count, one[at]);
        if (place == other_count) break;
        here[found] = at;
        there[found] = place;
        found += other[place] == one[at];
    }
    return found;
}

typedef struct { uint8_t mark[WINDOW]; uint32_t place[WINDOW]; uint8_t turn; } Table;

/* Marks the documents of a window in a table; returns the place after them. */
static Py_ssize_t mark(Table *table, const int32_t *list, Py_ssize_t at, Py_ssize_t count, uint32_t base)
{
    if (!++table->turn) {
        memset(table->mark, 0, sizeof table->mark);
        table->turn = 1;
    }
    for (; at < count; at++) {
        const uint32_t offset = (uint32_t)list[at] - base;
        if (offset >= WINDOW) break;
        table->mark[offset] = table->turn;
        table->place[offset] = (uint32_t)at;
    }
    return at;
}

/* The same window after window, without a branch that cannot be foreseen. */
static Py_ssize_t share_by_windows(const int32_t *one, Py_ssize_t count, const int32_t *other, Py_ssize_t other_count,
                                   int64_t *here, int64_t *there)
{
    Table table;
    memset(&table, 0, sizeof table);
    Py_ssize_t found = 0, at = 0, place = 0;
    while (at < count && place < other_count) {
        const int32_t base = one[at] > other[place] ? one[at] : other[place];
        at = seek(one, at, count, base);
        place = mark(&table, other, seek(other, place, other_count, base), other_count, (uint32_t)base);
        for (; at < count; at++) {
            const uint32_t offset = (uint32_t)one[at] - (uint32_t)base;
            if (offset >= WINDOW) break;
            here[found] = at;
            there[found] = table.place[offset];
            found += table.mark[offset] == table.turn;
        }
    }
    return found;
}

static PyObject *fit(PyObject *bytes, Py_ssize_t size)
{
    if (bytes && PyBytes_GET_SIZE(bytes) != size) _PyBytes_Resize(&bytes, size);
    return bytes;
}

/* shared(one, other) -> (here, there): the places in both of the documents that are in both. */
static PyObject *shared(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *one, *other;
    if (!PyArg_ParseTuple(args, "OO", &one, &other)) return NULL;
    Array arrays[2] = {0};
    if (array_open(&arrays[0], one, 4, 0) < 0 || array_open(&arrays[1], other, 4, 0) < 0) {
        arrays_close(arrays, 2);
        return NULL;
    }
    const Array *a = &arrays[0], *b = &arrays[1];
    /* one more, since a place is written before it is known whether it counts */
    const Py_ssize_t most = (a->count < b->count ? a->count : b->count) + 1;
    PyObject *here = PyBytes_FromStringAndSize(NULL, most * 8), *there = PyBytes_FromStringAndSize(NULL, most * 8);
    Py_ssize_t found = 0;
    if (here && there) {
        int64_t *first = (int64_t *)PyBytes_AS_STRING(here), *second = (int64_t *)PyBytes_AS_STRING(there);
        Py_BEGIN_ALLOW_THREADS
        if (a->count * SPARSE < b->count) found = share_by_search(a->data, a->count, b->data, b->count, first, second);
        else if (b->count * SPARSE < a->count) found = share_by_search(b->data, b->count, a->data, a->count, second, first);
        else if (a->count <= b->count) found = share_by_windows(a->data, a->count, b->data, b->count, first, second);
        else found = share_by_windows(b->data, b->count, a->data, a->count, second, first);
        Py_END_ALLOW_THREADS
        here = fit(here, found * 8);
        there = fit(there, found * 8);
    }
    arrays_close(arrays, 2);
    if (here && there) return Py_BuildValue("NN", here, there);
    Py_XDECREF(here);
    Py_XDECREF(there);
    return NULL;
}

/* missing(documents, others) -> the places of the documents that are not among the others. */
static PyObject *missing(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object, *excluded;
    if (!PyArg_ParseTuple(args, "OO", &object, &excluded)) return NULL;
    Array arrays[2] = {0};
    if (array_open(&arrays[0], object, 4, 0) < 0 || array_open(&arrays[1], excluded, 4, 0) < 0) {
        arrays_close(arrays, 2);
        return NULL;
    }
    const int32_t *documents = arrays[0].data, *others = arrays[1].data;
    const Py_ssize_t count = arrays[0].count, other_count = arrays[1].count;
    PyObject *result = PyBytes_FromStringAndSize(NULL, count * 8);
    Py_ssize_t found = 0;
    if (result) {
        int64_t *out = (int64_t *)PyBytes_AS_STRING(result);
        Py_BEGIN_ALLOW_THREADS
        Table table;
        memset(&table, 0, sizeof table);
        for (Py_ssize_t at = 0, place = 0; at < count;) {
            const int32_t base = documents[at];
            place = mark(&table, others, seek(others, place, other_count, base), other_count, (uint32_t)base);
            for (; at < count; at++) {
                const uint32_t offset = (uint32_t)documents[at] - (uint32_t)base;
                if (offset >= WINDOW) break;
                out[found] = at;
                found += table.mark[offset] != table.turn;
            }
        }
        Py_END_ALLOW_THREADS
        result = fit(result, found * 8);
    }
    arrays_close(arrays, 2);
    return result;
}

typedef struct { const int32_t *documents; const float *scores; Py_ssize_t at, count; } List;

/* Adds up the scores of a list in a window; returns the place after them. */
static Py_ssize_t add(const List *list, uint32_t base, uint8_t *restrict there, float *restrict sum)
{
    const int32_t *documents = list->documents;
    const float *scores = list->scores;
    Py_ssize_t at = list->at;
    for (const Py_ssize_t count = list->count; at < count; at++) {
        const uint32_t offset = (uint32_t)documents[at] - base;
        if (offset >= WINDOW) break;
        there[offset] = 1;
        sum[offset] += scores[at];
    }
    return at;
}

/* What is in any list, its scores added up in the order of the lists. */
static Py_ssize_t add_up(List *lists, Py_ssize_t count, int32_t *restrict documents, float *restrict scores)
{
    uint8_t there[WINDOW] = {0};
    float sum[WINDOW] = {0};
    Py_ssize_t found = 0;
    for (;;) {
        int32_t base = INT32_MAX;
        int32_t last = 0;
        int more = 0;
        for (Py_ssize_t which = 0; which < count; which++) {
            if (lists[which].at == lists[which].count) continue;
            const int32_t next = lists[which].documents[lists[which].at];
            if (!more || next < base) base = next;
            more = 1;
        }
        if (!more) return found;
        for (Py_ssize_t which = 0; which < count; which++) {
            List *list = &lists[which];
            const Py_ssize_t before = list->at;
            list->at = add(list, (uint32_t)base, there, sum);
            if (list->at == before) continue;
            const int32_t offset = (int32_t)((uint32_t)list->documents[list->at - 1] - (uint32_t)base);
            if (offset > last) last = offset;
        }
        for (int32_t first = 0; first <= last; first += 8) {
            uint64_t any;
            memcpy(&any, there + first, sizeof any);
            if (!any) continue;
            for (int32_t offset = first; offset < first + 8; offset++) { /* what is not there is written over */
                documents[found] = (int32_t)((uint32_t)base + (uint32_t)offset);
                scores[found] = sum[offset];
                found += there[offset];
            }
            memset(there + first, 0, 8);
            memset(sum + first, 0, 8 * sizeof *sum);
        }
    }
}

/* either([(documents, scores), ...]) -> (documents, scores). */
static PyObject *either(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *list;
    if (!PyArg_ParseTuple(args, "O!", &PyList_Type, &list)) return NULL;
    const Py_ssize_t count = PyList_GET_SIZE(list);
    Array *arrays = PyMem_Calloc((size_t)(2 * count + 1), sizeof(Array));
    List *lists = PyMem_Calloc((size_t)count + 1, sizeof(List));
    PyObject *documents = NULL, *scores = NULL;
    int good = arrays && lists, fits = 1;
    Py_ssize_t all = 0, found = 0;
    for (Py_ssize_t at = 0; good && at < count; at++) {
        PyObject *numbers, *weights;
        good = PyArg_ParseTuple(PyList_GET_ITEM(list, at), "OO", &numbers, &weights) &&
               array_open(&arrays[2 * at], numbers, 4, 0) == 0 && array_open(&arrays[2 * at + 1], weights, 4, 0) == 0;
        if (!good) break;
        fits = fits && arrays[2 * at].count == arrays[2 * at + 1].count;
        lists[at] = (List){arrays[2 * at].data, arrays[2 * at + 1].data, 0, arrays[2 * at].count};
        all += arrays[2 * at].count;
    }
    if (good && fits) { /* one more, since a document is written before it is known whether it counts */
        documents = PyBytes_FromStringAndSize(NULL, (all + 1) * 4);
        scores = PyBytes_FromStringAndSize(NULL, (all + 1) * 4);
        good = documents && scores;
    }
    if (good && fits) {
        Py_BEGIN_ALLOW_THREADS
        found = add_up(lists, count, (int32_t *)PyBytes_AS_STRING(documents), (float *)PyBytes_AS_STRING(scores));
        Py_END_ALLOW_THREADS
        documents = fit(documents, found * 4);
        scores = fit(scores, found * 4);
    }
    if (arrays) arrays_close(arrays, 2 * count);
    PyMem_Free(arrays);
    PyMem_Free(lists);
    if (good && fits && documents && scores) return Py_BuildValue("NN", documents, scores);
    Py_XDECREF(documents);
    Py_XDECREF(scores);
    if (good && !fits) return refuse();
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* ---- the best: a heap whose root is the worst of those that are kept */

typedef struct { int64_t key, id, place; } Item;

static inline int is_worse(const Item *one, const Item *other)
{
    return one->key < other->key || (one->key == other->key && one->id < other->id);
}

static void sink(Item *heap, Py_ssize_t at, Py_ssize_t count)
{
    const Item item = heap[at];
    for (Py_ssize_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(&heap[child + 1], &heap[child])) child++;
        if (!is_worse(&heap[child], &item)) break;
        heap[at] = heap[child];
    }
    heap[at] = item;
}

static void order(Item *heap, Py_ssize_t count)
{
    for (Py_ssize_t at = count / 2; at-- > 0;) sink(heap, at, count);
}

/* Keeps an item where it is among the best; returns how many there are. It is a heap once it is full. */
static inline Py_ssize_t offer(Item *heap, Py_ssize_t filled, Py_ssize_t room, Item item)
{
    if (filled < room) {
        heap[filled++] = item;
        if (filled == room) order(heap, room);
    } else if (is_worse(&heap[0], &item)) {
        heap[0] = item;
        sink(heap, 0, room);
    }
    return filled;
}

/* The best first. */
static void sort(Item *heap, Py_ssize_t count)
{
    order(heap, count);
    while (count-- > 1) {
        const Item worst = heap[0];
        heap[0] = heap[count];
        heap[count] = worst;
        sink(heap, 0, count);
    }
}

/* A number in the order of the scores. */
static inline int64_t of_score(float score)
{
    int32_t bits;
    memcpy(&bits, &score, sizeof bits);
    if (score == 0) bits = 0; /* there are two zeros */
    return bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
}

typedef struct { const int32_t *documents; const float *scores; const int64_t *column, *ids; Py_ssize_t count, ids_count; } Found;

#define AT_ONCE 32

/* Whether any of the next scores may be among the best: no branch, so that they are compared several at a time. */
static inline int is_any(const float *scores, float least)
{
    int any = 0;
    for (int at = 0; at < AT_ONCE; at++) any |= scores[at] >= least;
    return any;
}

/* Fills the heap, `room` large; returns how many there are, or -1 where a document has no number. */
static Py_ssize_t choose(const Found *found, Item *heap, Py_ssize_t room)
{
    Py_ssize_t filled = 0;
    float least = 0;
    for (Py_ssize_t at = 0; at < found->count; at++) {
        if (filled == room && found->scores)
            while (at + AT_ONCE <= found->count && !is_any(found->scores + at, least)) at += AT_ONCE;
        if (at == found->count) break;
        const int32_t document = found->documents[at];
        if (document < 0 || document >= found->ids_count) return -1;
        const Item item = {found->scores ? of_score(found->scores[at]) : found->column[document], found->ids[document], at};
        filled = offer(heap, filled, room, item);
        if (filled == room && found->scores) least = found->scores[heap[0].place];
    }
    return filled;
}

/* best(documents, scores or None, column or None, ids, count) -> places: the best first. By scores where they are given,
 * else by the numbers that the column has for the documents; among equals the highest id is first. */
static PyObject *best(PyObject *Py_UNUSED(module), PyObject *args)
{
    enum { DOCUMENTS, SCORES, COLUMN, IDS, ALL };
    PyObject *objects[ALL], *result = NULL;
    Py_ssize_t count;
    if (!PyArg_ParseTuple(args, "OOOOn", &objects[DOCUMENTS], &objects[SCORES], &objects[COLUMN], &objects[IDS], &count)) return NULL;
    static const Py_ssize_t sizes[ALL] = {4, 4, 8, 8};
    Array arrays[ALL] = {0};
    for (int at = 0; at < ALL; at++)
        if (objects[at] != Py_None && array_open(&arrays[at], objects[at], sizes[at], 0) < 0) {
            arrays_close(arrays, ALL);
            return NULL;
        }
    const Found found = {arrays[DOCUMENTS].data, arrays[SCORES].data, arrays[COLUMN].data, arrays[IDS].data,
                         arrays[DOCUMENTS].count, arrays[IDS].count};
    const int by_scores = objects[SCORES] != Py_None;
    const int fits = objects[DOCUMENTS] != Py_None && objects[IDS] != Py_None && count >= 0 &&
                     (by_scores ? arrays[SCORES].count == found.count
                                : objects[COLUMN] != Py_None && arrays[COLUMN].count == found.ids_count);
    const Py_ssize_t room = count < found.count ? count : found.count;
    Item *heap = fits ? PyMem_Malloc((size_t)(room + 1) * sizeof(Item)) : NULL;
    Py_ssize_t filled = heap ? 0 : -1;
    if (heap && room) {
        Py_BEGIN_ALLOW_THREADS
        filled = choose(&found, heap, room);
        Py_END_ALLOW_THREADS
    }
    if (filled >= 0 && (result = PyBytes_FromStringAndSize(NULL, filled * 8))) {
        sort(heap, filled);
        for (Py_ssize_t at = 0; at < filled; at++) ((int64_t *)PyBytes_AS_STRING(result))[at] = heap[at].place;
    }
    PyMem_Free(heap);
    arrays_close(arrays, ALL);
    if (result || PyErr_Occurred()) return result;
    return fits && !heap ? PyErr_NoMemory() : refuse();
}

/* count(codes, documents, size, most) -> (codes, counts): how many of the documents have each code below `size`, the
 * most frequent first, among equals the lowest code; `codes` has that of every document. */
static PyObject *count(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *objects[2], *codes = NULL, *counts = NULL;
    Py_ssize_t size, most;
    if (!PyArg_ParseTuple(args, "OOnn", &objects[0], &objects[1], &size, &most)) return NULL;
    Array arrays[2] = {0};
    if (array_open(&arrays[0], objects[0], 4, 0) < 0 || array_open(&arrays[1], objects[1], 4, 0) < 0) {
        arrays_close(arrays, 2);
        return NULL;
    }
    const int32_t *code_of = arrays[0].data, *documents = arrays[1].data;
    const Py_ssize_t all = arrays[0].count;
    int fits = size >= 0 && size < INT32_MAX && most >= 0;
    const Py_ssize_t room = most < size ? most : size;
    uint32_t *number = fits ? PyMem_Calloc((size_t)size + 1, sizeof *number) : NULL;
    Item *heap = fits ? PyMem_Malloc((size_t)(room + 1) * sizeof *heap) : NULL;
    Py_ssize_t filled = 0;
    if (number && heap) {
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t at = 0; fits && at < arrays[1].count; at++) {
            if (documents[at] < 0 || documents[at] >= all) fits = 0;
            else if ((uint32_t)code_of[documents[at]] < (uint32_t)size) number[code_of[documents[at]]]++;
        }
        for (Py_ssize_t code = 0; room && code < size; code++)
            if (number[code]) filled = offer(heap, filled, room, (Item){number[code], -code, code});
        sort(heap, filled);
        Py_END_ALLOW_THREADS
        codes = PyBytes_FromStringAndSize(NULL, filled * 8);
        counts = PyBytes_FromStringAndSize(NULL, filled * 8);
        for (Py_ssize_t at = 0; codes && counts && at < filled; at++) {
            ((int64_t *)PyBytes_AS_STRING(codes))[at] = heap[at].place;
            ((int64_t *)PyBytes_AS_STRING(counts))[at] = heap[at].key;
        }
    }
    PyMem_Free(number);
    PyMem_Free(heap);
    arrays_close(arrays, 2);
    if (fits && codes && counts) return Py_BuildValue("NN", codes, counts);
    Py_XDECREF(codes);
    Py_XDECREF(counts);
    if (!fits) return refuse();
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyMethodDef functions[] = {
    {"shared", shared, METH_VARARGS, "(documents, documents) -> (places, places)"},
    {"missing", missing, METH_VARARGS, "(documents, others) -> places"},
    {"either", either, METH_VARARGS, "([(documents, scores), ...]) -> (documents, scores)"},
    {"best", best, METH_VARARGS, "(documents, scores, column, ids, count) -> places"},
    {"count", count, METH_VARARGS, "(codes, documents, size, most) -> (codes, counts)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_results", NULL, 0, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__results(void) { return PyModule_Create(&module); }
