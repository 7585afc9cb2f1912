public import Delivery
import Dispatch
import Files
public import PostgresWire
import Synchronization

/// Writes lines to a descriptor, by default standard output.
///
/// A pipe is durable as soon as its reader's end has taken the bytes: that is all that can be known of it. A file is made
/// durable before a batch counts as delivered.
public final class StandardOutputSink: Sink {
  private let output: OpenFile
  private let writer: Writer
  private let open = OpenBatches()
  /// How much can be written without waiting when a pipe says that it is ready: it has a page then.
  private static let pageSize = 4096

  /// Makes a sink for a descriptor, which stays open; one that cannot be written to is an error.
  public init(descriptor: Int32 = 1) throws(Failure) {
    output = OpenFile(borrowing: descriptor)
    writer = Writer.of(descriptor)
    guard output.isWritable else {
      throw Failure(
        .cannotCreate, "there is no standard output that can be written to", advice: "open it, or choose another sink")
    }
  }

  /// Calls back once when a pipe's reader has gone, also while nothing is written.
  public func watchReader(_ onGone: @escaping @Sendable () -> Void) {
    guard !output.isRegular else { return }
    DispatchQueue(label: "tailrace.stdout.reader").async { [self] in
      output.waitForReaderToGo()
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
    guard open.failure == nil else { return }
    do throws(SystemFailure) {
      try output.write(batch.bytes)
      // A file, unlike a pipe, has to be made durable.
      if output.isRegular { try output.synchronize() }
      open.finish(number)
    } catch {
      open.fail(Failure(writing: "standard output", error))
    }
  }

  /// Writes no further batch. One that a reader does not take is not waited for.
  public func close() { open.fail(.closed) }
}

/// What writes to a descriptor, one batch after another: also those of a sink that was closed while its reader took nothing, so
/// that the lines of its successor do not come in between.
private final class Writer: Sendable {
  private static let known = Mutex<[Int32: Writer]>([:])

  let queue = DispatchQueue(label: "tailrace.stdout")
  let waiting = Atomic(0)

  static func of(_ descriptor: Int32) -> Writer {
    known.withLock { known in
      let writer = known[descriptor] ?? Writer()
      known[descriptor] = writer
      return writer
    }
  }
}
