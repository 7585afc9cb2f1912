// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// Turns the bytes of `pgoutput` into messages.
///
/// Its state is what the stream has described so far: the relations, and whether a streamed block is open (inside one,
/// most messages carry a transaction identifier).
public struct Decoder: Sendable {
  /// The relations described so far.
  public private(set) var relations = RelationCache()
  private var isInStream = false

  /// Makes a decoder for the start of a stream.
  public init() {}

  /// Decodes one whole message; no byte may be left over.
  public mutating func decode(_ message: RawSpan) throws(DecodeError) -> Message {
    var bytes = message
    do {
      let decoded = try body(of: &bytes, messageSize: message.byteCount)
      try bytes.expectEnd()
      return decoded
    } catch {
      throw failure(.layout(error), message, left: bytes.byteCount)
    }
  }

  /// Finds the version of the relation that a row belongs to, and checks the row against it.
  @inline(__always)
  public mutating func relation(
    of tuple: Tuple, _ id: ObjectID, in message: RawSpan
  ) throws(DecodeError) -> RelationVersion {
    let version = try relation(id, in: message)
    guard relations.columnCount(of: version) == tuple.columnCount else {
      let relation = relations[version]
      let reason = DecodeError.Reason.columnCount(
        relation: relation.qualifiedName, expected: relation.columns.count, found: tuple.columnCount)
      throw failure(reason, message, left: 0)
    }
    return version
  }

  /// Finds the version that a relation has now.
  public mutating func relation(_ id: ObjectID, in message: RawSpan) throws(DecodeError) -> RelationVersion {
    guard let version = relations.current(id) else { throw failure(.unknownRelation(id), message, left: 0) }
    return version
  }

  private func failure(_ reason: DecodeError.Reason, _ message: RawSpan, left: Int) -> DecodeError {
    DecodeError(
      tag: message.isEmpty ? nil : message.byte(at: 0), offset: message.byteCount - left, reason: reason)
  }

  private mutating func body(of bytes: inout RawSpan, messageSize: Int) throws(LayoutError) -> Message {
    let tagByte = try bytes.readByte()
    guard let tag = MessageTag(rawValue: tagByte) else {
      throw .unexpectedTag(tagByte, expected: "a pgoutput message")
    }
    switch tag {
    case .insert:
      let xid = try streamedTransaction(&bytes)
      return .insert(try Insert.decode(from: &bytes, xid: xid, messageSize: messageSize))
    case .begin: return .begin(try Begin.decode(from: &bytes))
    case .commit: return .commit(try Commit.decode(from: &bytes))
    case .origin: return .origin(try Origin.decode(from: &bytes))
    case .relation:
      let xid = try streamedTransaction(&bytes)
      let relation = try Relation.decode(from: &bytes, xid: xid)
      try bytes.expectEnd()
      return .relation(relations.describe(relation))
    case .type:
      let xid = try streamedTransaction(&bytes)
      let type = try TypeName.decode(from: &bytes, xid: xid)
      try bytes.expectEnd()
      relations.name(type)
      return .type(type)
    case .update:
      let xid = try streamedTransaction(&bytes)
      return .update(try Update.decode(from: &bytes, xid: xid, messageSize: messageSize))
    case .delete:
      let xid = try streamedTransaction(&bytes)
      return .delete(try Delete.decode(from: &bytes, xid: xid, messageSize: messageSize))
    case .truncate:
      let xid = try streamedTransaction(&bytes)
      return .truncate(try Truncate.decode(from: &bytes, xid: xid))
    case .logicalMessage:
      let xid = try streamedTransaction(&bytes)
      return .logicalMessage(try LogicalMessage.decode(from: &bytes, xid: xid, messageSize: messageSize))
    case .streamStart:
      let start = try StreamStart.decode(from: &bytes)
      isInStream = true
      relations.beginBlock(of: start.xid)
      return .streamStart(start)
    case .streamStop:
      isInStream = false
      relations.endBlock()
      return .streamStop
    case .streamCommit:
      let commit = try StreamCommit.decode(from: &bytes)
      relations.endTransaction(commit.xid, keeping: true)
      return .streamCommit(commit)
    case .streamAbort:
      let abort = try StreamAbort.decode(from: &bytes)
      if abort.xid == abort.subtransaction { relations.endTransaction(abort.xid, keeping: false) }
      return .streamAbort(abort)
    case .beginPrepare: return .beginPrepare(try BeginPrepare.decode(from: &bytes))
    case .prepare: return .prepare(try Prepare.decode(from: &bytes))
    case .commitPrepared: return .commitPrepared(try CommitPrepared.decode(from: &bytes))
    case .rollbackPrepared: return .rollbackPrepared(try RollbackPrepared.decode(from: &bytes))
    case .streamPrepare:
      let prepare = try Prepare.decode(from: &bytes)
      relations.endTransaction(prepare.xid, keeping: true)
      return .streamPrepare(prepare)
    }
  }

  private func streamedTransaction(_ bytes: inout RawSpan) throws(LayoutError) -> TransactionID? {
    isInStream ? try bytes.readInteger(TransactionID.self) : nil
  }
}
