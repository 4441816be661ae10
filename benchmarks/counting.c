/* Switches callgrind's counting on and off; nothing happens outside of valgrind. */
#include <valgrind/callgrind.h>

void counting_start(void)
{
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

/* Write what was counted since the start into a file of its own, and go on uncounted. */
void counting_stop(void)
{
    CALLGRIND_DUMP_STATS;
    CALLGRIND_STOP_INSTRUMENTATION;
}
