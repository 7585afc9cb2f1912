// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Files
public import PostgresWire

/// A relay among tasks.
extension Relay {
  /// Runs on a thread of its own, as `run(open:sink:)` does. When the task is cancelled, the relay delivers and confirms what
  /// has been read, then ends.
  public func run<Source: FrameSource & ~Copyable>(
    open: @escaping @Sendable (Request) throws(Failure) -> Source,
    sink makeSink: @escaping @Sendable (StreamIdentity) throws(Failure) -> any Sink
  ) async throws(Failure) -> RelayOutcome {
    let (relay, control) = (self, control)
    let result: Result<RelayOutcome, Failure> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let reason = OwnThread.start {
          var relay = relay
          do throws(Failure) {
            continuation.resume(returning: .success(try relay.run(open: open, sink: makeSink)))
          } catch {
            continuation.resume(returning: .failure(error))
          }
        }
        if let reason {
          let failure = Failure(.internal, "no thread can be started for the relay: \(reason.textInSentence)")
          continuation.resume(returning: .failure(failure))
        }
      }
    } onCancel: {
      control.stop()
    }
    return try result.get()
  }
}
