/* Finds the words of texts and numbers them: the fast half of index/scan.py, which says what is promised.
 *
 * A stretch of letters and digits alone is folded here, character by character, and looked up in a table of forms. A
 * stretch of a script without spaces becomes pairs. Whatever holds more (apostrophes, points, marks, letters that fold to
 * several) is given to Python once and remembered. Equality of two forms is always that of their bytes.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { SEPARATOR, LETTER, DIGIT, UNSPACED, MARK, APOSTROPHE, POINT, COMMA, UNSPACED_MARK, WHOLE, UNKNOWN };
#define KIND 0x0f
#define SMALL 0x10 /* a small Latin letter: what the letters before the s of a plural acronym are not */
#define UPPER 0x20 /* a letter in upper case */
#define LOWER 0x40 /* a letter in lower case */
#define CODES 0x110000
#define SOFT_HYPHEN 0xad /* part of a word, but not of a stretch without spaces */
#define NO_FOLD 0xffffffu
#define KIND_OF(info) ((info) >> 24)
#define FOLD_OF(info) ((info) & 0xffffffu)

/* ---- growing memory */

typedef struct { char *data; size_t used, size; } Buffer;

static int reserve(Buffer *buffer, size_t more)
{
    if (buffer->used + more <= buffer->size) return 0;
    size_t size = buffer->size ? buffer->size : 4096;
    while (size < buffer->used + more) size *= 2;
    char *data = PyMem_RawRealloc(buffer->data, size);
    if (!data) { PyErr_NoMemory(); return -1; }
    buffer->data = data;
    buffer->size = size;
    return 0;
}

static inline int append(Buffer *buffer, const void *data, size_t length)
{
    if (buffer->used + length > buffer->size && reserve(buffer, length) < 0) return -1;
    memcpy(buffer->data + buffer->used, data, length);
    buffer->used += length;
    return 0;
}

/* ---- tables from strings to numbers: open addressing, every hit compared byte by byte */

typedef struct { int64_t value; uint32_t hash, length; } Entry; /* and then the string */
typedef struct { uint32_t hash, place; } Slot; /* the entry's place in units of eight bytes, plus one; 0: none */
typedef struct { Slot *slots; size_t mask, count; Buffer entries; } Table;

#define ENTRY(table, place) ((Entry *)((table)->entries.data + (place)))
#define TEXT(entry) ((char *)(entry) + sizeof(Entry))
#define SIZE(length) ((sizeof(Entry) + (length) + 7) & ~(size_t)7)

static uint32_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 0x9E3779B97F4A7C15ull ^ length;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdull;
        hash ^= hash >> 32;
        text += 8;
        length -= 8;
    }
    uint64_t word = 0;
    memcpy(&word, text, length);
    hash = (hash ^ word) * 0xc4ceb9fe1a85ec53ull;
    return (uint32_t)(hash ^ (hash >> 29));
}

static void table_place(Table *table, uint32_t hash, uint64_t place)
{
    size_t slot = hash & table->mask;
    while (table->slots[slot].place) slot = (slot + 1) & table->mask;
    table->slots[slot].hash = hash;
    table->slots[slot].place = (uint32_t)(place / 8) + 1;
}

static int table_grow(Table *table)
{
    size_t size = table->mask ? 2 * (table->mask + 1) : 16;
    Slot *slots = PyMem_RawCalloc(size, sizeof(Slot));
    if (!slots) { PyErr_NoMemory(); return -1; }
    PyMem_RawFree(table->slots);
    table->slots = slots;
    table->mask = size - 1;
    for (uint64_t place = 0; place < table->entries.used; place += SIZE(ENTRY(table, place)->length))
        table_place(table, ENTRY(table, place)->hash, place);
    return 0;
}

static Entry *table_find(const Table *table, const char *text, size_t length, uint32_t hash)
{
    for (size_t slot = hash & table->mask; table->slots[slot].place; slot = (slot + 1) & table->mask) {
        if (table->slots[slot].hash != hash) continue;
        Entry *entry = ENTRY(table, ((uint64_t)table->slots[slot].place - 1) * 8);
        if (entry->length == length && memcmp(TEXT(entry), text, length) == 0) return entry;
    }
    return NULL;
}

static int table_add(Table *table, const char *text, size_t length, uint32_t hash, int64_t value)
{
    uint64_t place = table->entries.used;
    if (length > UINT32_MAX - 64 || place / 8 >= UINT32_MAX - 1) { PyErr_SetString(PyExc_OverflowError, "too many words"); return -1; }
    if (reserve(&table->entries, SIZE(length)) < 0) return -1;
    Entry *entry = ENTRY(table, place);
    entry->value = value;
    entry->hash = hash;
    entry->length = (uint32_t)length;
    memcpy(TEXT(entry), text, length);
    table->entries.used += SIZE(length);
    if (2 * ++table->count > table->mask) return table_grow(table);
    table_place(table, hash, place);
    return 0;
}

