// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Files
public import IntegrationEvents
public import PostgresWire
import Synchronization

/// Appends lines to a file and makes them durable, several batches with one fsync.
///
/// On start a torn last line is cut off, and the last event's sequence tells what need not be delivered again, so that
/// a crash neither loses nor doubles a line. The file is never mixed with another stream's, and one that holds less than was
/// delivered into it is refused; one that is not there any more is told of.
public final class FileSink: Sink {
  /// How to write the file.
  public struct Configuration: Sendable {
    /// The file.
    public var path: String
    /// Start a new file before this one grows beyond so many bytes. Default: never.
    public var rotateSize: Int64?
    /// Start a new file when this one is older than so many seconds. Default: never.
    public var rotateInterval: Int64?
    /// Who may do what with a file that is begun, such as 0o640. Default: 0600 for one that is made, as it is for one that is
    /// there.
    public var mode: UInt32?
    /// Whether to make each batch survive a crash of the machine before it counts as delivered. Default: yes.
    public var synchronizes = true
    /// Whether to wait, as a standby, for a process that still has the file, by failing in a way that is tried again.
    /// Default: no.
    public var waitsForLock = false
    /// Whether the lines are CloudEvents, which carry their position. Default: yes.
    public var linesHaveSequence = true

    /// Makes a configuration with the defaults.
    public init(path: String) {
      self.path = path
    }
  }

  private struct Inbox {
    var waiting: [(batch: EventBatch, number: Int)] = []
    var isDraining = false
    var wantsReopen = false
  }

  /// The newest event in the file, or in one that was rotated away.
  public let resumePosition: EventPosition?
  /// What the state beside the file has of the newest position that was confirmed.
  public let confirmed: Confirmation?
  /// What of the file had to be mended at the start; nil when nothing had.
  public let repair: Wording?
  private let state: StateFile?
  private let path: String
  private let queue = OwnQueue()
  private let synchronizes: Bool
  /// What the system takes into its cache sooner than another thread would be awake.
  private static let smallBatch = 65_536
  private let inbox = Mutex(Inbox())
  private let open = OpenBatches()
  /// Nil when the sink is closed.
  private let writer: Mutex<EventFile?>

  /// Opens the file, repairs and checks it.
  public init(_ configuration: Configuration, of stream: StreamIdentity) throws(Failure) {
    let file = try EventFile(configuration, origin: StreamOrigin(stream))
    synchronizes = configuration.synchronizes
    resumePosition = file.last
    state = file.state
    confirmed = file.state?.current.confirmed
    repair = file.repair
    path = configuration.path
    writer = Mutex(file)
  }

  /// There is one place to write to, but a sync makes many batches durable.
  public var window: DeliveryWindow { DeliveryWindow(batches: 16, partialBatches: 2) }

  /// All that there is to tell is where it writes.
  public var health: DeliveryHealth {
    var health = DeliveryHealth()
    health.destination = "file:\(path)"
    return health
  }

  /// Appends the batch: on the spot if it is small, need not be durable and nothing is in its way.
  public func submit(_ batch: EventBatch, done: @escaping Done) {
    guard let number = open.open(done) else { return }
    let (isFree, mustStart) = inbox.withLock { inbox in
      // A pipe may make whoever writes to it wait.
      if !synchronizes, state != nil, !inbox.isDraining, !inbox.wantsReopen, batch.bytes.count <= Self.smallBatch {
        return (true, false)
      }
      inbox.waiting.append((batch, number))
      defer { inbox.isDraining = true }
      return (false, !inbox.isDraining)
    }
    if isFree {
      write([(batch, number)], startingNew: false)
    } else if mustStart {
      queue.async { self.drain() }
    }
  }

  /// Starts a new file at once, behind the batches that are there: whoever has moved the old one away may go on with it. It is
  /// renamed unless somebody has done so already.
  public func reopen() {
    let mustStart = inbox.withLock { inbox in
      inbox.wantsReopen = true
      defer { inbox.isDraining = true }
      return !inbox.isDraining
    }
    if mustStart { queue.async { self.drain() } }
  }

  /// Keeps the position in the state beside the file.
  public func record(confirmed: Confirmation) throws(Failure) {
    do { try state?.update { $0.confirmed = confirmed } } catch { throw Failure(writing: "\(path).state", error) }
  }

  /// Which tables were outboxes when the file was written to last.
  public var tables: OutboxTables? { state?.current.tables }

  /// Keeps them in the state beside the file.
  public func record(tables: OutboxTables) throws(Failure) {
    do { try state?.update { $0.tables = tables } } catch { throw Failure(writing: "\(path).state", error) }
  }

  /// How far the rows have come that were there before the slot.
  public var initialRows: InitialRows? { state?.current.initialRows }

  /// Keeps it in the state beside the file; a device or a pipe has none.
  public func record(initialRows: InitialRows) throws(Failure) -> Bool {
    guard let state else { return false }
    do { try state.update { $0.initialRows = initialRows } } catch { throw Failure(writing: "\(path).state", error) }
    return true
  }

  /// Whether the file can still be written to, as far as the system tells.
  public func check() async throws(Failure) {
    if let failure = open.failure { throw failure }
  }

  /// Lets go of the file, after the batch that is being written. A pipe whose reader takes nothing is not waited for.
  public func close() {
    open.fail(.closed)
    guard let state else { return }
    writer.withLock { file in
      // Behind what is being written, which may have to note a rotation; before the lock on the file is given up, since the
      // state may be another's then.
      state.close()
      file = nil
    }
  }

  /// Writes whatever has come in until nothing is left, with one fsync for each round.
  private func drain() {
    while true {
      let (round, wantsReopen) = inbox.withLock { inbox in
        let found = (inbox.waiting, inbox.wantsReopen)
        inbox.waiting = []
        inbox.wantsReopen = false
        if found.0.isEmpty, !found.1 { inbox.isDraining = false }
        return found
      }
      if round.isEmpty, !wantsReopen { return }
      write(round, startingNew: wantsReopen)
    }
  }

  /// Writes batches and makes them durable together. After a failure nothing is written any more.
  private func write(_ round: [(batch: EventBatch, number: Int)], startingNew: Bool) {
    do throws(Failure) {
      try writer.withLock { (file) throws(Failure) in
        guard open.failure == nil else { return }
        if startingNew { try file?.startNew() }
        for (batch, _) in round where open.failure == nil { try file?.append(batch) }
        try file?.commit()
      }
      for (_, number) in round { open.finish(number) }
    } catch {
      open.fail(error)
    }
  }
}
