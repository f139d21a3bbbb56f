/* What Python sees: Scorer(...), its score() for many messages and its describe() for one. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "totals.h"

enum { GROUP_CHARACTERS = 1 << 16, GROUP_MESSAGES = 256, RELEASE_CHARACTERS = 4096 };
enum { ARRAYS = sizeof(Arrays) / sizeof(Array) };

typedef struct {
    PyObject_HEAD
    Py_buffer buffers[ARRAYS];
    Weights weights;
    Scratch *idle;
} Scorer;

/* A scratch nobody uses; one a thread that scores at the same time. The GIL is held. */
static Scratch *take_scratch(Scorer *self)
{
    Scratch *s = self->idle;
    if (s)
        self->idle = s->next;
    else if (!(s = make_scratch()))
        PyErr_NoMemory();
    return s;
}

static void give_back(Scorer *self, Scratch *s) { s->next = self->idle, self->idle = s; }

/* What the reader does not see is masked in Python, where that rule is written; this is its cheap test. */
static int needs_mask(const uint32_t *points, size_t size)
{
    int rare = 0;
    for (size_t i = 0; i < size; i++)
        rare |= (points[i] == '>') | (points[i] == '`') | (points[i] == '\n');
    for (size_t i = 0; rare && i < size; i++) {
        size_t left = size - i;
        if (points[i] == '>' || (points[i] == '`' && left > 2 && points[i + 1] == '`' && points[i + 2] == '`')
            || (points[i] == '\n' && left > 2 && points[i + 1] == '-' && points[i + 2] == '-'))
            return 1;
    }
    return 0;
}

/* Append the code points of a message to the group; -1 with an exception set, else their number. */
static Py_ssize_t append(Scratch *s, size_t used, PyObject *message)
{
    Py_ssize_t size = PyUnicode_GetLength(message);
    if (size < 0)
        return -1;
    if (size > MAX_CHARACTERS) {
        PyErr_SetString(PyExc_ValueError, "cut must return at most 100000 characters");
        return -1;
    }
    if (!make_point_room(s, used + (size_t)size + 1)) {
        PyErr_NoMemory();
        return -1;
    }
    return PyUnicode_AsUCS4(message, s->points + used, size + 1, 1) ? size : -1;
}

static Py_ssize_t append_cut(Scratch *s, size_t used, PyObject *message, PyObject *cut_rule)
{
    Py_ssize_t size = PyUnicode_GetLength(message);
    PyObject *masked;
    if (0 <= size && size <= MAX_CHARACTERS) {
        size = append(s, used, message);
        if (size < 0 || !needs_mask(s->points + used, (size_t)size))
            return size;
    }
    masked = PyObject_CallFunctionObjArgs(cut_rule, message, NULL);
    if (!masked)
        return -1;
    if (PyUnicode_Check(masked)) {
        size = append(s, used, masked);
    } else {
        PyErr_SetString(PyExc_TypeError, "cut must return str");
        size = -1;
    }
    Py_DECREF(masked);
    return size;
}

/* Copy the next messages into the scratch until there are enough; their number, or 0 with an exception set. */
static size_t collect(Scratch *s, PyObject *messages, Py_ssize_t at, Py_ssize_t n, PyObject *cut_rule, size_t *ends)
{
    size_t used = 0, number = 0;
    for (; at < n && number < GROUP_MESSAGES && used < GROUP_CHARACTERS; at++) {
        PyObject *message = PySequence_GetItem(messages, at);
        Py_ssize_t size = -1;
        if (message && PyUnicode_Check(message))
            size = append_cut(s, used, message, cut_rule);
        else if (message)
            PyErr_Format(PyExc_TypeError, "messages[%zd] must be str", at);
        Py_XDECREF(message);
        if (size < 0)
            return 0;
        used += (size_t)size;
        ends[number++] = used;
    }
    return number;
}

static int score_group(const Scorer *self, Scratch *s, const size_t *ends, size_t number, float *out)
{
    size_t start = 0;
    for (size_t i = 0; i < number; start = ends[i++])
        if (!make_room(s, ends[i] - start) || !score_message(&self->weights, s, s->points + start, ends[i] - start, out + i * HEADS))
            return 0;
    return 1;
}