static void table_free(Table *table)
{
    PyMem_RawFree(table->slots);
    PyMem_RawFree(table->entries.data);
}

/* ---- what is wanted when finding */

static const char WANTED[] = "index._scan.wanted";

/* The forms, and which two bytes they begin with: most words of a text are none of them, and need no look into a table. */
typedef struct { Table table; uint32_t beginnings[32]; } Wanted; /* a bit for each two bytes, five bits of each */

#define SECOND(form, length) ((length) > 1 ? (form)[1] & 31 : 0)

static inline int may_be_wanted(const Wanted *wanted, const char *form, size_t length)
{
    return wanted->beginnings[form[0] & 31] >> SECOND(form, length) & 1;
}

static void wanted_free(PyObject *capsule)
{
    Wanted *wanted = PyCapsule_GetPointer(capsule, WANTED);
    if (wanted) table_free(&wanted->table);
    PyMem_RawFree(wanted);
}

static PyObject *wanted_new(PyObject *Py_UNUSED(module), PyObject *forms)
{
    PyObject *list = PySequence_Fast(forms, "forms are a sequence");
    Wanted *wanted = list ? PyMem_RawCalloc(1, sizeof(Wanted)) : NULL;
    if (!wanted || table_grow(&wanted->table) < 0) goto failed;
    for (Py_ssize_t at = 0; at < PySequence_Fast_GET_SIZE(list); at++) {
        Py_ssize_t length;
        const char *form = PyUnicode_AsUTF8AndSize(PySequence_Fast_GET_ITEM(list, at), &length);
        if (!form || table_add(&wanted->table, form, (size_t)length, hash_of(form, (size_t)length), at) < 0) goto failed;
        if (length) wanted->beginnings[form[0] & 31] |= 1u << SECOND(form, length);
    }
    Py_DECREF(list);
    PyObject *capsule = PyCapsule_New(wanted, WANTED, wanted_free);
    if (capsule) return capsule;
    list = NULL;
failed:
    Py_XDECREF(list);
    if (wanted) table_free(&wanted->table);
    PyMem_RawFree(wanted);
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* ---- the scanner */

typedef struct { uint64_t place; uint32_t start, end, position; } Part; /* a word in a chunk: its form's place, and its own */

#define QUEUE 64
typedef struct { uint32_t hash, length; size_t place; uint32_t position; int capitals; } Queued;

typedef struct {
    PyObject_HEAD
    PyObject *classify; /* code point -> (kind, folded code point or -1) */
    PyObject *analyse;  /* (chunk, dialect) -> forms */
    uint32_t gap;
    Py_ssize_t longest;
    Table forms;
    Table chunks[2]; /* value: place in `multi` << 16 | how many */
    Buffer multi; /* the parts of chunks */
    Buffer words, positions;
    Buffer capitals; /* which of the words are written in capitals */
    Buffer letters; /* of the words in the queue */
    Queued queue[QUEUE];
    int queued;
    size_t emitted;
    int parted; /* a paragraph has ended since the last word of the text */
    PyObject *elided; /* a capsule of the forms that an apostrophe parts from the next word */
    const Wanted *wanted; /* while finding */
    PyObject *hits;
    Py_ssize_t told; /* forms that `forms` has given, and the place of the next */
    uint64_t told_place;
} Scanner;

/* What was learnt about characters, which is the same for all scanners. */
static uint32_t *infos; /* of each code point: its kind in the upper byte, what it folds to below */
static uint8_t plain[128]; /* of an ASCII letter: what it folds to, and in the highest bit whether it is small; else 0 */

/* Asks Python about a character met for the first time. */
static int learn(Scanner *self, Py_UCS4 code)
{
    PyObject *found = PyObject_CallFunction(self->classify, "I", (unsigned)code);
    int fold, kind;
    if (!found) return -1;
    int good = PyArg_ParseTuple(found, "ii", &kind, &fold);
    Py_DECREF(found);
    if (!good) return -1;
    infos[code] = (uint32_t)kind << 24 | (fold < 0 ? NO_FOLD : (uint32_t)fold);
    if (code < 128 && (kind & KIND) == LETTER && fold > 0 && fold < 128)
        plain[code] = (uint8_t)(fold | (kind & SMALL ? 128 : 0));
    return 0;
}

static inline int kind_of(Scanner *self, Py_UCS4 code)
{
    if (KIND_OF(infos[code]) == UNKNOWN && learn(self, code) < 0) return -1;
    return (int)KIND_OF(infos[code]);
}

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) { out[0] = (char)code; return 1; }
    if (code < 0x800) { out[0] = (char)(0xc0 | code >> 6); out[1] = (char)(0x80 | (code & 63)); return 2; }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 63));
        out[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 63));
    out[2] = (char)(0x80 | (code >> 6 & 63));
    out[3] = (char)(0x80 | (code & 63));
    return 4;
}

