// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc

/// What this process takes of its machine.
struct ProcessUse {
  /// Memory in use, in bytes.
  var memory = 0
  /// Processor time so far, in seconds.
  var processorTime = 0.0
  /// Open file descriptors.
  var descriptors = 0

  /// What it takes now. Source: proc(5), "/proc/pid/statm".
  static var now: ProcessUse {
    var use = ProcessUse()
    let pages = (try? SmallFile.read("/proc/self/statm"))??.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    use.memory = (pages ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    use.processorTime = Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    use.descriptors = openDescriptors
    return use
  }

  private static var openDescriptors: Int {
    guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
    defer { unsafe closedir(directory) }
    var count = -3
    while unsafe readdir(directory) != nil { count += 1 }
    return max(0, count)
  }
}
