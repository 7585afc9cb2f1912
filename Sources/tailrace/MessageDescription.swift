// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// Messages in words, for people (`text`) and for programs (`json`).
enum MessageDescription {
  /// What a message says: its name and fields, values not yet quoted.
  private struct Fields {
    let name: String
    var pairs: [(String, Value)] = []

    indirect enum Value {
      case text(String)
      case number(String)
      case null
      case unchanged
      case list([Value])
      case object([(String, Value)])
    }
  }

  /// One line: position, name, fields.
  static func text(_ message: Message, _ lsn: LSN, _ bytes: RawSpan, _ relations: inout RelationCache) -> String {
    let fields = fields(of: message, bytes, &relations)
    return (["\(lsn)", fields.name] + fields.pairs.map { "\($0)=\(plain($1))" }).joined(separator: " ")
  }

  /// One JSON object.
  static func json(_ message: Message, _ lsn: LSN, _ bytes: RawSpan, _ relations: inout RelationCache) -> String {
    let fields = fields(of: message, bytes, &relations)
    return json(.object([("lsn", .text("\(lsn)")), ("message", .text(fields.name))] + fields.pairs))
  }

  private static func fields(of message: Message, _ bytes: RawSpan, _ relations: inout RelationCache) -> Fields {
    switch message {
    case .begin(let begin):
      Fields(
        name: "begin",
        pairs: [("xid", xid(begin.xid)), ("commit", lsn(begin.finalLSN)), ("time", time(begin.commitTime))])
    case .commit(let commit): Fields(name: "commit", pairs: pairs(commit))
    case .origin(let origin):
      Fields(name: "origin", pairs: [("name", .text(origin.name)), ("commit", lsn(origin.commitLSN))])
    case .relation(let relation):
      Fields(
        name: "relation",
        pairs: streamed(relation.xid) + [
          ("relation", .text(relation.qualifiedName)), ("id", .number("\(relation.id)")),
          ("identity", .text("\(relation.replicaIdentity)")),
          (
            "columns",
            .object(
              relation.columns.map { ($0.name, .text("type \($0.typeID)\($0.isKey ? " key" : "")")) })
          ),
        ])
    case .type(let type):
      Fields(
        name: "type",
        pairs: streamed(type.xid) + [
          ("id", .number("\(type.id)")),
          ("name", .text("\(type.namespace.isEmpty ? "pg_catalog" : type.namespace).\(type.name)")),
        ])
    case .insert(let insert):
      Fields(
        name: "insert",
        pairs: streamed(insert.xid) + row(insert.relationID, [("new", insert.new)], bytes, &relations))
    case .update(let update):
      Fields(
        name: "update",
        pairs: streamed(update.xid)
          + row(update.relationID, (update.old.map { [old($0)] } ?? []) + [("new", update.new)], bytes, &relations))
    case .delete(let delete):
      Fields(
        name: "delete", pairs: streamed(delete.xid) + row(delete.relationID, [old(delete.old)], bytes, &relations))
    case .truncate(let truncate):
      Fields(
        name: "truncate",
        pairs: streamed(truncate.xid) + [
          ("relations", .list(truncate.relationIDs.map { .text(name(of: $0, &relations)) })),
          ("cascade", .number("\(truncate.cascade)")), ("restart", .number("\(truncate.restartIdentity)")),
        ])
    case .logicalMessage(let logical):
      Fields(
        name: "message",
        pairs: streamed(logical.xid) + [
          ("prefix", .text(logical.prefix)), ("transactional", .number("\(logical.isTransactional)")),
          ("at", lsn(logical.lsn)), ("content", value(.text(logical.content), bytes)),
        ])
    case .streamStart(let start):
      Fields(name: "stream start", pairs: [("xid", xid(start.xid)), ("first", .number("\(start.isFirstSegment)"))])
    case .streamStop: Fields(name: "stream stop")
    case .streamCommit(let commit):
      Fields(name: "stream commit", pairs: [("xid", xid(commit.xid))] + pairs(commit.commit))
    case .streamAbort(let abort):
      Fields(
        name: "stream abort",
        pairs: [("xid", xid(abort.xid)), ("subtransaction", xid(abort.subtransaction))]
          + (abort.abort.map { [("at", lsn($0.lsn)), ("time", time($0.time))] } ?? []))
    case .beginPrepare(let begin):
      Fields(
        name: "begin prepare",
        pairs: [
          ("xid", xid(begin.xid)), ("gid", .text(begin.globalID)), ("prepare", lsn(begin.prepareLSN)),
          ("end", lsn(begin.endLSN)), ("time", time(begin.prepareTime)),
        ])
    case .prepare(let prepare): Fields(name: "prepare", pairs: pairs(prepare))
    case .streamPrepare(let prepare): Fields(name: "stream prepare", pairs: pairs(prepare))
    case .commitPrepared(let commit):
      Fields(
        name: "commit prepared",
        pairs: [("xid", xid(commit.xid)), ("gid", .text(commit.globalID))] + pairs(commit.commit))
    case .rollbackPrepared(let rollback):
      Fields(
        name: "rollback prepared",
        pairs: [
          ("xid", xid(rollback.xid)), ("gid", .text(rollback.globalID)), ("prepareend", lsn(rollback.prepareEndLSN)),
          ("end", lsn(rollback.rollbackEndLSN)), ("time", time(rollback.rollbackTime)),
        ])
    }
  }

