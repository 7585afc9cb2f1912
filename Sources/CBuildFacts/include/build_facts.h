#pragma once

/// The commit that was built; empty when nobody said.
const char *tailrace_commit(void);
