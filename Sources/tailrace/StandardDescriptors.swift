// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Descriptors 0, 1 and 2. Whoever starts a program may have closed them; the next file or socket would get their numbers, and
/// what is meant for the terminal would go there.
enum StandardDescriptors {
  /// Writes what commands have printed, and tells when that or the parser's help cannot be written.
  static func checkAtExit() {
    atexit {
      StandardOutput.flush()
      guard fflush(nil) != 0, errno != EPIPE else { return }
      say("error: cannot write to standard output: \(unsafe String(cString: strerror(errno)))")
      _exit(EX_IOERR)
    }
  }

  /// Opens those that are closed: each so that it is neither input nor output, which is an error to whoever needs them.
  static func fill() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // A directory, because it cannot be written to by a name such as `/dev/stdout` either.
      _ = unsafe open("/", O_RDONLY | O_DIRECTORY)
    }
  }
}
