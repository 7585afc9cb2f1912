import PostgresWire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file descriptor to read or write a capture with. This module's only file that calls the system.
struct CaptureFile: ~Copyable {
  private let descriptor: Int32
  private let path: String
  private let isOwned: Bool

  /// Opens a recording; `-` is standard input.
  init(reading path: String) throws(StreamError) {
    let opened = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else {
      throw StreamError(.badData, "cannot open \(path): \(Self.lastError)", advice: "check the name and permissions")
    }
    (descriptor, self.path, isOwned) = (opened, path, path != "-")
  }

  /// Makes a new recording with mode 0600; one that is there is not overwritten.
  init(creating path: String) throws(CaptureError) {
    let opened = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard opened >= 0 else {
      throw CaptureError(.cannotCreate, "cannot create \(path): \(Self.lastError); name a new file")
    }
    (descriptor, self.path, isOwned) = (opened, path, true)
  }

  deinit {
    if isOwned { close(descriptor) }
  }

  /// Reads up to `count` more bytes to the end of a buffer; false at the end of the file.
  func read(into buffer: inout [UInt8], count: Int) throws(StreamError) -> Bool {
    let start = buffer.count
    var failure: Int32 = 0
    buffer.append(addingCapacity: count) { span in
      unsafe span.withUnsafeMutableBufferPointer { target, initialized in
        var result = unsafe systemRead(descriptor, target.baseAddress, count)
        while result < 0, errno == EINTR { result = unsafe systemRead(descriptor, target.baseAddress, count) }
        initialized = max(0, result)
        if result < 0 { failure = errno }
      }
    }
    guard failure == 0 else {
      throw StreamError(.badData, "cannot read \(path): \(unsafe String(cString: strerror(failure)))")
    }
    return buffer.count > start
  }

  func write(_ bytes: [UInt8]) throws(CaptureError) {
    var offset = 0
    while offset < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe systemWrite(descriptor, $0.baseAddress.map { unsafe $0 + offset }, bytes.count - offset)
      }
      if count >= 0 {
        offset += count
      } else if errno != EINTR {
        throw CaptureError(.writeFailed, "cannot write to \(path): \(Self.lastError)")
      }
    }
  }

  func synchronize() throws(CaptureError) {
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw CaptureError(.writeFailed, "cannot write to \(path): \(Self.lastError)")
    }
  }

  private static var lastError: String { unsafe String(cString: strerror(errno)) }
}

/// A capture file cannot be written.
public struct CaptureError: Error, Hashable, Sendable {
  /// The kind, which decides the exit code.
  public enum Kind: Hashable, Sendable {
    /// The file cannot be created (sysexits 73).
    case cannotCreate
    /// Writing failed (74).
    case writeFailed
  }

  /// The kind.
  public let kind: Kind
  /// What happened, in one line.
  public let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
  unsafe read(descriptor, bytes, count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(descriptor, bytes, count)
}
