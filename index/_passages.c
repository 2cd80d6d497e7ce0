/* Chooses the passages of a text that show its matches best: the fast form of index/passages.py, which says what is
 * promised and has the same in Python, name by name.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

typedef struct { Py_ssize_t start, end; int part; } Match;
typedef struct { uint64_t parts; Py_ssize_t matches, start, end; } Window;
typedef struct { int width; const void *data; Py_ssize_t length; } Text;

#define CODE(text, at) PyUnicode_READ((text)->width, (text)->data, at)
#define MOST_IN_WINDOW 50
#define EDGE 40
#define LEAST_SPARE 60
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

static int is_break(const Text *text, Py_ssize_t at)
{
    return CODE(text, at) == '\n' && at + 1 < text->length && CODE(text, at + 1) == '\n';
}

/* The first paragraph break that lies within, or `end`. */
static Py_ssize_t find_break(const Text *text, Py_ssize_t start, Py_ssize_t end)
{
    end = MIN(end, text->length);
    for (Py_ssize_t at = start; at + 1 < end; at++)
        if (is_break(text, at)) return at;
    return -1;
}

static void make_windows(const Text *text, const Match *matches, Py_ssize_t count, Py_ssize_t size, Window *windows)
{
    for (Py_ssize_t at = 0; at < count; at++) {
        Window window = {1ull << matches[at].part, 1, matches[at].start, matches[at].end};
        Py_ssize_t limit = window.start + size - EDGE, found = find_break(text, window.start, limit);
        if (found >= 0) limit = found;
        for (Py_ssize_t other = at + 1; other < count && other <= at + MOST_IN_WINDOW; other++) {
            if (matches[other].end > limit) break;
            window.parts |= 1ull << matches[other].part;
            window.matches++;
            window.end = MAX(window.end, matches[other].end);
        }
        windows[at] = window;
    }
}

/* Whether the first is better, where `seen` has the parts that are shown already. */
static int is_better(const Window *one, const Window *other, uint64_t seen)
{
    int new_one = __builtin_popcountll(one->parts & ~seen), new_other = __builtin_popcountll(other->parts & ~seen);
    if (new_one != new_other) return new_one > new_other;
    int all_one = __builtin_popcountll(one->parts), all_other = __builtin_popcountll(other->parts);
    if (all_one != all_other) return all_one > all_other;
    if (one->matches != other->matches) return one->matches > other->matches;
    if (one->start != other->start) return one->start < other->start;
    if (one->parts != other->parts) return one->parts > other->parts;
    return one->end > other->end;
}

/* The best windows come to the front, in the order in which they are chosen; returns how many. */
static Py_ssize_t choose(Window *windows, Py_ssize_t count, Py_ssize_t most, Py_ssize_t size, Window *chosen)
{
    uint64_t everything = 0, seen = 0;
    Py_ssize_t taken = 0;
    for (Py_ssize_t at = 0; at < count; at++) everything |= windows[at].parts;
    while (count && taken < most) {
        Window best = windows[0];
        for (Py_ssize_t at = 1; at < count; at++)
            if (is_better(&windows[at], &best, seen)) best = windows[at];
        Py_ssize_t place = taken++, left = 0;
        for (; place && chosen[place - 1].start > best.start; place--) chosen[place] = chosen[place - 1];
        chosen[place] = best;
        seen |= best.parts;
        if (seen == everything) seen = 0;
        for (Py_ssize_t at = 0; at < count; at++)
            if (windows[at].start >= best.end + size || windows[at].end <= best.start - size) windows[left++] = windows[at];
        count = left;
    }
    return taken;
}

static int is_in(Py_UCS4 code, const Py_UCS4 *set)
{
    for (; *set; set++)
        if (*set == code) return 1;
    return 0;
}

static const Py_UCS4 ENDS[] = {'.', '!', '?', 0x3002, 0xff01, 0xff1f, 0x61f, 0x2026, 0}, /* 。！？؟… */
    FULL[] = {0x3002, 0xff01, 0xff1f, 0},
    CLOSING[] = {'"', '\'', 0x201d, 0x2019, 0xbb, ')', ']', 0};

/* Where the end of a sentence that begins at `at` has its end, within `end`; -1: none begins there. */
static Py_ssize_t sentence_end(const Text *text, Py_ssize_t at, Py_ssize_t end)
{
    if (at < end) {
        const Py_UCS4 code = CODE(text, at);
        if (code == '\n') return at + 1;
        if (is_in(code, ENDS)) {
            Py_ssize_t after = at + 1;
            while (after < end && is_in(CODE(text, after), CLOSING)) after++;
            const Py_ssize_t space = after;
            while (after < end && Py_UNICODE_ISSPACE(CODE(text, after))) after++;
            if (after > space) return after;
        }
    }
    return at && is_in(CODE(text, at - 1), FULL) ? at : -1;
}

static Py_ssize_t begin(const Text *text, Py_ssize_t earliest, Py_ssize_t latest, Py_ssize_t paragraph)
{
    if (earliest <= paragraph) return paragraph;
    for (Py_ssize_t at = earliest; at <= latest; at++) {
        Py_ssize_t found = sentence_end(text, at, latest);
        if (found >= 0) return found;
    }
    for (Py_ssize_t at = earliest; at < latest; at++)
        if (Py_UNICODE_ISSPACE(CODE(text, at))) {
            while (at < latest && Py_UNICODE_ISSPACE(CODE(text, at))) at++;
            return at;
        }
    return earliest;
}