static int score_all(const Scorer *self, Scratch *s, PyObject *messages, PyObject *cut_rule, Py_ssize_t n, float *out)
{
    size_t ends[GROUP_MESSAGES], number;
    for (Py_ssize_t at = 0; at < n; at += (Py_ssize_t)number) {
        int done;
        number = collect(s, messages, at, n, cut_rule, ends);
        if (!number)
            return 0;
        if (ends[number - 1] < RELEASE_CHARACTERS) { /* taking the GIL back can cost more than the work itself */
            done = score_group(self, s, ends, number, out + at * HEADS);
        } else {
            Py_BEGIN_ALLOW_THREADS
            done = score_group(self, s, ends, number, out + at * HEADS);
            Py_END_ALLOW_THREADS
        }
        if (!done) {
            PyErr_NoMemory();
            return 0;
        }
    }
    return 1;
}

/* The place for n messages' probabilities: a writable, C-contiguous buffer of float32, or ValueError. */
static int get_place(PyObject *object, Py_buffer *view, Py_ssize_t n)
{
    const size_t row = HEADS * sizeof(float);
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE) < 0)
        return 0;
    /* divided, for n * row may be more than there are numbers */
    if (view->format && !strcmp(view->format, "f") && (size_t)view->len % row == 0 && (size_t)view->len / row == (size_t)n
        && (uintptr_t)view->buf % sizeof(float) == 0)
        return 1;
    PyErr_Format(PyExc_ValueError, "out: expected %zd aligned rows of 4 of type \"f\", found %zd bytes of type \"%s\"", n, view->len,
                 view->format ? view->format : "B");
    PyBuffer_Release(view);
    return 0;
}

static PyObject *score(Scorer *self, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t n;
    Py_buffer out;
    Scratch *s;
    int done;
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "score takes messages, cut and out");
        return NULL;
    }
    n = PySequence_Size(args[0]);
    if (n < 0 || !get_place(args[2], &out, n))
        return NULL;
    s = take_scratch(self);
    done = s && score_all(self, s, args[0], args[1], n, out.buf);
    if (s)
        give_back(self, s);
    PyBuffer_Release(&out);
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- describe ---- */

static PyObject *chances(const double *from, size_t n)
{
    PyObject *out = PyTuple_New((Py_ssize_t)n);
    for (size_t i = 0; out && i < n; i++) {
        PyObject *item = PyFloat_FromDouble(from[i]);
        if (!item || PyTuple_SetItem(out, (Py_ssize_t)i, item) < 0)
            Py_CLEAR(out);
    }
    return out;
}

static PyObject *numbers(const size_t *from, size_t n)
{
    PyObject *out = PyTuple_New((Py_ssize_t)n);
    for (size_t i = 0; out && i < n; i++) {
        PyObject *item = PyLong_FromSize_t(from[i]);
        if (!item || PyTuple_SetItem(out, (Py_ssize_t)i, item) < 0)
            Py_CLEAR(out);
    }
    return out;
}

static PyObject *spans(const Span *from, size_t n, int weighed)
{
    PyObject *out = PyTuple_New((Py_ssize_t)n);
    for (size_t i = 0; out && i < n; i++) {
        PyObject *item = weighed ? Py_BuildValue("(IId)", from[i].start, from[i].end, from[i].weight)
                                 : Py_BuildValue("(II)", from[i].start, from[i].end);
        if (!item || PyTuple_SetItem(out, (Py_ssize_t)i, item) < 0)
            Py_CLEAR(out);
    }
    return out;
}

static PyObject *telling(const Description *d)
{
    PyObject *out = PyTuple_New(HEADS);
    for (size_t i = 0; out && i < HEADS; i++) {
        PyObject *item = spans(d->telling[i], d->telling_count[i], 1);
        if (!item || PyTuple_SetItem(out, (Py_ssize_t)i, item) < 0)
            Py_CLEAR(out);
    }
    return out;
}

static int describe_points(const Scorer *self, Scratch *s, size_t size, Description *out)
{
    return make_room(s, size) && make_traced_room(s, size)
           && describe_message(&self->weights, s, s->points, size, out);
}

