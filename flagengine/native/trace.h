/* The trace of a walk: what it found, in order.
 *
 * An answer that depends on what a call lacks is remembered by its trace: every input that can change
 * the answer is in the trace, so equal traces have equal answers.
 */

#ifndef FLAGENGINE_TRACE_H
#define FLAGENGINE_TRACE_H

#include "native.h"

#define LONGEST_TRACE 120 /* walks with longer traces are left to Python code */

/* What a trace may have besides the outcomes of tests; positions follow. */
enum { WITHOUT_GROUP = 8, LOST, SKIPPED, IN_DOUBT, OUT, MATCHES, ENDS, COMPLETED };

typedef struct {
    size_t size; /* may exceed the limit: then the rest is not noted */
    uint8_t notes[LONGEST_TRACE];
} Trace;

INLINE void trace_note(Trace *trace, int note) {
    if (trace->size < LONGEST_TRACE) {
        trace->notes[trace->size] = (uint8_t)note;
    }
    trace->size++;
}

INLINE void trace_position(Trace *trace, Py_ssize_t position) {
    for (int shift = 0; shift < 32; shift += 8) {
        trace_note(trace, (int)(position >> shift & 0xFF));
    }
}

#endif