/* The entry of a form in the table of all forms; it is added where it is new. NULL: out of memory. */
static Entry *intern(Scanner *self, const char *form, size_t length, uint32_t hash)
{
    Entry *entry = table_find(&self->forms, form, length, hash);
    if (entry) return entry;
    uint64_t place = self->forms.entries.used;
    if (table_add(&self->forms, form, length, hash, (int64_t)self->forms.count) < 0) return NULL;
    return ENTRY(&self->forms, place);
}

/* Numbers the words that are queued. They are looked up together so that the memory's latencies overlap. */
static int flush(Scanner *self)
{
    const Table *table = &self->forms;
    for (int at = 0; at < self->queued; at++) __builtin_prefetch(&table->slots[self->queue[at].hash & table->mask]);
    for (int at = 0; at < self->queued; at++) {
        const Slot *slot = &table->slots[self->queue[at].hash & table->mask];
        if (slot->place && slot->hash == self->queue[at].hash) __builtin_prefetch(ENTRY(table, ((uint64_t)slot->place - 1) * 8));
    }
    if (reserve(&self->words, QUEUE * sizeof(int32_t)) < 0 || reserve(&self->positions, QUEUE * sizeof(uint32_t)) < 0) return -1;
    int32_t *numbers = (int32_t *)(self->words.data + self->words.used);
    uint32_t *positions = (uint32_t *)(self->positions.data + self->positions.used);
    for (int at = 0; at < self->queued; at++) {
        const Queued *word = &self->queue[at];
        const Entry *entry = intern(self, self->letters.data + word->place, word->length, word->hash);
        if (!entry) return -1;
        numbers[at] = (int32_t)entry->value;
        positions[at] = word->position;
        if (word->capitals) {
            const int32_t number = (int32_t)(self->words.used / sizeof(int32_t)) + at;
            if (append(&self->capitals, &number, sizeof number) < 0) return -1;
        }
    }
    self->words.used += (size_t)self->queued * sizeof(int32_t);
    self->positions.used += (size_t)self->queued * sizeof(uint32_t);
    self->queued = 0;
    self->letters.used = 0;
    return 0;
}

/* Whether a word is written in capitals, two or more; the s of a plural may be small. */
static int in_capitals(Scanner *self, PyObject *text, Py_ssize_t start, Py_ssize_t end)
{
    Py_ssize_t capitals = 0;
    for (Py_ssize_t at = start; at < end; at++) {
        const Py_UCS4 code = PyUnicode_READ_CHAR(text, at);
        const int kind = kind_of(self, code);
        if (kind < 0) return -1;
        if (kind & LOWER && (code != 's' || at + 1 < end || capitals < 2)) return 0;
        capitals += (kind & UPPER) != 0;
    }
    return capitals > 1;
}

/* How many characters after a letter make it the name of something else: C++, C#. */
static Py_ssize_t symbol_after(PyObject *text, Py_ssize_t end)
{
    const Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    Py_ssize_t count = 0;
    if (end < size && PyUnicode_READ_CHAR(text, end) == '#') count = 1;
    else if (end + 1 < size && PyUnicode_READ_CHAR(text, end) == '+' && PyUnicode_READ_CHAR(text, end + 1) == '+') count = 2;
    return count && end + count < size && Py_UNICODE_ISALNUM(PyUnicode_READ_CHAR(text, end + count)) ? 0 : count;
}

enum { LOOK = -1 };

/* A word has been read: when scanning it is numbered, when finding it is looked for among those that are wanted.
 * `capitals` says whether it is written in capitals, or to look. */
