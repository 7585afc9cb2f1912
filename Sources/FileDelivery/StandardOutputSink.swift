public import Delivery
import Dispatch
import Files

/// Writes lines to a descriptor, by default standard output.
///
/// A pipe is durable as soon as its reader's end has taken the bytes: that is all that can be known of it.
public final class StandardOutputSink: Sink {
  private let output: OpenFile
  private let queue = DispatchQueue(label: "tailrace.stdout")
  /// How much can be written without waiting when a pipe says that it is ready: it has a page then.
  private static let pageSize = 4096

  /// Makes a sink for a descriptor, which stays open.
  public init(descriptor: Int32 = 1) {
    output = OpenFile(borrowing: descriptor)
  }

  /// There is one place to write to.
  public var deliversInTurn: Bool { true }

  /// Writes the batch whole.
  public func deliver(_ batch: EventBatch) async throws(SinkError) {
    let result: Result<Void, SinkError> = await withCheckedContinuation { continuation in
      queue.async { [self] in
        do throws(SystemFailure) {
          try output.write(batch.bytes, 0..<batch.bytes.count)
          continuation.resume(returning: .success(()))
        } catch {
          continuation.resume(returning: .failure(SinkError(writing: "standard output", error)))
        }
      }
    }
    try result.get()
  }

  /// Writes the batch if it is small and the reader keeps up.
  public func deliverAtOnce(_ batch: EventBatch) throws(SinkError) -> Bool {
    guard batch.bytes.count <= Self.pageSize, output.takesPage else { return false }
    do { try output.write(batch.bytes, 0..<batch.bytes.count) } catch {
      throw SinkError(writing: "standard output", error)
    }
    return true
  }
}
