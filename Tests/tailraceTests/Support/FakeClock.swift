// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A program's wall clock, which a test moves. Intervals are measured as always, as when somebody sets the clock of a
/// machine.
///
/// Not libfaketime, which moves timers too that have nothing to do with the wall clock.
struct FakeClock: Sendable {
  /// Whether there is a C compiler; Swift brings one.
  static let isAvailable = (try? ChildProcess.run("/usr/bin/env", ["clang", "--version"])) != nil

  private let file: String
  private let library: String

  init(in files: TemporaryDirectory) throws {
    file = files.file("clock")
    library = files.file("clock.so")
    try Self.program.write(toFile: files.file("clock.c"), atomically: false, encoding: .utf8)
    _ = try ChildProcess.run(
      "/usr/bin/env", ["clang", "-O1", "-shared", "-fPIC", "-o", library, files.file("clock.c")])
    try move(days: 0)
  }

  func move(days: Int) throws {
    try "\(days * 86_400)\n".write(toFile: file, atomically: true, encoding: .utf8)
  }

  /// For the program whose clock it is to be.
  var environment: [String: String] { ["LD_PRELOAD": library, "TEST_CLOCK": file] }

  private static let program = """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    static long offset(void) {
      char text[32];
      const char *path = getenv("TEST_CLOCK");
      int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
      if (file < 0) return 0;
      ssize_t count = read(file, text, sizeof text - 1);
      close(file);
      text[count > 0 ? count : 0] = 0;
      return atol(text);
    }

    int clock_gettime(clockid_t clock, struct timespec *time) {
      int result = syscall(SYS_clock_gettime, clock, time);
      if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
      return result;
    }

    int gettimeofday(struct timeval *restrict time, void *restrict zone) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      time->tv_sec = now.tv_sec;
      time->tv_usec = now.tv_nsec / 1000;
      return 0;
    }

    time_t time(time_t *result) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (result) *result = now.tv_sec;
      return now.tv_sec;
    }
    """
}