static inline int emit(Scanner *self, const char *form, size_t length, PyObject *text, Py_ssize_t start, Py_ssize_t end,
                       int capitals, uint32_t *position)
{
    if (self->parted) *position += self->gap;
    self->parted = 0;
    char named[3];
    if (length == 1 && end - start == 1 && 'a' <= *form && *form <= 'z') {
        const Py_ssize_t more = symbol_after(text, end);
        if (more) {
            named[0] = *form;
            named[1] = named[2] = more == 1 ? '#' : '+';
            form = named;
            length += (size_t)more;
            end += more;
        }
    }
    if (self->wanted) {
        Entry *entry = NULL;
        if (may_be_wanted(self->wanted, form, length))
            entry = table_find(&self->wanted->table, form, length, hash_of(form, length));
        if (entry) {
            PyObject *hit = Py_BuildValue("nnIn", start, end, *position, (Py_ssize_t)entry->value);
            int failed = !hit || PyList_Append(self->hits, hit) < 0;
            Py_XDECREF(hit);
            if (failed) return -1;
        }
    } else {
        if (capitals == LOOK && (capitals = in_capitals(self, text, start, end)) < 0) return -1;
        Queued word = {hash_of(form, length), (uint32_t)length, self->letters.used, *position, capitals};
        if (append(&self->letters, form, length) < 0) return -1;
        self->queue[self->queued++] = word;
        /* afterwards: `form` may be in the table, which moves when it grows */
        if (self->queued == QUEUE && flush(self) < 0) return -1;
    }
    self->emitted++;
    ++*position;
    return 0;
}

/* Asks Python for the words of a chunk; *value says where they are in `multi`, and how many. */
static int analyse(Scanner *self, PyObject *chunk, int dialect, int64_t *value)
{
    PyObject *found = PyObject_CallFunction(self->analyse, "Oi", chunk, dialect);
    PyObject *words = found ? PySequence_Fast(found, "words are a sequence") : NULL;
    Py_XDECREF(found);
    if (!words) return -1;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(words);
    *value = (int64_t)(self->multi.used / sizeof(Part)) << 24 | count;
    for (Py_ssize_t at = 0; at < count; at++) {
        const char *form;
        Py_ssize_t length, start, end, position;
        if (!PyArg_ParseTuple(PySequence_Fast_GET_ITEM(words, at), "s#nnn", &form, &length, &start, &end, &position))
            goto failed;
        Entry *entry = intern(self, form, (size_t)length, hash_of(form, (size_t)length));
        if (!entry) goto failed;
        Part part = {(uint64_t)((char *)entry - self->forms.entries.data), (uint32_t)start, (uint32_t)end, (uint32_t)position};
        if (append(&self->multi, &part, sizeof part) < 0) goto failed;
    }
    Py_DECREF(words);
    return 0;
failed:
    Py_DECREF(words);
    return -1;
}

/* A chunk that only Python can read; its words are remembered where `keep` says so. At most `limit` of them count. */
static int emit_analysed(Scanner *self, PyObject *text, Py_ssize_t start, Py_ssize_t end, int dialect, int keep,
                         Py_ssize_t limit, uint32_t *position)
{
    Table *table = &self->chunks[dialect];
    PyObject *chunk = PyUnicode_Substring(text, start, end);
    PyObject *bytes = chunk ? PyUnicode_AsEncodedString(chunk, "utf-8", "surrogatepass") : NULL;
    int result = -1;
    if (!bytes) goto done;
    const char *key = PyBytes_AS_STRING(bytes);
    size_t length = (size_t)PyBytes_GET_SIZE(bytes);
    uint32_t hash = hash_of(key, length);
    Entry *entry = keep ? table_find(table, key, length, hash) : NULL;
    int64_t value = entry ? entry->value : 0;
    if (!entry) {
        if (analyse(self, chunk, dialect, &value) < 0) goto done;
        if (keep && table_add(table, key, length, hash, value) < 0) goto done;
    }
    Py_ssize_t count = value & 0xffffff, first = value >> 24;
    uint32_t last = 0;
    for (Py_ssize_t at = 0; at < count && at < limit; at++) {
        Part part = ((Part *)self->multi.data)[first + at];
        if (at) *position += part.position - last - 1; /* the gaps between paragraphs, where this is a whole text */
        last = part.position;
        Entry *form = ENTRY(&self->forms, part.place);
        if (emit(self, TEXT(form), form->length, text, start + part.start, start + part.end, LOOK, position) < 0) goto done;
    }
    if (!keep) self->multi.used = (size_t)first * sizeof(Part);
    result = 0;
done:
    Py_XDECREF(bytes);
    Py_XDECREF(chunk);
    return result;
}

/* A pair of characters, or the last one alone. */
static int emit_pair(Scanner *self, PyObject *text, Py_ssize_t at, Py_ssize_t end, int dialect, uint32_t *position)
{
    char form[8];
    size_t length = 0;
    Py_ssize_t last = at + 2 < end ? at + 2 : end;
    for (Py_ssize_t each = at; each < last; each++) {
        uint32_t folded = FOLD_OF(infos[PyUnicode_READ_CHAR(text, each)]);
        if (folded == NO_FOLD) /* the analysis of a pair gives it, and its second character alone: the first is wanted */
            return emit_analysed(self, text, at, last, dialect, 1, 1, position);
        length += put_utf8(form + length, folded);
    }
    return emit(self, form, length, text, at, last, 0, position); /* no such script has capitals */
}

