// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Files
import Glibc
public import PostgresWire
import Synchronization

/// Writes lines to a descriptor, by default standard output.
///
/// A pipe is durable as soon as its reader's end has taken the bytes: that is all that can be known of it. A file is made
/// durable before a batch counts as delivered, and must be ours alone from the first batch to the last.
public final class StandardOutputSink: Sink {
  private let output: OpenFile
  private let descriptor: Int32
  /// What it leads to, if that is a file; known from the first batch on, because others may write before.
  private let file = Mutex<AppendedFile?>(nil)
  private let writer: Writer
  private let open = OpenBatches()
  /// How much can be written without waiting when a pipe says that it is ready: it has a page then.
  private static let pageSize = 4096

  /// Makes a sink for a descriptor, which stays open; one that cannot be written to is an error.
  public init(descriptor: Int32 = 1) throws(Failure) {
    do throws(SystemFailure) {
      output = try OpenFile(borrowing: descriptor)
      guard output.isWritable else { throw SystemFailure(number: EBADF) }
    } catch {
      guard error.number == EBADF else { throw Failure(opening: Self.name, error) }
      throw Failure(
        .cannotCreate, "there is no standard output that can be written to", advice: "open it, or choose another sink")
    }
    self.descriptor = descriptor
    writer = Writer.of(descriptor)
    guard output.isRegular else { return }
    _ = try Self.appended(descriptor)
    if descriptor == 1, let messages = try? OpenFile(borrowing: 2).status(),
      (try? output.status().isSameFile(as: messages)) ?? false
    {
      throw Failure(
        .cannotCreate, "\(Self.name) and standard error are one file, where messages would stand between events",
        advice: "give each a file of its own: > EVENTS 2> MESSAGES")
    }
    do throws(SystemFailure) {
      // Also where somebody cuts the file, whose beginning would be filled with zeros otherwise.
      try output.writeAtEnd()
      try OwnFile.output.synchronizeName(of: Self.path(descriptor))
    } catch {
      throw Failure(writing: Self.name, error)
    }
  }

  private static let name = "standard output"

  /// All that there is to tell is where it writes.
  public var health: DeliveryHealth {
    var health = DeliveryHealth()
    health.destination = Self.name
    return health
  }

  /// The name by which an open file can be opened again.
  private static func path(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  /// The file as it is now; one whose last line is not whole is refused, for the next line would become part of it.
  private static func appended(_ descriptor: Int32) throws(Failure) -> AppendedFile {
    do throws(SystemFailure) {
      let file = try OpenFile(borrowing: descriptor)
      let status = try file.status()
      if try isWhole(descriptor, status.size) {
        return AppendedFile(file, name, size: status.size, hasName: status.linkCount > 0)
      }
    } catch {
      throw Failure(
        .cannotCreate, "\(name) is a file that cannot be read, to see whether its last line is whole: \(error.text)",
        advice: "let it be read, or write to another with \(setting: "sink", "file:PATH")")
    }
    throw Failure(
      .cannotCreate, "\(name) is a file whose last line has no newline",
      advice:
        "cut that line off, no event in it was counted; or write to a new file with \(setting: "sink", "file:PATH"), where half a line is cut off by itself"
    )
  }

  private static func isWhole(_ descriptor: Int32, _ size: Int64) throws(SystemFailure) -> Bool {
    if size == 0 { return true }
    // A descriptor that is open for writing alone cannot be read from.
    let file = try OpenFile(reading: path(descriptor))
    return try file.read((size - 1)..<size) == [UInt8(ascii: "\n")]
  }

  /// Calls back once when a pipe's reader has gone, also while nothing is written, and before there is a sink.
  public static func watchReader(of descriptor: Int32 = 1, _ onGone: @escaping @Sendable () -> Void) {
    // Without a thread, whoever writes next finds out.
    _ = OwnThread.start {
      do throws(SystemFailure) {
        let output = try OpenFile(borrowing: descriptor)
        guard output.isWritable, !output.isRegular else { return }
        output.waitForReaderToGo()
      } catch {
        return
      }
      onGone()
    }
  }

  /// There is one place to write to.
  public var window: DeliveryWindow { DeliveryWindow(batches: 16, partialBatches: 2) }

  /// Writes the batch whole: on the spot if it is small and the reader keeps up.
  public func submit(_ batch: EventBatch, done: @escaping Done) {
    guard let number = open.open(done) else { return }
    let isFree = writer.waiting.load(ordering: .acquiring) == 0 && !output.isRegular
    if isFree, batch.bytes.count <= Self.pageSize, output.takesPage {
      return write(batch, number)
    }
    writer.waiting.add(1, ordering: .acquiringAndReleasing)
    writer.queue.async { [self] in
      write(batch, number)
      writer.waiting.subtract(1, ordering: .acquiringAndReleasing)
    }
  }

  /// After a failure nothing is written any more: part of a line may be out.
  private func write(_ batch: EventBatch, _ number: Int) {
    do throws(Failure) {
      if output.isRegular {
        try append(batch)
      } else {
        guard open.failure == nil else { return }
        do { try output.write(batch.bytes) } catch { throw Failure(writing: Self.name, error) }
      }
      open.finish(number)
    } catch {
      open.fail(error)
    }
  }

  /// A file, unlike a pipe, has to be made durable.
  private func append(_ batch: EventBatch) throws(Failure) {
    try file.withLock { (file) throws(Failure) in
      guard open.failure == nil else { return }
      if file == nil { file = try Self.appended(descriptor) }
      try file?.write(batch.bytes, batch.bytes.indices)
      try file?.commit(synchronizing: true)
    }
  }

  /// Writes no further batch. One that a reader does not take is not waited for; one that goes into a file is, for the next sink
  /// looks at its end.
  public func close() {
    open.fail(.closed)
    file.withLock { $0 = nil }
  }
}

/// What writes to a descriptor, one batch after another: also those of a sink that was closed while its reader took nothing, so
/// that the lines of its successor do not come in between.
private final class Writer: Sendable {
  private static let known = Mutex<[Int32: Writer]>([:])

  let queue = OwnQueue()
  let waiting = Atomic(0)

  static func of(_ descriptor: Int32) -> Writer {
    known.withLock { known in
      let writer = known[descriptor] ?? Writer()
      known[descriptor] = writer
      return writer
    }
  }
}