static Py_ssize_t finish(const Text *text, Py_ssize_t earliest, Py_ssize_t latest)
{
    if (latest >= text->length || CODE(text, latest) == '\n') return latest;
    Py_ssize_t last = -1;
    for (Py_ssize_t at = earliest; at <= latest;) {
        Py_ssize_t found = sentence_end(text, at, latest);
        if (found >= 0) last = found;
        at = found > at ? found : at + 1;
    }
    if (last > earliest + (latest - earliest) / 2) {
        while (last && Py_UNICODE_ISSPACE(CODE(text, last - 1))) last--;
        return last;
    }
    for (Py_ssize_t at = latest - 1; at > earliest; at--)
        if (CODE(text, at) == ' ' || CODE(text, at) == '\n') return at;
    return latest;
}

/* The matches within, those that overlap as one, as a tuple of pairs relative to `start`. */
static PyObject *marks_of(const Match *matches, Py_ssize_t count, Py_ssize_t start, Py_ssize_t end)
{
    PyObject *marks = PyList_New(0);
    Py_ssize_t first = -1, last = -1;
    for (Py_ssize_t at = 0; marks && at <= count; at++) {
        const int over = at == count || matches[at].start >= end;
        if (!over && (matches[at].start < start || matches[at].end > end)) continue;
        if (!over && first >= 0 && matches[at].start < last) {
            last = MAX(last, matches[at].end);
            continue;
        }
        if (first >= 0) {
            PyObject *mark = Py_BuildValue("nn", first - start, last - start);
            if (!mark || PyList_Append(marks, mark) < 0) Py_CLEAR(marks);
            Py_XDECREF(mark);
        }
        if (over) break;
        first = matches[at].start;
        last = matches[at].end;
    }
    PyObject *tuple = marks ? PyList_AsTuple(marks) : NULL;
    Py_XDECREF(marks);
    return tuple;
}

static PyObject *cut(const Text *text, const Window *window, const Match *matches, Py_ssize_t count, Py_ssize_t size)
{
    Py_ssize_t opening = 0, paragraph = 1, closing = find_break(text, window->end, text->length);
    for (Py_ssize_t at = 0; at + 1 < window->start;)
        if (is_break(text, at)) {
            opening = at += 2;
            paragraph++;
        } else at++;
    if (closing < 0) closing = text->length;
    const Py_ssize_t spare = MAX(size - (window->end - window->start), LEAST_SPARE);
    const Py_ssize_t start = begin(text, MAX(opening, window->start - spare / 2), window->start, opening);
    const Py_ssize_t end = finish(text, window->end, MIN(closing, MAX(start + size, window->end + 30)));
    PyObject *marks = marks_of(matches, count, start, end);
    if (!marks) return NULL;
    return Py_BuildValue("nnNNnN", start, end, PyBool_FromLong(start > opening), PyBool_FromLong(end < closing),
                         paragraph, marks);
}

static int read_matches(PyObject *list, Match *matches)
{
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(list); at++) {
        PyObject *match = PyList_GET_ITEM(list, at);
        if (!PyTuple_Check(match) || PyTuple_GET_SIZE(match) != 3) {
            PyErr_SetString(PyExc_TypeError, "a match is (start, end, part)");
            return -1;
        }
        matches[at].start = PyLong_AsSsize_t(PyTuple_GET_ITEM(match, 0));
        matches[at].end = PyLong_AsSsize_t(PyTuple_GET_ITEM(match, 1));
        const long part = PyLong_AsLong(PyTuple_GET_ITEM(match, 2));
        if (PyErr_Occurred()) return -1;
        matches[at].part = part < 0 || part > 63 ? 63 : (int)part; /* what is beyond counts as one part */
    }
    return 0;
}

static PyObject *best_passages(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *body, *list;
    Py_ssize_t most, size;
    if (!PyArg_ParseTuple(args, "UO!nn", &body, &PyList_Type, &list, &most, &size)) return NULL;
    const Text text = {PyUnicode_KIND(body), PyUnicode_DATA(body), PyUnicode_GET_LENGTH(body)};
    const Py_ssize_t count = PyList_GET_SIZE(list);
    if (most < 1) most = 1;
    PyObject *found = NULL;
    Match *matches = PyMem_Malloc((size_t)MAX(count, 1) * sizeof(Match));
    Window *windows = PyMem_Malloc((size_t)MAX(count, 1) * sizeof(Window));
    Window *chosen = PyMem_Malloc((size_t)MIN(MAX(count, 1), most) * sizeof(Window));
    if (!matches || !windows || !chosen) { PyErr_NoMemory(); goto done; }
    if (read_matches(list, matches) < 0) goto done;
    for (Py_ssize_t at = 0; at < count; at++)
        if (matches[at].start < 0 || matches[at].end > text.length || matches[at].start > matches[at].end) {
            PyErr_SetString(PyExc_ValueError, "a match is not in the text");
            goto done;
        }
    Py_ssize_t taken = 1;
    chosen[0] = (Window){0, 0, 0, 0}; /* without a match: how the text begins */
    if (count) {
        make_windows(&text, matches, count, size, windows);
        taken = choose(windows, count, most, size, chosen);
    }
    found = PyList_New(taken);
    for (Py_ssize_t at = 0; found && at < taken; at++) {
        PyObject *passage = cut(&text, &chosen[at], matches, count, size);
        if (passage) PyList_SET_ITEM(found, at, passage);
        else Py_CLEAR(found);
    }
done:
    PyMem_Free(matches);
    PyMem_Free(windows);
    PyMem_Free(chosen);
    return found;
}

static PyMethodDef functions[] = {
    {"best_passages", best_passages, METH_VARARGS, "See index.passages.best_passages; the last argument is PASSAGE."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_passages", NULL, 0, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__passages(void)
{
    return PyModule_Create(&module);
}