#define FORM 1024
#define IS_WORD(kind) (((kind) & KIND) == LETTER || ((kind) & KIND) == DIGIT)

/* Letters and digits and what stands between them; `form` is what they fold to without it. */
typedef struct {
    Py_ssize_t start, apostrophe;
    int odd, marks, apostrophes, points, commas;
    Py_ssize_t small, digits;
    size_t size, head; /* bytes of the form, and of what is before the apostrophe */
    char *form; /* FORM + 8 bytes */
} Chunk;

/* A number with a point or separators of thousands: its form without these, or 0 where it is not quite one. */
static size_t read_number(PyObject *text, const Chunk *chunk, Py_ssize_t end, char *form)
{
    Py_ssize_t group = 0;
    Py_UCS4 separator = 0, first_group = 1;
    size_t size = 0, digit = 0;
    int point = 0;
    for (Py_ssize_t at = chunk->start; at < end; at++) {
        Py_UCS4 code = PyUnicode_READ_CHAR(text, at);
        int is_point = code == '.' || code == 0x66b;
        int is_separator = code == ',' || code == 0xa0 || code == 0x202f || code == 0x66c;
        if (!is_point && !is_separator) {
            form[size++] = chunk->form[digit++];
            group++;
            continue;
        }
        if (!group) return 0;
        if (is_separator) {
            if (point || (separator && code != separator) || (first_group ? group > 3 : group != 3)) return 0;
            separator = code;
            first_group = 0;
        } else {
            if (separator && (point || code != '.' || group != 3)) return 0;
            point = 1;
            form[size++] = '.';
        }
        group = 0;
    }
    if (!group || (separator && !point && group != 3)) return 0;
    return size;
}

/* One word of letters and digits alone. */
static int emit_word(Scanner *self, PyObject *text, Py_ssize_t start, Py_ssize_t end, uint32_t *position)
{
    char form[FORM + 8];
    size_t size = 0;
    Py_ssize_t small = 0, digits = 0;
    for (Py_ssize_t at = start; at < end; at++) {
        const uint32_t info = infos[PyUnicode_READ_CHAR(text, at)];
        small += (KIND_OF(info) & SMALL) != 0;
        digits += (KIND_OF(info) & KIND) == DIGIT;
        if (FOLD_OF(info)) size += put_utf8(form + size, FOLD_OF(info));
    }
    if (end - start > 2 && small == 1 && !digits && PyUnicode_READ_CHAR(text, end - 1) == 's') size--;
    return size ? emit(self, form, size, text, start, end, LOOK, position) : 0;
}

/* Whether each point parts two words: they begin with a letter and are no initials. */
static int has_plain_points(Scanner *self, PyObject *text, Py_ssize_t start, Py_ssize_t end)
{
    for (Py_ssize_t first = start, at = start; at <= end; at++) {
        if (at < end && (KIND_OF(infos[PyUnicode_READ_CHAR(text, at)]) & KIND) != POINT) continue;
        if (at - first == 1) return 0;
        if (at > first && (KIND_OF(infos[PyUnicode_READ_CHAR(text, first)]) & KIND) == DIGIT) return 0;
        first = at + 1;
    }
    return 1;
}

static int emit_parted_by_points(Scanner *self, PyObject *text, Py_ssize_t start, Py_ssize_t end, uint32_t *position)
{
    for (Py_ssize_t first = start, at = start; at <= end; at++) {
        if (at < end && (KIND_OF(infos[PyUnicode_READ_CHAR(text, at)]) & KIND) != POINT) continue;
        if (at > first && emit_word(self, text, first, at, position) < 0) return -1;
        first = at + 1;
    }
    return 0;
}

