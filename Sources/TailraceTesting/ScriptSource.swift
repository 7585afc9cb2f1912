// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresWire

/// The frames that a server would send for a script whose transactions come one after another.
struct ScriptSource: FrameSource {
  /// What a transaction has written so far.
  private struct Transaction {
    var messages: [[UInt8]] = []
    var isOpen = false
    /// Which tables the stream had described before: a transaction that is rolled back describes none.
    var described: Set<Int> = []
  }

  let identity = StreamIdentity(systemIdentifier: "0", timeline: 1, database: "test", slot: "test", publication: "test")
  let flushLSN = LSN.zero
  let descriptor: PollDescriptor? = nil
  let heartbeat: Duration? = nil

  private var frames: [[UInt8]] = []
  private var next = 0
  private var tablesOfScript = [TestTable.outbox]
  private var described: Set<Int> = []
  private var commits: UInt64 = 0
  private var rows = 0

  init(_ script: String) throws(SQLMistake) {
    var transaction = Transaction()
    for statement in try SQLScript.statements(script) {
      switch statement {
      case .begin:
        (transaction.isOpen, transaction.described) = (true, described)
        continue
      case .commit: transaction.isOpen = false
      case .rollback:
        if transaction.isOpen { described = transaction.described }
        transaction = Transaction()
      case .create(let table):
        tablesOfScript.removeAll { $0.name == table.name }
        tablesOfScript.append(table)
        described = []
      case .insert(let table, let columns, let rows, let line):
        transaction.messages += try insertion(table, columns, rows, line)
      case .message(let prefix, let content):
        transaction.messages.append(MessageWriting.logicalMessage(prefix, content, at: commitLSN))
      }
      if !transaction.isOpen {
        commit(transaction.messages)
        transaction = Transaction()
      }
    }
    // What nobody has committed never happened.
  }

  mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    while next < frames.count {
      let frame = frames[next]
      next += 1
      if unsafe visit(frame.span.bytes) == .enough { return .paused }
    }
    return .ended
  }

  mutating func send(_ status: StandbyStatus) throws(Failure) {}
  mutating func finish() throws(Failure) {}

  /// Where the transaction that is being written will be committed.
  private var commitLSN: LSN { LSN(rawValue: (commits + 1) << 12) }
  /// When, counted from the first day of the year 2000: the same in every run.
  private var commitTime: PostgresTimestamp { PostgresTimestamp(rawValue: Int64(commits + 1) * 1_000_000) }

  private mutating func commit(_ messages: [[UInt8]]) {
    guard !messages.isEmpty else { return }
    let end = LSN(rawValue: commitLSN.rawValue + 0x30)
    let begin = MessageWriting.begin(
      commitLSN: commitLSN, commitTime: commitTime, xid: UInt32(truncatingIfNeeded: commits + 1))
    for message in [begin] + messages + [MessageWriting.commit(commitLSN, end: end, commitTime: commitTime)] {
      frames.append(ReplicationFrame.xLogData(start: commitLSN, sentAt: commitTime, payload: message))
    }
    commits += 1
  }

  private mutating func insertion(
    _ name: TableName, _ columns: [String]?, _ rows: [[SQLStatement.Value]], _ line: Int
  ) throws(SQLMistake) -> [[UInt8]] {
    guard let index = tablesOfScript.firstIndex(where: { $0.name == name }) else {
      throw SQLMistake(line: line, what: "there is no table \(name): let a CREATE TABLE stand before it")
    }
    let (table, id) = (tablesOfScript[index], ObjectID(16_384 + index))
    var messages: [[UInt8]] = []
    if described.insert(index).inserted {
      messages.append(MessageWriting.relation(id, name, columns: table.columns.map { ($0.name, $0.type) }))
    }
    let columns = columns ?? table.columns.map(\.name)
    if let unknown = columns.first(where: { column in !table.columns.contains { $0.name == column } }) {
      throw SQLMistake(line: line, what: "\(name) has no column \(unknown)")
    }
    for row in rows {
      guard row.count == columns.count else {
        throw SQLMistake(line: line, what: "a row has \(row.count) values for \(columns.count) columns")
      }
      self.rows += 1
      let given = Dictionary(zip(columns, row)) { first, _ in first }
      messages.append(MessageWriting.insert(id, table.columns.map { text(given[$0.name] ?? .byDefault, $0) }))
    }
    return messages
  }

  /// A value as the server prints it.
  private func text(_ value: SQLStatement.Value, _ column: TestTable.Column) -> String? {
    switch value {
    case .null: return nil
    case .boolean(let value): return value ? "t" : "f"
    case .id: return id
    case .time: return time
    case .byDefault:
      switch column.byDefault {
      case .null: return nil
      case .value(let text): return text
      case .id: return id
      case .time: return time
      }
    case .text(let text):
      switch column.type {
      case BuiltInType.uuid: return text.lowercased()
      case BuiltInType.bool:
        return ["true", "yes", "on", "1", "t", "y"].contains(text.lowercased()) ? "t" : "f"
      case BuiltInType.timestamptz, BuiltInType.timestamp:
        let printed = text.replacing("T", with: " ", maxReplacements: 1)
        return printed.hasSuffix("Z") ? printed.dropLast() + "+00" : printed
      default: return text
      }
    }
  }

  private var id: String {
    let digits = String(rows, radix: 16)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  private var time: String {
    "2000-01-01 00:\(Self.twoDigits((commits + 1) / 60 % 60)):\(Self.twoDigits((commits + 1) % 60))+00"
  }

  private static func twoDigits(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
