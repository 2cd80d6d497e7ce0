/* Walks front-coded strings in search of a word: the fast half of index/spellings.py, which says what is promised. */
#define _GNU_SOURCE /* memmem */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LETTERS = 62, MOST_EDITS = 3, MOST_ROWS = MOST_LETTERS + MOST_EDITS + 2 };

/* Consecutive strings of a dictionary: each keeps `shared` bytes of the one before and adds `rest` bytes of `text`.
 * What is looked at of each begins after `skip` bytes and ends before the byte `stop`, or with the string. */
typedef struct {
    const uint8_t *shared, *text;
    const void *rest;
    Py_ssize_t count, size, skip, first, last;
    int wide, stop;
    Py_buffer views[3];
} Walk;

static void walk_close(Walk *walk)
{
    for (int at = 0; at < 3; at++)
        if (walk->views[at].obj) PyBuffer_Release(&walk->views[at]);
}

static int walk_open(Walk *walk, PyObject **objects)
{
    for (int at = 0; at < 3; at++)
        if (PyObject_GetBuffer(objects[at], &walk->views[at], PyBUF_C_CONTIGUOUS) < 0) { walk_close(walk); return -1; }
    walk->shared = walk->views[0].buf;
    walk->rest = walk->views[1].buf;
    walk->text = walk->views[2].buf;
    walk->count = walk->views[0].len;
    walk->size = walk->views[2].len;
    walk->wide = walk->views[1].itemsize == 4;
    int good = walk->views[0].itemsize == 1 && (walk->wide || walk->views[1].itemsize == 1) &&
               walk->views[1].len == walk->count * walk->views[1].itemsize && 0 <= walk->first &&
               walk->first <= walk->last && walk->last <= walk->count && walk->skip >= 0;
    if (good) return 0;
    walk_close(walk);
    PyErr_SetString(PyExc_ValueError, "these are no front-coded strings");
    return -1;
}

static Py_ssize_t rest_of(const Walk *walk, Py_ssize_t at)
{
    return walk->wide ? (Py_ssize_t)((const uint32_t *)walk->rest)[at] : ((const uint8_t *)walk->rest)[at];
}

typedef struct { int64_t *items; Py_ssize_t count, room; } Found;

static int found_add(Found *found, int64_t item)
{
    if (found->count == found->room) {
        Py_ssize_t room = found->room ? 2 * found->room : 256;
        int64_t *items = PyMem_RawRealloc(found->items, (size_t)room * sizeof(int64_t));
        if (!items) return -1;
        found->items = items;
        found->room = room;
    }
    found->items[found->count++] = item;
    return 0;
}

enum { DONE, NO_MEMORY, BROKEN };

static PyObject *finish(Walk *walk, Found *found, int how)
{
    PyObject *result = NULL;
    if (how == NO_MEMORY) PyErr_NoMemory();
    else if (how == BROKEN) PyErr_SetString(PyExc_ValueError, "these are no front-coded strings");
    else result = PyBytes_FromStringAndSize((const char *)found->items, found->count * (Py_ssize_t)sizeof(int64_t));
    PyMem_RawFree(found->items);
    walk_close(walk);
    return result;
}

/* ---- strings that are alike */

/* An automaton of words that are near one (Wu and Manber, "Fast text searching allowing errors", 1992): after some
 * letters of a string, bit i of `state[e]` is set where e edits at most make the first i letters of the word of them. */
typedef struct {
    uint32_t word[MOST_LETTERS];
    uint64_t ascii[128];                          /* where in the word a letter stands, bit i for its i-th */
    uint64_t state[MOST_ROWS][MOST_EDITS + 1];    /* after the first k letters of the current string */
    uint64_t stands[MOST_ROWS];                   /* where in the word the k-th of them stands */
    uint8_t current[4 * MOST_ROWS];
    Py_ssize_t offset[MOST_ROWS];                 /* where each letter begins */
    int letters, edits;
} Automaton;

