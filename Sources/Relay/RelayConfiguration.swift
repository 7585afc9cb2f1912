// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import OutboxMapping
public import PostgresWire

/// How a relay works.
public struct RelayConfiguration: Sendable {
  /// Where to stop.
  public enum End: Hashable, Sendable {
    /// After the last transaction whose commit does not lie behind this position.
    case lsn(LSN)
    /// After what is in the log when the stream is opened.
    case now
  }

  /// Which rows become events, and how. The relay fills in database and system.
  public var mapping: MappingConfiguration
  /// What a line holds. Default: a CloudEvent.
  public var envelope: EnvelopeEncoder.Envelope = .cloudevents
  /// What cleans rows up once their events are durable in the sink, before their position is confirmed. Default: nothing; rows
  /// stay.
  public var cleaner: (any RowCleaner)?
  /// Where to stop. Default: nowhere.
  public var end: End?
  /// What may check a payload or put another in its place. Default: nothing.
  public var payloadHook: (any PayloadHook)?
  /// The file of a position of our own beside the slot's, because a crash can move that back. Default: none.
  public var checkpoint: String?
  /// Go on although the slot is ahead of what was confirmed here. Default: no.
  public var acceptsGap = false
  /// Whether other relays are to have the slot in turn, which may deliver to the same place. Default: no.
  public var takesTurns = false
  /// How long the sink may go on while there is no connection to the server, which may have given the slot to another.
  /// Default: 10 s.
  public var disconnectGrace: Duration = .seconds(10)
  /// Whether to connect again when the source fails in a way that may heal. Default: yes.
  public var retries = true
  /// Whether a stream that is opened again goes on where the last one was: not with a slot that goes with its connection.
  /// Default: yes.
  public var canReopen = true
  /// How long a stop waits for the sink. Default: 30 s.
  public var drainTimeout: Duration = .seconds(30)
  /// Told what an operator should hear of, on the relay's thread. Default: nobody, and it is logged at `debug`.
  public var tell: (@Sendable (Notice) -> Void)?
  /// How words for an operator are shown in the log and as a dead letter's reason. Default: settings as a library names them.
  public var show: @Sendable (Wording) -> String = { "\($0)" }
  /// Where the rows that were there before the slot are kept account of; nil where they are not asked for.
  package var initialRows: InitialRowsDesk?
  /// Where a source that asks a table again and again is told how far its rows are; nil for any other.
  package var polling: PollDesk?
  /// Where rows of transactions in progress wait for their commit.
  public var spool = SpoolConfiguration()

  /// Makes a configuration with the defaults.
  public init(mapping: MappingConfiguration) {
    self.mapping = mapping
  }
}

/// How a relay ended, when it ended well.
public struct RelayOutcome: Hashable, Sendable {
  /// Why.
  public enum Reason: Hashable, Sendable {
    /// It was asked to stop.
    case stopped
    /// The position asked for was reached, or the recording ended.
    case ended
    /// The reader of the output has gone.
    case readerGone
  }

  /// Why.
  public let reason: Reason
  /// How many events were encoded.
  public let events: Int
  /// The last position that was confirmed.
  public let flushed: LSN
}