  private typealias Pair = (String, Fields.Value)

  private static func xid(_ xid: TransactionID) -> Fields.Value { .number("\(xid)") }
  private static func lsn(_ lsn: LSN) -> Fields.Value { .text("\(lsn)") }

  private static func time(_ time: PostgresTimestamp) -> Fields.Value {
    EventTime(unixMicroseconds: time.unixMicroseconds).map { .text("\($0)") } ?? .null
  }

  private static func streamed(_ transaction: TransactionID?) -> [Pair] {
    transaction.map { [("xid", xid($0))] } ?? []
  }

  private static func pairs(_ commit: Commit) -> [Pair] {
    [("commit", lsn(commit.commitLSN)), ("end", lsn(commit.endLSN)), ("time", time(commit.commitTime))]
  }

  private static func pairs(_ prepare: Prepare) -> [Pair] {
    [
      ("xid", xid(prepare.xid)), ("gid", .text(prepare.globalID)), ("prepare", lsn(prepare.prepareLSN)),
      ("end", lsn(prepare.endLSN)), ("time", time(prepare.prepareTime)),
    ]
  }

  private static func old(_ old: OldTuple) -> (String, Tuple) {
    switch old {
    case .key(let tuple): ("key", tuple)
    case .full(let tuple): ("old", tuple)
    }
  }

  private static func name(of id: ObjectID, _ relations: inout RelationCache) -> String {
    relations.current(id).map { relations[$0].qualifiedName } ?? "\(id)"
  }

  private static func row(
    _ id: ObjectID, _ tuples: [(String, Tuple)], _ bytes: RawSpan, _ relations: inout RelationCache
  ) -> [Pair] {
    let columns = relations.current(id).map { relations[$0].columns } ?? []
    var pairs: [Pair] = [("relation", .text(name(of: id, &relations)))]
    for (label, tuple) in tuples {
      var values: [Pair] = []
      tuple.forEachColumn(in: bytes) { index, content in
        values.append((index < columns.count ? columns[index].name : "\(index)", value(content, bytes)))
      }
      pairs.append((label, .object(values)))
    }
    return pairs
  }

  private static func value(_ value: Tuple.Value, _ bytes: RawSpan) -> Fields.Value {
    switch value {
    case .null: .null
    case .unchanged: .unchanged
    case .text(let range): .text(bytes.text(range))
    case .binary(let range): .text(bytes.hexadecimalText(range))
    }
  }

  private static func plain(_ value: Fields.Value) -> String {
    switch value {
    case .text(let text): isPlain(text) ? text : JSONText.string(text)
    case .number(let text): text
    case .null: "null"
    case .unchanged: "(unchanged)"
    case .list(let values): "[" + values.map(plain).joined(separator: ", ") + "]"
    case .object(let pairs): "{" + pairs.map { "\(plainKey($0)): \(plain($1))" }.joined(separator: ", ") + "}"
    }
  }

  private static func plainKey(_ name: String) -> String {
    isPlain(name) && !name.utf8.contains(UInt8(ascii: ":")) ? name : JSONText.string(name)
  }

  /// Whether text can stand without quotes: not mistaken for something else, and harmless to a terminal.
  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text != "null" && text != "(unchanged)"
      && !text.unicodeScalars.contains {
        $0.properties.isWhitespace || $0.properties.generalCategory == .control || "\"{}[],".unicodeScalars.contains($0)
      }
  }

  private static func json(_ value: Fields.Value) -> String {
    switch value {
    case .text(let text): JSONText.string(text)
    case .number(let text): text
    case .null: "null"
    case .unchanged: "{\"unchanged\":true}"
    case .list(let values): "[" + values.map(json).joined(separator: ",") + "]"
    case .object(let pairs):
      "{" + pairs.map { "\(JSONText.string($0)):\(json($1))" }.joined(separator: ",") + "}"
    }
  }
}