/* What a chunk without marks and odd letters comes to is seen here; the rest is left to Python. */
static int emit_chunk(Scanner *self, PyObject *text, Chunk *chunk, Py_ssize_t end, int dialect, uint32_t *position)
{
    const Py_ssize_t start = chunk->start, length = end - start;
    Py_ssize_t until = end;
    size_t size = chunk->size;
    char number[FORM + 8];
    const char *form = chunk->form;
    const Py_UCS4 last = PyUnicode_READ_CHAR(text, end - 1);
    if (chunk->odd || !size || length > self->longest) goto python;
    if (chunk->marks && (last == 's' || last == 'S' || chunk->apostrophes)) goto python;
    if (!chunk->apostrophes && !chunk->points && !chunk->commas) {
        if (length > 2 && last == 's' && chunk->small == 1 && !chunk->digits)
            size--; /* the plural of an acronym */
    } else if (chunk->apostrophes == 1 && !chunk->points && !chunk->commas) {
        Py_UCS4 first = PyUnicode_READ_CHAR(text, chunk->apostrophe + 1);
        if (end - chunk->apostrophe == 2 && (first == 's' || first == 'S')) {
            until = chunk->apostrophe;
            size = chunk->head;
        } else {
            const Wanted *elided = PyCapsule_GetPointer(self->elided, WANTED);
            if (!elided) return -1;
            if (dialect) goto python;
            if (table_find(&elided->table, form, chunk->head, hash_of(form, chunk->head)) && end - chunk->apostrophe > 2) {
                if (chunk->marks) goto python;
                if (emit_word(self, text, start, chunk->apostrophe, position) < 0) return -1;
                return emit_word(self, text, chunk->apostrophe + 1, end, position);
            }
        }
    } else if (!chunk->apostrophes && chunk->digits == length - chunk->points - chunk->commas) {
        size = read_number(text, chunk, end, number);
        form = number;
        if (!size) goto python;
    } else if (chunk->points && !chunk->apostrophes && !chunk->commas && !chunk->marks && has_plain_points(self, text, start, end)) {
        return emit_parted_by_points(self, text, start, end, position);
    } else {
        goto python;
    }
    return size ? emit(self, form, size, text, start, until, LOOK, position) : 0; /* some letters leave nothing */
python:
    return emit_analysed(self, text, start, end, dialect, length <= self->longest, PY_SSIZE_T_MAX, position);
}

/* A text of characters of this width; called with a constant, so that there is a loop for each. */
static inline __attribute__((always_inline)) int scan_width(Scanner *self, PyObject *text, const int width, int dialect,
                                                            uint32_t *position)
{
    const void *data = PyUnicode_DATA(text);
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    const size_t begin = self->emitted;
    char form[FORM + 8];
#define CODE(at) PyUnicode_READ(width, data, at)
#define KIND_AT(at) ((at) < length ? kind_of(self, CODE(at)) : SEPARATOR)
    self->parted = 0;
    if (PyUnicode_MAX_CHAR_VALUE(text) > 0xff) /* a few characters are digits and unspaced at once: all is left to Python */
        for (Py_ssize_t at = 0; at < length; at++) {
            int kind = KIND_AT(at);
            if (kind < 0) return -1;
            if (kind == WHOLE) return emit_analysed(self, text, 0, length, dialect, 0, PY_SSIZE_T_MAX, position);
        }
    for (Py_ssize_t at = 0; at < length;) {
        int kind = KIND_AT(at);
        if (kind < 0) return -1;
        const int unspaced = (kind & KIND) == UNSPACED || (kind & KIND) == UNSPACED_MARK;
        if (!IS_WORD(kind) && !unspaced && (kind & KIND) != MARK) {
            if (CODE(at) == '\n' && at + 1 < length && CODE(at + 1) == '\n') self->parted = self->emitted > begin;
            at++;
            continue;
        }
        Py_ssize_t start = at;
        if (unspaced) {
            int whole = (kind & KIND) == UNSPACED;
            for (at++; at < length; at++) {
                if ((kind = KIND_AT(at)) < 0) return -1;
                if (((kind & KIND) == MARK && CODE(at) != SOFT_HYPHEN) || (kind & KIND) == UNSPACED_MARK) whole = 0;
                else if ((kind & KIND) != UNSPACED) break;
            }
            if (!whole) {
                if (emit_analysed(self, text, start, at, dialect, 0, PY_SSIZE_T_MAX, position) < 0) return -1;
            } else {
                for (Py_ssize_t each = start; each < at; each++)
                    if (emit_pair(self, text, each, at, dialect, position) < 0) return -1;
            }
            continue;
        }
        /* most words are ASCII letters alone */
        Py_ssize_t size = 0, small = 0;
        Py_UCS4 code;
        for (uint8_t letter; at < length && size <= self->longest && (code = CODE(at)) < 128 && (letter = plain[code]); at++) {
            form[size++] = (char)(letter & 127);
            small += letter >> 7;
        }
        if (size && size <= self->longest) {
            int next = SEPARATOR;
            if ((kind = KIND_AT(at)) < 0 || ((kind == POINT || kind == APOSTROPHE) && (next = KIND_AT(at + 1)) < 0)) return -1;
            if (kind == SEPARATOR || kind == COMMA || ((kind == POINT || kind == APOSTROPHE) && next == SEPARATOR)) {
                const int plural = size > 2 && small == 1 && CODE(at - 1) == 's'; /* of an acronym */
                const int capitals = plural || (!small && size > 1);
                if (emit(self, form, (size_t)(size - plural), text, start, at, capitals, position) < 0) return -1;
                continue;
            }
        }
        at = start;
        /* letters, digits, and what may stand between them */
        Chunk chunk = {.start = start, .form = form};
        int before = SEPARATOR, mixed = 0;
        for (; at < length; at++) {
            int next;
            code = CODE(at);
            if ((kind = kind_of(self, code)) < 0) return -1;
            if (IS_WORD(kind)) {
                uint32_t folded = FOLD_OF(infos[code]);
                before = kind;
                chunk.small += (kind & SMALL) != 0;
                chunk.digits += (kind & KIND) == DIGIT;
                if (!folded) continue; /* it leaves nothing */
                if (folded < 0x80 && chunk.size < FORM) chunk.form[chunk.size++] = (char)folded;
                else if (folded == NO_FOLD || chunk.size >= FORM) chunk.odd = 1;
                else chunk.size += put_utf8(chunk.form + chunk.size, folded);
                continue;
            }
            switch (kind & KIND) {
            case UNSPACED_MARK: /* whether it belongs to what is before it or after it, Python sees from both */
                chunk.odd = mixed = 1;
                break;
            case UNSPACED:
                if (!mixed) goto ended;
                break;
            case MARK:
                if (FOLD_OF(infos[code])) chunk.odd = 1;
                else chunk.marks = 1; /* it only tells how a letter sounds */
                break;
            case APOSTROPHE:
                if ((next = KIND_AT(at + 1)) < 0) return -1;
                if (!(IS_WORD(next) || (next & KIND) == MARK || (next & KIND) == UNSPACED_MARK)) goto ended;
                chunk.apostrophes++;
                chunk.apostrophe = at;
                chunk.head = chunk.size;
                break;
            case POINT:
                if ((next = KIND_AT(at + 1)) < 0) return -1;
                if (!IS_WORD(before) && (before & KIND) != MARK && (before & KIND) != UNSPACED_MARK) goto ended;
                if (!IS_WORD(next) && !chunk.points) goto ended;
                chunk.points++;
                break;
            case COMMA:
                if ((next = KIND_AT(at + 1)) < 0) return -1;
                if ((before & KIND) != DIGIT || (next & KIND) != DIGIT) goto ended;
                chunk.commas++;
                break;
            default:
                goto ended;
            }
            before = kind;
        }
    ended:
        if (emit_chunk(self, text, &chunk, at, dialect, position) < 0) return -1;
    }
    return 0;
}

