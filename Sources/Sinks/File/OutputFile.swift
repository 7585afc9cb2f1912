#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file descriptor to write to. This module's only unsafe file: it hands buffers to the system's calls.
package struct OutputFile: ~Copyable, Sendable {
  /// A system call that failed, by its error number.
  package struct Failure: Error {
    let number: Int32

    /// The system's words for it.
    package var text: String { unsafe String(cString: strerror(number)) }

    static var last: Failure { Failure(number: errno) }
  }

  let descriptor: Int32
  private let isOwned: Bool
  /// Whether it is a file on a disk, not a device or a pipe.
  let isRegular: Bool
  private let isPipe: Bool

  /// Takes a descriptor that stays open when this goes.
  init(borrowing descriptor: Int32) {
    self.init(descriptor, isOwned: false)
  }

  /// Opens a file for appending, creating it with mode 0600.
  init(appendingTo path: String) throws(Failure) {
    let opened = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw .last }
    self.init(opened, isOwned: true)
  }

  /// Creates a file, or empties it, with mode 0600.
  init(replacing path: String) throws(Failure) {
    let opened = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard opened >= 0 else { throw .last }
    self.init(opened, isOwned: true)
  }

  /// Creates a file with mode 0600 that has no name and goes when it is closed.
  package init(unnamedIn directory: String) throws(Failure) {
    var template = Array("\(directory)/tailrace.\(String(repeating: "X", count: 6))".utf8CString)
    let opened = unsafe mkstemp(&template)
    guard opened >= 0 else { throw .last }
    _ = unsafe unlink(template)
    _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
    self.init(opened, isOwned: true)
  }

  /// Opens a file to read it.
  init(reading path: String) throws(Failure) {
    let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw .last }
    self.init(opened, isOwned: true)
  }

  deinit {
    if isOwned { close(descriptor) }
  }

  /// Writes a range of bytes whole, waiting where the descriptor does not block by itself.
  package func write(_ bytes: [UInt8], _ range: Range<Int>) throws(Failure) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe systemWrite(descriptor, buffer.baseAddress.map { unsafe $0 + offset }, range.upperBound - offset)
      }
      if count >= 0 {
        offset += count
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        var request = pollfd(descriptor: descriptor, events: Int16(POLLOUT))
        _ = unsafe poll(&request, 1, -1)
      } else if errno != EINTR {
        throw .last
      }
    }
  }

  /// Whether a page can be written now without waiting: to a file always, to a pipe when it has room.
  var takesPage: Bool {
    guard isPipe else { return isRegular }
    var request = pollfd(descriptor: descriptor, events: Int16(POLLOUT))
    return unsafe poll(&request, 1, 0) == 1 && request.revents & Int16(POLLOUT) != 0
  }

  /// Makes what was written survive a crash of the machine. Devices and pipes have nothing to make durable.
  func synchronize() throws(Failure) {
    while fsync(descriptor) != 0 {
      if errno == EINVAL || errno == EROFS || errno == ENOTSUP { return }
      if errno != EINTR { throw .last }
    }
  }

  /// Cuts the file to a length.
  func truncate(to size: Int64) throws(Failure) {
    while ftruncate(descriptor, off_t(size)) != 0 {
      if errno != EINTR { throw .last }
    }
  }

  /// Takes the file for this process alone; false when another has it.
  func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  /// Takes the file for this process alone, waiting while another has it.
  func waitForLock() throws(Failure) {
    while flock(descriptor, LOCK_EX) != 0 {
      if errno != EINTR { throw .last }
    }
  }

  /// What the system knows about the file.
  func status() throws(Failure) -> FileStatus {
    guard let status = FileStatus(descriptor: descriptor) else { throw .last }
    return status
  }

  /// The bytes of a range, fewer at the end of the file.
  func read(_ range: Range<Int64>) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    try append(range, to: &bytes)
    return bytes
  }

  /// Appends the bytes of a range to others, fewer at the end of the file.
  package func append(_ range: Range<Int64>, to bytes: inout [UInt8]) throws(Failure) {
    let count = Int(range.count)
    guard count > 0 else { return }
    try bytes.append(addingCapacity: count) { span throws(Failure) in
      try unsafe span.withUnsafeMutableBufferPointer { target, initialized throws(Failure) in
        let result = unsafe pread(descriptor, target.baseAddress, count, off_t(range.lowerBound))
        guard result >= 0 else { throw .last }
        initialized = result
      }
    }
  }

  /// Makes the names in a file's directory survive a crash of the machine.
  static func synchronizeDirectory(of path: String) throws(Failure) {
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let opened = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw .last }
    try OutputFile(opened, isOwned: true).synchronize()
  }

  private init(_ descriptor: Int32, isOwned: Bool) {
    self.descriptor = descriptor
    self.isOwned = isOwned
    let status = FileStatus(descriptor: descriptor)
    isRegular = status?.isRegular ?? false
    isPipe = status?.isPipe ?? false
  }
}

/// What the system knows about a file.
struct FileStatus {
  let size: Int64
  let isRegular: Bool
  let isPipe: Bool
  let linkCount: UInt
  let device: UInt64
  let inode: UInt64

  fileprivate init(_ status: stat) {
    size = Int64(status.st_size)
    isRegular = status.st_mode & S_IFMT == S_IFREG
    isPipe = status.st_mode & S_IFMT == S_IFIFO
    linkCount = UInt(status.st_nlink)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// What the system knows about a name; nil when there is no such file.
  init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  fileprivate init?(descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

extension pollfd {
  fileprivate init(descriptor: Int32, events: Int16) {
    self.init(fd: descriptor, events: events, revents: 0)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(descriptor, bytes, count)
}