static int describe_text(const Scorer *self, Scratch *s, PyObject *text, Description *out)
{
    Py_ssize_t size = append(s, 0, text);
    int done;
    if (size < 0)
        return 0;
    if (size < RELEASE_CHARACTERS) {
        done = describe_points(self, s, (size_t)size, out);
    } else {
        Py_BEGIN_ALLOW_THREADS
        done = describe_points(self, s, (size_t)size, out);
        Py_END_ALLOW_THREADS
    }
    if (!done)
        PyErr_NoMemory();
    return done;
}

static PyObject *facts(const Scorer *self, const Scratch *s, const Description *d)
{
    return Py_BuildValue("(NndNNN)", chances(d->chances, HEADS + self->weights.more), (Py_ssize_t)d->visible,
                         (double)d->known / (double)(d->grams ? d->grams : 1), spans(s->spans, d->segments, 0),
                         numbers(d->strongest, self->weights.more), telling(d));
}

static PyObject *describe(Scorer *self, PyObject *text)
{
    Description d;
    PyObject *out;
    Scratch *s;
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "text must be str");
        return NULL;
    }
    s = take_scratch(self);
    if (!s)
        return NULL;
    out = describe_text(self, s, text, &d) ? facts(self, s, &d) : NULL;
    give_back(self, s);
    return out;
}

/* ---- Scorer ---- */

static int fill(Scorer *self, PyObject *const *from)
{
    Array arrays[ARRAYS];
    Arrays all;
    const char *wrong;
    for (size_t i = 0; i < ARRAYS; i++) {
        if (PyObject_GetBuffer(from[i], &self->buffers[i], PyBUF_SIMPLE) < 0)
            return 0;
        arrays[i].data = self->buffers[i].buf, arrays[i].size = (size_t)self->buffers[i].len;
    }
    memcpy(&all, arrays, sizeof all);
    wrong = read_weights(&self->weights, &all);
    if (wrong && *wrong)
        PyErr_SetString(PyExc_ValueError, wrong);
    else if (wrong)
        PyErr_NoMemory();
    return !wrong;
}

static PyObject *scorer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *from[ARRAYS];
    Scorer *self;
    if (keywords && PyDict_Size(keywords)) {
        PyErr_SetString(PyExc_TypeError, "Scorer takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OOOOOOO:Scorer", &from[0], &from[1], &from[2], &from[3], &from[4], &from[5], &from[6]))
        return NULL;
    self = (Scorer *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0); /* zeroed: every buffer is empty */
    if (!self)
        return NULL;
    if (fill(self, from))
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void scorer_dealloc(Scorer *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    while (self->idle) {
        Scratch *next = self->idle->next;
        free_scratch(self->idle);
        self->idle = next;
    }
    free_weights(&self->weights);
    for (size_t i = 0; i < ARRAYS; i++)
        PyBuffer_Release(&self->buffers[i]); /* does nothing for a buffer that was not taken */
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef scorer_methods[] = {
    {"score", (PyCFunction)(void (*)(void))score, METH_FASTCALL,
     "score(messages, cut, out): write the probabilities of the labels into out, (messages, 4) float32."},
    {"describe", (PyCFunction)(void (*)(void))describe, METH_O,
     "describe(text): see clienttone.engine.Facts."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scorer_slots[] = {
    {Py_tp_doc, "Scorer(unicode, kept, labels, groups, packed, scales, heads): a model's arrays, as bytes that stay where they are."},
    {Py_tp_new, (void *)scorer_new},
    {Py_tp_dealloc, (void *)scorer_dealloc},
    {Py_tp_methods, scorer_methods},
    {0, NULL},
};

static PyType_Spec scorer_spec = {"clienttone._kernel.Scorer", sizeof(Scorer), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, scorer_slots};

static int kernel_exec(PyObject *module)
{
    const uint16_t one = 1;
    PyObject *type;
    int done;
    if (*(const unsigned char *)&one != 1) {
        PyErr_SetString(PyExc_ImportError, "the arrays are little-endian, this machine is not");
        return -1;
    }
    start_weights();
    start_totals();
    type = PyType_FromModuleAndSpec(module, &scorer_spec, NULL);
    if (!type)
        return -1;
    done = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return done;
}

static PyModuleDef_Slot kernel_slots[] = {{Py_mod_exec, (void *)kernel_exec}, {0, NULL}};
static struct PyModuleDef kernel = {PyModuleDef_HEAD_INIT, "_kernel", "Scores messages in C.", 0, NULL, kernel_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&kernel); }
