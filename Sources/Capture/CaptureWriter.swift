// SPDX-License-Identifier: Apache-2.0

import Files
public import PostgresWire

/// Writes a capture file.
public struct CaptureWriter: ~Copyable {
  private let file: OpenFile
  private let path: String
  private var buffer: [UInt8] = []

  /// Makes the file, which must not be there yet, and writes its header.
  public init(path: String, header: CaptureHeader) throws(Failure) {
    let created = try Self.create(path)
    try Self.write(CaptureFormat.header(header), to: created, path)
    file = created
    self.path = path
  }

  /// Adds a frame; it is written with others later.
  public mutating func append(_ frame: RawSpan, arrivedAt time: PostgresTimestamp) {
    CaptureFormat.record(frame, arrivedAt: time, into: &buffer)
  }

  /// How many bytes wait to be written.
  public var pendingBytes: Int { buffer.count }

  /// Writes what has been added.
  public mutating func flush() throws(Failure) {
    try Self.write(buffer, to: file, path)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes everything and makes it durable.
  public mutating func finish() throws(Failure) {
    try flush()
    do { try file.synchronize() } catch { throw Self.failure(error, path) }
  }

  private static func create(_ path: String) throws(Failure) -> OpenFile {
    do { return try OpenFile(creating: path) } catch {
      throw Failure(
        .cannotCreate, "cannot create \(path): \(error.text)", advice: Failure.advice(opening: error))
    }
  }

  private static func write(
    _ bytes: [UInt8], to file: borrowing OpenFile, _ path: String
  ) throws(Failure) {
    do { try file.write(bytes) } catch { throw failure(error, path) }
  }

  private static func failure(_ failure: SystemFailure, _ path: String) -> Failure {
    Failure(.writeFailed, "cannot write to \(path): \(failure.text)")
  }
}
