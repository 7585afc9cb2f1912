#pragma once

/// Gives the memory back that holds what the loader has read to put addresses in place: 3 MB that nobody reads again.
/// Does nothing where the program is not as expected. Source: System V ABI, "Dynamic Section"; madvise(2).
void tailrace_forget_relocations(void);
