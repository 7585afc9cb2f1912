public import PostgresWire

/// Writes a capture file.
public struct CaptureWriter: ~Copyable {
  private let file: CaptureFile
  private var buffer: [UInt8] = []

  /// Makes the file, which must not be there yet, and writes its header.
  public init(path: String, header: CaptureHeader) throws(CaptureError) {
    let created = try CaptureFile(creating: path)
    try created.write(CaptureFormat.header(header))
    file = created
  }

  /// Adds a frame; it is written with others later.
  public mutating func append(_ frame: RawSpan, arrivedAt time: PostgresTimestamp) {
    CaptureFormat.record(frame, arrivedAt: time, into: &buffer)
  }

  /// How many bytes wait to be written.
  public var pendingBytes: Int { buffer.count }

  /// Writes what has been added.
  public mutating func flush() throws(CaptureError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes everything and makes it durable.
  public mutating func finish() throws(CaptureError) {
    try flush()
    try file.synchronize()
  }
}
