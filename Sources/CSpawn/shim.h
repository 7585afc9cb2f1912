#pragma once
#include <spawn.h>

// What the system's header shows to programs of GNU's alone; glibc has it since 2.34.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
