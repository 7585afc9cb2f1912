public import Delivery
import Dispatch
public import IntegrationEvents
public import PostgresWire
import Synchronization

/// Appends lines to a file and makes them durable, several batches with one fsync.
///
/// On start a torn last line is cut off, and the last event's sequence tells what need not be delivered again, so that
/// a crash neither loses nor doubles a line. The file is never mixed with another stream's.
public final class FileSink: Sink {
  /// How to write the file.
  public struct Configuration: Sendable {
    /// The file.
    public var path: String
    /// Start a new file before this one grows beyond so many bytes. Default: never.
    public var rotateSize: Int64?
    /// Start a new file when this one is older than so many seconds. Default: never.
    public var rotateInterval: Int64?
    /// Whether to make each batch survive a crash of the machine before it counts as delivered. Default: yes.
    public var synchronizes = true
    /// Whether the lines are CloudEvents, which carry their position. Default: yes.
    public var linesHaveSequence = true

    /// Makes a configuration with the defaults.
    public init(path: String) {
      self.path = path
    }
  }

  private struct Delivery {
    let batch: EventBatch
    let continuation: CheckedContinuation<Result<Void, SinkError>, Never>
  }

  private struct Inbox {
    var waiting: [Delivery] = []
    var isDraining = false
    var wantsReopen = false
    var failure: SinkError?
  }

  /// The newest event in the file, or in one that was rotated away.
  public let resumePosition: EventPosition?
  private let queue = DispatchQueue(label: "tailrace.file")
  private let synchronizes: Bool
  /// What the system takes into its cache sooner than another thread would be awake.
  private static let smallBatch = 65_536
  private let inbox = Mutex(Inbox())
  private let writer: Mutex<EventFile>

  /// Opens the file, repairs and checks it.
  public init(_ configuration: Configuration, of stream: StreamIdentity) throws(SinkError) {
    let file = try EventFile(configuration, origin: StreamOrigin(stream))
    synchronizes = configuration.synchronizes
    resumePosition = file.last
    writer = Mutex(file)
  }

  /// There is one place to write to.
  public var deliversInTurn: Bool { true }

  /// Appends the batch; returns when it is durable.
  public func deliver(_ batch: EventBatch) async throws(SinkError) {
    let result: Result<Void, SinkError> = await withCheckedContinuation { continuation in
      let mustStart = inbox.withLock { inbox in
        inbox.waiting.append(Delivery(batch: batch, continuation: continuation))
        defer { inbox.isDraining = true }
        return !inbox.isDraining
      }
      if mustStart { queue.async { self.drain() } }
    }
    try result.get()
  }

  /// Appends the batch if it is small and need not be durable.
  public func deliverAtOnce(_ batch: EventBatch) throws(SinkError) -> Bool {
    guard !synchronizes, batch.bytes.count <= Self.smallBatch else { return false }
    let isFree = inbox.withLock { !$0.isDraining && !$0.wantsReopen && $0.failure == nil }
    guard isFree else { return false }
    do throws(SinkError) {
      try writer.withLock { (file) throws(SinkError) in
        try file.append(batch)
        try file.commit()
      }
    } catch {
      inbox.withLock { $0.failure = error }
      throw error
    }
    return true
  }

  /// Starts a new file before the next batch: the one that is there is renamed unless somebody has done so already.
  public func reopen() {
    inbox.withLock { $0.wantsReopen = true }
  }

  /// Writes whatever has come in until nothing is left, with one fsync for each round.
  private func drain() {
    while true {
      let (round, wantsReopen, earlierFailure) = inbox.withLock { inbox in
        let round = inbox.waiting
        inbox.waiting = []
        if round.isEmpty {
          inbox.isDraining = false
          return (round, false, inbox.failure)
        }
        defer { inbox.wantsReopen = false }
        return (round, inbox.wantsReopen, inbox.failure)
      }
      if round.isEmpty { return }
      var result: Result<Void, SinkError> = .success(())
      if let earlierFailure {
        result = .failure(earlierFailure)
      } else {
        do throws(SinkError) {
          try writer.withLock { (file) throws(SinkError) in
            if wantsReopen { try file.startNew() }
            for delivery in round { try file.append(delivery.batch) }
            try file.commit()
          }
        } catch {
          inbox.withLock { $0.failure = error }
          result = .failure(error)
        }
      }
      for delivery in round { delivery.continuation.resume(returning: result) }
    }
  }
}
