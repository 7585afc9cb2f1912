// SPDX-License-Identifier: Apache-2.0

/// Where replication frames come from: a live slot or a recording of one.
///
/// A source never waits. Whoever drives it waits, on `descriptor`, when the source says that it is drained.
public protocol FrameSource: ~Copyable, SendableMetatype {
  /// Which stream this is; events and positions mean something only within it.
  var identity: StreamIdentity { get }

  /// The end of the server's log when the stream was opened; `0/0` where there is no server.
  var flushLSN: LSN { get }

  /// On which timelines the log was written.
  var timelineHistory: TimelineHistory { get }

  /// The position that the slot had confirmed when the stream was opened; nil where there is no slot that outlives it.
  var confirmedLSN: LSN? { get }

  /// Whether the server is a standby, whose log may end before what was read from it, for a while after a crash.
  var isStandby: Bool { get }

  /// Whether a server has just checked what is in it: that JSON is JSON. What has lain in a file may have been changed.
  var isChecked: Bool { get }

  /// The database's encoding, such as `UTF8`, where it is known. The content of a logical message comes in it as it is.
  var encoding: String? { get }

  /// Which tables were outboxes when the stream began, where a recording tells.
  var tables: OutboxTables { get }

  /// Where its tables can be asked for as they are now; nil where nobody can be asked.
  var catalogue: (any TableCatalogue)? { get }

  /// What to poll before the next `receive`; nil when there is nothing to wait for.
  var descriptor: PollDescriptor? { get }

  /// How often to send a status update although nothing asks for one; nil when nobody listens.
  var heartbeat: Duration? { get }

  /// Whether its positions are those of a log, at which the same comes again whenever it is read. Rows of a table get positions when
  /// they are read, so that none of them tells what was delivered.
  var hasLog: Bool { get }

  /// How much of it has been received, from 0 to 1; nil where there is no end, or nobody knows it.
  var fraction: Double? { get }

  /// Hands over the frames that are there, one after another, until none is left or `visit` has enough.
  ///
  /// The span is valid only during the call.
  mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply

  /// Tells the server about progress; a recording ignores it.
  mutating func send(_ status: StandbyStatus) throws(Failure)

  /// Whether the server is shutting down. Asked while nothing is received; may take two seconds.
  var isServerLeaving: Bool { get }

  /// Looks after what it has on the server. Called at least each second while nothing is received; bounded in time.
  mutating func attend() throws(Failure)

  /// Ends the stream in an orderly way, so that the last status is known to have arrived; bounded in time.
  mutating func finish() throws(Failure)
}

extension FrameSource where Self: ~Copyable {
  /// Nothing is known but the first timeline.
  public var timelineHistory: TimelineHistory { TimelineHistory() }

  /// It is none.
  public var isStandby: Bool { false }

  /// Nothing vouches for it.
  public var isChecked: Bool { false }

  /// It is not known.
  public var encoding: String? { nil }

  /// Nothing is told.
  public var tables: OutboxTables { OutboxTables() }

  /// Nobody can be asked.
  public var catalogue: (any TableCatalogue)? { nil }

  /// They are.
  public var hasLog: Bool { true }

  /// Nobody knows.
  public var fraction: Double? { nil }

  /// There is no slot.
  public var confirmedLSN: LSN? { nil }

  /// There is nothing to look after.
  public mutating func attend() throws(Failure) {}

  /// Nobody is there who could leave.
  public var isServerLeaving: Bool { false }
}

/// Which cluster, timeline, database and slot a stream belongs to.
public struct StreamIdentity: Hashable, Sendable {
  /// The cluster's identifier, as IDENTIFY_SYSTEM gives it; "0" where a dump does not tell.
  public var systemIdentifier: String
  /// The cluster's timeline; 0 where a dump does not tell.
  public var timeline: UInt32
  /// The database whose changes these are.
  public var database: String
  /// The replication slot.
  public var slot: String
  /// The publication, or several, separated by commas.
  public var publication: String

  /// Makes an identity from its parts.
  public init(systemIdentifier: String, timeline: UInt32, database: String, slot: String, publication: String) {
    self.systemIdentifier = systemIdentifier
    self.timeline = timeline
    self.database = database
    self.slot = slot
    self.publication = publication
  }
}

/// A file descriptor to poll and for what.
public struct PollDescriptor: Hashable, Sendable {
  /// The descriptor, always polled for reading.
  public var descriptor: Int32
  /// Also poll for writing, because output is waiting.
  public var wantsWrite: Bool

  /// Makes a poll request.
  public init(descriptor: Int32, wantsWrite: Bool) {
    self.descriptor = descriptor
    self.wantsWrite = wantsWrite
  }
}

/// What a visitor says after a frame.
public enum FrameVerdict: Sendable {
  /// Go on with the next frame.
  case more
  /// Stop here for now; the frames that follow stay in the source.
  case enough
}

/// Why `receive` returned.
public enum FrameSupply: Hashable, Sendable {
  /// The visitor had enough.
  case paused
  /// Nothing more is there now; a recording played at its own pace also says when to come back.
  case drained(until: ContinuousClock.Instant?)
  /// More is on its way, and it pays to let it gather for so long before receiving again.
  case paced(Duration)
  /// Nothing will follow.
  case ended
}