static int scan(Scanner *self, PyObject *text, int dialect, uint32_t *position)
{
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND: return scan_width(self, text, PyUnicode_1BYTE_KIND, dialect, position);
    case PyUnicode_2BYTE_KIND: return scan_width(self, text, PyUnicode_2BYTE_KIND, dialect, position);
    default: return scan_width(self, text, PyUnicode_4BYTE_KIND, dialect, position);
    }
}

static PyObject *scanner_add(Scanner *self, PyObject *args)
{
    PyObject *title, *body;
    int dialect;
    if (!PyArg_ParseTuple(args, "UUi", &title, &body, &dialect)) return NULL;
    if (dialect < 0 || dialect > 1) { PyErr_SetString(PyExc_ValueError, "dialect is 0 or 1"); return NULL; }
    const size_t begin = self->words.used, first = self->capitals.used;
    uint32_t position = 0;
    if (scan(self, title, dialect, &position) < 0) goto failed;
    uint32_t end = position;
    if (end) position += self->gap;
    if (scan(self, body, dialect, &position) < 0 || flush(self) < 0) goto failed;
    return Py_BuildValue("nI", (Py_ssize_t)((self->words.used - begin) / sizeof(int32_t)), end);
failed:
    self->words.used = self->positions.used = begin;
    self->capitals.used = first;
    self->letters.used = 0;
    self->queued = 0;
    return NULL;
}

static PyObject *scanner_find(Scanner *self, PyObject *args)
{
    PyObject *text, *capsule;
    int dialect;
    if (!PyArg_ParseTuple(args, "UiO", &text, &dialect, &capsule)) return NULL;
    if (dialect < 0 || dialect > 1) { PyErr_SetString(PyExc_ValueError, "dialect is 0 or 1"); return NULL; }
    const Wanted *wanted = PyCapsule_GetPointer(capsule, WANTED);
    if (!wanted) return NULL;
    uint32_t position = 0;
    PyObject *hits = PyList_New(0);
    self->wanted = wanted;
    self->hits = hits;
    int failed = !hits || scan(self, text, dialect, &position) < 0;
    self->wanted = NULL;
    self->hits = NULL;
    if (failed) Py_CLEAR(hits);
    return hits;
}

