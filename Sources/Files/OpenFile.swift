// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// An open file descriptor.
package struct OpenFile: ~Copyable, Sendable {
  private let descriptor: Int32
  private let isOwned: Bool
  /// Whether it is a file on a disk, not a device or a pipe.
  package let isRegular: Bool
  private let isPipe: Bool

  /// Takes a descriptor that stays open when this goes; one that is not open is an error.
  package init(borrowing descriptor: Int32) throws(SystemFailure) {
    try self.init(descriptor, isOwned: false)
  }

  /// Opens a file of our own for appending, creating it with mode 0600. Nothing that is in it is touched.
  package static func appending(to path: String, _ kind: OwnFile) throws(SystemFailure) -> OpenFile {
    try kind.open(path, O_RDWR | O_CREAT | O_APPEND)
  }

  /// Opens a file of our own to read it.
  package static func reading(_ path: String, _ kind: OwnFile) throws(SystemFailure) -> OpenFile {
    try kind.open(path, O_RDONLY)
  }

  /// Opens a file of our own that is there, to change bytes in it.
  package static func updating(_ path: String, _ kind: OwnFile) throws(SystemFailure) -> OpenFile {
    try kind.open(path, O_RDWR)
  }

  /// Creates a file with mode 0600; one that is there is an error.
  package init(creating path: String) throws(SystemFailure) {
    try self.init(path, O_WRONLY | O_CREAT | O_EXCL)
  }

  /// Opens whatever somebody names, to read it; a pipe is waited for unless that is not wanted.
  package init(reading path: String, waiting: Bool = true) throws(SystemFailure) {
    try self.init(path, waiting ? O_RDONLY : O_RDONLY | O_NONBLOCK)
  }

  /// Creates a file with mode 0600 that has no name and goes when it is closed.
  package init(unnamedIn directory: String) throws(SystemFailure) {
    var template = Array("\(directory)/tailrace.\(String(repeating: "X", count: 6))".utf8CString)
    let opened = unsafe mkstemp(&template)
    guard opened >= 0 else { throw .last }
    _ = unsafe unlink(template)
    _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
    try self.init(opened, isOwned: true)
  }

  /// Makes the names in a path's directory survive a crash of the machine. Where a path may be a link, see
  /// `OwnFile.synchronizeName`.
  static func synchronizeDirectory(of path: String) throws(SystemFailure) {
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    try OpenFile(directory, O_RDONLY | O_DIRECTORY).synchronize()
  }

  /// The names in a directory.
  package static func names(inDirectory path: String) throws(SystemFailure) -> [String] {
    guard let stream = unsafe opendir(path) else { throw .last }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      names.append(
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
          unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        })
    }
    guard errno == 0 else { throw .last }
    return names
  }

  init(_ path: String, _ flags: Int32) throws(SystemFailure) {
    var opened = unsafe open(path, flags | O_CLOEXEC, 0o600)
    while opened < 0, errno == EINTR { opened = unsafe open(path, flags | O_CLOEXEC, 0o600) }
    guard opened >= 0 else { throw .last }
    try self.init(opened, isOwned: true)
  }

  /// What cannot be looked at is an error: taken for a device, a file would be neither locked nor made durable.
  private init(_ descriptor: Int32, isOwned: Bool) throws(SystemFailure) {
    let status: FileStatus
    do throws(SystemFailure) {
      status = try FileStatus(descriptor: descriptor)
    } catch {
      if isOwned { close(descriptor) }
      throw error
    }
    self.descriptor = descriptor
    self.isOwned = isOwned
    isRegular = status.isRegular
    isPipe = status.isPipe
  }

  deinit {
    if isOwned { close(descriptor) }
  }

  /// Writes a range of bytes whole, waiting where the descriptor does not block by itself. What has been written is taken off
  /// the range, also when it fails.
  package func write(_ bytes: [UInt8], rest range: inout Range<Int>) throws(SystemFailure) {
    while !range.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + range.lowerBound }, range.count)
      }
      if count >= 0 {
        range = (range.lowerBound + count)..<range.upperBound
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        _ = isWritable(within: -1)
      } else if errno != EINTR {
        throw .last
      }
    }
  }

  /// Writes all of some bytes.
  package func write(_ bytes: [UInt8]) throws(SystemFailure) { try write(bytes, bytes.indices) }

  /// Writes a range of bytes whole.
  package func write(_ bytes: [UInt8], _ range: Range<Int>) throws(SystemFailure) {
    var rest = range
    try write(bytes, rest: &rest)
  }

  /// Writes a range of bytes whole to a place.
  package func write(_ bytes: [UInt8], _ range: Range<Int>, at place: Int64) throws(SystemFailure) {
    try DiskWaits.during { () throws(SystemFailure) in
      var (rest, place) = (range, place)
      while !rest.isEmpty {
        let count = unsafe bytes.withUnsafeBytes { buffer in
          unsafe pwrite(descriptor, buffer.baseAddress.map { unsafe $0 + rest.lowerBound }, rest.count, off_t(place))
        }
        if count >= 0 {
          rest = (rest.lowerBound + count)..<rest.upperBound
          place += Int64(count)
        } else if errno != EINTR {
          throw .last
        }
      }
    }
  }

  /// Puts a byte in the place of another.
  package func overwrite(_ offset: Int64, with byte: UInt8) throws(SystemFailure) {
    var byte = byte
    while unsafe pwrite(descriptor, &byte, 1, off_t(offset)) != 1 {
      if errno != EINTR { throw .last }
    }
  }

  /// Whether a page can be written now without waiting: to a file always, to a pipe when it has room.
  package var takesPage: Bool { isPipe ? isWritable(within: 0) : isRegular }

  private func isWritable(within milliseconds: Int32) -> Bool { isReady(Int16(POLLOUT), within: milliseconds) }

  /// Whether there is something to read, or the end.
  func isReadable(within milliseconds: Int32) -> Bool { isReady(Int16(POLLIN | POLLHUP), within: milliseconds) }

  private func isReady(_ events: Int16, within milliseconds: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: events, revents: 0)
    var count = unsafe poll(&request, 1, milliseconds)
    while count < 0, errno == EINTR { count = unsafe poll(&request, 1, milliseconds) }
    return count == 1 && request.revents & events != 0
  }

  /// From now on, what has no room waits; it was opened without waiting.
  func waitWhenItWrites() { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK) }

  /// From now on, what is written goes to the end, wherever that is by then.
  package func writeAtEnd() throws(SystemFailure) {
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_APPEND) >= 0 else { throw .last }
  }

  /// What a symbolic link says that was opened as itself.
  func linkTarget() throws(SystemFailure) -> String {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe buffer.baseAddress.map { unsafe readlinkat(descriptor, "", $0, buffer.count) } ?? -1
    }
    guard count >= 0 else { throw .last }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Waits until whoever reads from a pipe or socket has gone, without taking or giving anything.
  package func waitForReaderToGo() {
    var request = pollfd(fd: descriptor, events: 0, revents: 0)
    while unsafe poll(&request, 1, -1) < 1, errno == EINTR {}
  }

  /// Makes what was written survive a crash of the machine. Devices and pipes have nothing to make durable.
  package func synchronize() throws(SystemFailure) {
    try DiskWaits.during { () throws(SystemFailure) in
      while fsync(descriptor) != 0 {
        if errno == EINVAL || errno == EROFS || errno == ENOTSUP { return }
        if errno != EINTR { throw .last }
      }
    }
  }

  /// Cuts the file to a length.
  package func truncate(to size: Int64) throws(SystemFailure) {
    try DiskWaits.during { () throws(SystemFailure) in
      while ftruncate(descriptor, off_t(size)) != 0 {
        if errno != EINTR { throw .last }
      }
    }
  }

  /// Whether it has been opened for writing.
  package var isWritable: Bool {
    let flags = fcntl(descriptor, F_GETFL)
    return flags >= 0 && flags & O_ACCMODE != O_RDONLY
  }

  /// Says who may do what with the file, whatever the process's mask says.
  package func setMode(_ mode: UInt32) throws(SystemFailure) {
    guard fchmod(descriptor, mode) == 0 else { throw .last }
  }

  /// Gives the file another file's permissions and owner, as far as we may.
  func adopt(_ status: FileStatus) throws(SystemFailure) {
    guard fchmod(descriptor, status.mode) == 0 else { throw .last }
    // Only root may give files away; the group may be ours to give.
    if fchown(descriptor, status.owner, status.group) != 0 { _ = fchown(descriptor, uid_t.max, status.group) }
  }

  /// Takes the file for this process alone; false when another has it.
  package func lock() throws(SystemFailure) -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return false }
      if errno != EINTR { throw .last }
    }
    return true
  }

  /// Takes the file for this process alone, waiting while another has it.
  package func waitForLock() throws(SystemFailure) {
    while flock(descriptor, LOCK_EX) != 0 {
      if errno != EINTR { throw .last }
    }
  }

  /// What the system knows about the file.
  package func status() throws(SystemFailure) -> FileStatus {
    try FileStatus(descriptor: descriptor)
  }

  /// The bytes of a range, whole: a file that ends before is an error.
  package func read(_ range: Range<Int64>) throws(SystemFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    try append(range, to: &bytes)
    return bytes
  }

  /// Appends the bytes of a range to others, whole: a file that ends before is an error. One call may bring only a part,
  /// of more than 2 GiB, over a network, or when a signal comes.
  package func append(_ range: Range<Int64>, to bytes: inout [UInt8]) throws(SystemFailure) {
    // No room is made beforehand: that would be exact, and what is read piece by piece would be copied whole for each.
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = try unsafe bytes.append(atMost: Int(range.upperBound - offset)) { target, count in
        unsafe pread(descriptor, target, count, off_t(offset))
      }
      guard count > 0 else { throw SystemFailure(number: ENODATA) }
      offset += Int64(count)
    }
  }

  /// Appends what comes next, up to so many bytes; how many it was, 0 at the end.
  package func appendNext(_ count: Int, to bytes: inout [UInt8]) throws(SystemFailure) -> Int {
    try unsafe bytes.append(atMost: count) { target, count in unsafe Glibc.read(descriptor, target, count) }
  }
}

extension [UInt8] {
  /// Appends what one call reads, made again when a signal has interrupted it.
  fileprivate mutating func append(
    atMost count: Int, _ read: (UnsafeMutableRawPointer?, Int) -> Int
  ) throws(SystemFailure) -> Int {
    var result = 0
    append(addingCapacity: count) { span in
      unsafe span.withUnsafeMutableBufferPointer { target, initialized in
        repeat {
          result = unsafe read(UnsafeMutableRawPointer(target.baseAddress), count)
        } while result < 0 && errno == EINTR
        initialized = Swift.max(0, result)
      }
    }
    guard result >= 0 else { throw .last }
    return result
  }
}