static void automaton_begin(Automaton *self, Py_ssize_t skip)
{
    memset(self->ascii, 0, sizeof self->ascii);
    for (int at = 0; at < self->letters; at++)
        if (self->word[at] < 128) self->ascii[self->word[at]] |= (uint64_t)1 << at;
    for (int e = 0; e <= self->edits; e++) self->state[0][e] = ((uint64_t)2 << e) - 1;
    self->offset[0] = skip;
}

static uint64_t stands_at(const Automaton *self, uint32_t letter)
{
    uint64_t places = 0;
    if (letter < 128) return self->ascii[letter];
    for (int at = 0; at < self->letters; at++)
        if (self->word[at] == letter) places |= (uint64_t)1 << at;
    return places;
}

/* Read letter k; false where nothing near the word begins so. */
static int automaton_read(Automaton *self, int k, uint32_t letter)
{
    const uint64_t *before = self->state[k], all = ((uint64_t)2 << self->letters) - 1;
    uint64_t *after = self->state[k + 1];
    const uint64_t stands = self->stands[k] = stands_at(self, letter);
    uint64_t alive = after[0] = (before[0] & stands) << 1;
    for (int e = 1; e <= self->edits; e++) {
        uint64_t next = (before[e] & stands) << 1          /* the same letter */
                        | before[e - 1]                    /* one more */
                        | (before[e - 1] | after[e - 1]) << 1; /* another, or one less */
        if (k) next |= (((self->state[k - 1][e - 1] & stands) << 1) & self->stands[k - 1]) << 1; /* exchanged */
        alive |= after[e] = next & all;
    }
    return alive != 0;
}

/* How many edits make the word of the first k letters of the string; more than `edits` where it is not near. */
static int automaton_distance(const Automaton *self, int k)
{
    int e = 0;
    while (e <= self->edits && !(self->state[k][e] >> self->letters & 1)) e++;
    return e;
}

/* The letter at `at`, and where the next one begins; -1 where the bytes are cut off. */
static Py_ssize_t next_letter(const uint8_t *text, Py_ssize_t at, Py_ssize_t end, uint32_t *letter)
{
    const uint8_t lead = text[at];
    const int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (end - at <= more) return -1;
    *letter = more == 0 ? lead : more == 1 ? lead & 31u : more == 2 ? lead & 15u : lead & 7u;
    for (int step = 1; step <= more; step++) *letter = *letter << 6 | (text[at + step] & 63u);
    return at + more + 1;
}

static int find_alike(const Walk *walk, Py_ssize_t number, Py_ssize_t read, Automaton *near, Found *found)
{
    int k = 0;              /* letters of the string that were read */
    Py_ssize_t dead = 0;    /* strings that share so many bytes are too far from the word, too; 0 for none */
    Py_ssize_t before = 0;  /* bytes of the string before */
    automaton_begin(near, walk->skip);
    for (; number < walk->last; number++) {
        const Py_ssize_t shared = walk->shared[number], rest = rest_of(walk, number), size = shared + rest;
        if (rest > walk->size - read || shared > before) return BROKEN;
        before = size;
        if (dead && shared >= dead) { read += rest; continue; } /* the bytes before `dead` stay as they are */
        if (shared < (Py_ssize_t)sizeof near->current) {
            const Py_ssize_t room = (Py_ssize_t)sizeof near->current - shared;
            memcpy(near->current + shared, walk->text + read, (size_t)(rest < room ? rest : room));
        }
        read += rest;
        dead = 0;
        while (k && near->offset[k] > shared) k--;
        const Py_ssize_t end = size < (Py_ssize_t)sizeof near->current ? size : (Py_ssize_t)sizeof near->current;
        while (near->offset[k] < end && near->current[near->offset[k]] != walk->stop) {
            uint32_t letter;
            const Py_ssize_t next = next_letter(near->current, near->offset[k], end, &letter);
            if (next < 0) return BROKEN;
            const int is_near = automaton_read(near, k, letter);
            near->offset[++k] = next;
            if (!is_near) { dead = next; break; }
        }
        if (dead || number < walk->first) continue;
        const int distance = automaton_distance(near, k);
        if (distance <= near->edits && (found_add(found, number) < 0 || found_add(found, distance) < 0))
            return NO_MEMORY;
    }
    return DONE;
}

