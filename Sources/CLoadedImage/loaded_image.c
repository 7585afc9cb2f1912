#define _GNU_SOURCE
#include "loaded_image.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/// Where a part of the program lies that cannot be written to, so that it can be read from the file again.
static int holds(const struct dl_phdr_info *image, uintptr_t start, uintptr_t end) {
  for (int i = 0; i < image->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &image->dlpi_phdr[i];
    uintptr_t first = image->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && !(part->p_flags & PF_W) && first <= start && end <= first + part->p_filesz) return 1;
  }
  return 0;
}

static int forget(struct dl_phdr_info *image, size_t size, void *unused) {
  (void)size;
  (void)unused;
  uintptr_t start = 0, length = 0;
  for (int i = 0; i < image->dlpi_phnum; i++) {
    if (image->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(image->dlpi_addr + image->dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; entry++) {
      if (entry->d_tag == DT_RELA) start = entry->d_un.d_ptr;
      if (entry->d_tag == DT_RELASZ) length = entry->d_un.d_val;
    }
  }
  // Some loaders leave addresses there as the file has them.
  if (start < image->dlpi_addr) start += image->dlpi_addr;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t first = (start + page - 1) / page * page, end = (start + length) / page * page;
  if (length > page && first < end && holds(image, first, end)) madvise((void *)first, end - first, MADV_DONTNEED);
  // The first image is the program; the others are small.
  return 1;
}

void tailrace_forget_relocations(void) { dl_iterate_phdr(forget, NULL); }
