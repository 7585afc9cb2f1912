import Dispatch

/// Writes lines to a descriptor, by default standard output.
///
/// A pipe is durable as soon as its reader's end has taken the bytes: that is all that can be known of it.
public final class StandardOutputSink: Sink {
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "tailrace.stdout")

  /// Makes a sink for a descriptor, which stays open.
  public init(descriptor: Int32 = 1) {
    self.descriptor = descriptor
  }

  /// Writes the batch whole.
  public func deliver(_ batch: EventBatch) async throws(SinkError) {
    let result: Result<Void, SinkError> = await withCheckedContinuation { continuation in
      queue.async { [descriptor] in
        do throws(OutputFile.Failure) {
          try OutputFile(borrowing: descriptor).write(batch.bytes, 0..<batch.bytes.count)
          continuation.resume(returning: .success(()))
        } catch {
          continuation.resume(returning: .failure(SinkError(writing: "standard output", error)))
        }
      }
    }
    try result.get()
  }
}
