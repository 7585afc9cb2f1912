import Glibc

/// Descriptors 0, 1 and 2. Whoever starts a program may have closed them; the next file or socket would get their numbers, and
/// what is meant for the terminal would go there.
enum StandardDescriptors {
  /// Opens those that are closed: each so that it is neither input nor output.
  static func fill() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // Standard input at its end; the others cannot be written to, which is an error to whoever needs them.
      _ = unsafe open("/dev/null", O_RDONLY)
    }
  }
}