static PyObject *alike(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *objects[3];
    Py_buffer word;
    Walk walk = {0};
    Found found = {0};
    Automaton near;
    Py_ssize_t number, read;
    if (!PyArg_ParseTuple(args, "OOOnnnnniy*i", &objects[0], &objects[1], &objects[2], &number, &read, &walk.first,
                          &walk.last, &walk.skip, &walk.stop, &word, &near.edits))
        return NULL;
    near.letters = (int)(word.len / 4);
    if (!(word.len && word.len <= 4 * MOST_LETTERS && 0 < near.edits && near.edits <= MOST_EDITS)) {
        PyBuffer_Release(&word);
        PyErr_SetString(PyExc_ValueError, "the word is too long, or differs too much");
        return NULL;
    }
    memcpy(near.word, word.buf, (size_t)word.len);
    PyBuffer_Release(&word);
    if (walk_open(&walk, objects) < 0) return NULL;
    int how;
    Py_BEGIN_ALLOW_THREADS
    how = number < 0 || number > walk.first || read < 0 || read > walk.size
              ? BROKEN : find_alike(&walk, number, read, &near, &found);
    Py_END_ALLOW_THREADS
    return finish(&walk, &found, how);
}

/* ---- strings that contain */

static int find_containing(const Walk *walk, Py_ssize_t number, Py_ssize_t read, const uint8_t *part, Py_ssize_t length,
                           Found *found)
{
    uint8_t *current = NULL;
    Py_ssize_t room = 0, before = 0;
    Py_ssize_t had = 0; /* where the first occurrence in the string ends; 0 for none */
    int how = DONE;
    for (; how == DONE && number < walk->last; number++) {
        const Py_ssize_t shared = walk->shared[number], rest = rest_of(walk, number), size = shared + rest;
        if (rest > walk->size - read || shared > before) { how = BROKEN; break; }
        before = size;
        if (size > room) {
            uint8_t *more = PyMem_RawRealloc(current, (size_t)(2 * size + 64));
            if (!more) { how = NO_MEMORY; break; }
            current = more;
            room = 2 * size + 64;
        }
        memcpy(current + shared, walk->text + read, (size_t)rest);
        read += rest;
        if (!had || had > shared) {
            Py_ssize_t from = shared - length + 1;
            if (from < walk->skip) from = walk->skip;
            const uint8_t *at = from < size ? memmem(current + from, (size_t)(size - from), part, (size_t)length) : NULL;
            had = at ? at - current + length : 0;
        }
        if (had && number >= walk->first && found_add(found, number) < 0) how = NO_MEMORY;
    }
    PyMem_RawFree(current);
    return how;
}

static PyObject *containing(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *objects[3];
    Py_buffer part;
    Walk walk = {0};
    Found found = {0};
    Py_ssize_t number, read;
    if (!PyArg_ParseTuple(args, "OOOnnnnny*", &objects[0], &objects[1], &objects[2], &number, &read, &walk.first,
                          &walk.last, &walk.skip, &part))
        return NULL;
    if (walk_open(&walk, objects) < 0) { PyBuffer_Release(&part); return NULL; }
    int how;
    Py_BEGIN_ALLOW_THREADS
    how = number < 0 || number > walk.first || read < 0 || read > walk.size || !part.len
              ? BROKEN : find_containing(&walk, number, read, part.buf, part.len, &found);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&part);
    return finish(&walk, &found, how);
}

static PyMethodDef functions[] = {
    {"alike", alike, METH_VARARGS,
     "(shared, rest, text, number, read, first, last, skip, stop, word, edits) -> number and distance of each."},
    {"containing", containing, METH_VARARGS,
     "(shared, rest, text, number, read, first, last, skip, part) -> the number of each."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_spellings", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__spellings(void) { return PyModule_Create(&module); }