static PyObject *scanner_take(Scanner *self, PyObject *Py_UNUSED(ignored))
{
    const Buffer *buffers[] = {&self->words, &self->positions, &self->capitals};
    PyObject *taken = PyTuple_New(3);
    for (int each = 0; taken && each < 3; each++) {
        PyObject *bytes = PyBytes_FromStringAndSize(buffers[each]->data, (Py_ssize_t)buffers[each]->used);
        if (bytes) PyTuple_SET_ITEM(taken, each, bytes);
        else Py_CLEAR(taken);
    }
    if (taken) self->words.used = self->positions.used = self->capitals.used = 0;
    return taken;
}

static PyObject *scanner_forms(Scanner *self, PyObject *Py_UNUSED(ignored))
{
    const Py_ssize_t count = (Py_ssize_t)self->forms.count - self->told;
    size_t size = 0, place = self->told_place;
    for (Py_ssize_t at = 0; at < count; at++) {
        const Entry *entry = ENTRY(&self->forms, place);
        size += entry->length + 2;
        place += SIZE(entry->length);
    }
    PyObject *text = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!text) return NULL;
    char *out = PyBytes_AS_STRING(text);
    for (Py_ssize_t at = 0; at < count; at++) {
        const Entry *entry = ENTRY(&self->forms, self->told_place);
        *out++ = ':';
        memcpy(out, TEXT(entry), entry->length);
        out += entry->length;
        *out++ = '\0';
        self->told_place += SIZE(entry->length);
    }
    self->told = (Py_ssize_t)self->forms.count;
    return text;
}

static int scanner_init(Scanner *self, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *classify, *analyse, *elided;
    if (!PyArg_ParseTuple(args, "OOOIn", &classify, &analyse, &elided, &self->gap, &self->longest)) return -1;
    if (!PyCapsule_GetPointer(elided, WANTED)) return -1;
    if (self->classify || self->longest > 128) { PyErr_SetString(PyExc_ValueError, "bad arguments"); return -1; }
    if (!infos) {
        infos = PyMem_RawMalloc(CODES * sizeof(uint32_t));
        if (!infos) { PyErr_NoMemory(); return -1; }
        for (size_t code = 0; code < CODES; code++) infos[code] = (uint32_t)UNKNOWN << 24;
    }
    if (table_grow(&self->forms) < 0 || table_grow(&self->chunks[0]) < 0 || table_grow(&self->chunks[1]) < 0) return -1;
    self->classify = Py_NewRef(classify);
    self->analyse = Py_NewRef(analyse);
    self->elided = Py_NewRef(elided);
    return 0;
}

static void scanner_dealloc(Scanner *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(self->classify);
    Py_XDECREF(self->analyse);
    Py_XDECREF(self->elided);
    PyMem_RawFree(self->letters.data);
    table_free(&self->forms);
    table_free(&self->chunks[0]);
    table_free(&self->chunks[1]);
    PyMem_RawFree(self->multi.data);
    PyMem_RawFree(self->words.data);
    PyMem_RawFree(self->positions.data);
    PyMem_RawFree(self->capitals.data);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)scanner_add, METH_VARARGS, "Scan a document: (title, body, dialect) -> (words, end of title)."},
    {"find", (PyCFunction)scanner_find, METH_VARARGS, "Find wanted forms: (text, dialect, wanted) -> [(start, end, position, number)]."},
    {"take", (PyCFunction)scanner_take, METH_NOARGS, "Words, positions and which are in capitals, since the last call, as bytes."},
    {"forms", (PyCFunction)scanner_forms, METH_NOARGS, "The forms since the last call, each as a word of no stemmer."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, scanner_init}, {Py_tp_dealloc, scanner_dealloc}, {Py_tp_methods, methods},
    {Py_tp_new, PyType_GenericNew}, {0, NULL},
};

static PyType_Spec spec = {"index._scan.Scanner", sizeof(Scanner), 0, Py_TPFLAGS_DEFAULT, slots};

static PyMethodDef functions[] = {
    {"wanted", wanted_new, METH_O, "Forms to be found, none of them twice, for Scanner.find."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_scan", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__scan(void)
{
    PyObject *self = PyModule_Create(&module);
    PyObject *type = self ? PyType_FromSpec(&spec) : NULL;
    if (!type || PyModule_AddObject(self, "Scanner", type) < 0) { Py_XDECREF(type); Py_XDECREF(self); return NULL; }
    return self;
}
