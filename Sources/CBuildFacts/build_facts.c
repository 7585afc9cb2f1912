#include "build_facts.h"

#ifndef TAILRACE_COMMIT
#define TAILRACE_COMMIT ""
#endif

const char *tailrace_commit(void) { return TAILRACE_COMMIT; }
