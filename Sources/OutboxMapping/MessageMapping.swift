// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
public import PgOutput
public import PostgresWire

/// Outbox events that were written with `pg_logical_emit_message`, without a table.
extension EventMapper {
  /// Maps a message whose prefix is configured. One that belongs to no transaction is none, for nobody knows whether what it
  /// tells of was committed; it is passed over as `onChange` says. The content of the others must be a JSON object with the members
  /// `type` and, if wanted, `id`, `aggregatetype`, `aggregateid`, `payload`, `version`, `occurred_at`, `headers`,
  /// `traceparent`, `tracestate` and `dataschema`, or what these are mapped to.
  public mutating func message(
    _ logical: LogicalMessage, in message: RawSpan, lsn: LSN
  ) throws(MappingError) -> Outcome {
    if logical.isTransactional { event.position.ordinal &+= 1 }
    // Byte by byte: text in another form is another prefix, and a mark behind one does not hide it.
    guard let prefix = configuration.messagePrefixes.first(where: { logical.prefix.utf8.starts(with: $0.utf8) }) else {
      return .none
    }
    guard logical.isTransactional else {
      switch configuration.onChange {
      case .ignore: return .none
      case .warn:
        passedOverMessages += 1
        return .none
      case .fail:
        throw MappingError(
          problem: .outsideTransaction, place: .message(prefix: logical.prefix), column: nil, lsn: lsn)
      }
    }
    do throws(MemberFailure) {
      try read(logical, in: message, prefix: prefix)
    } catch {
      throw MappingError(
        problem: error.problem, place: .message(prefix: logical.prefix), column: error.member, lsn: lsn)
    }
    return .eventInScratch
  }

  private mutating func read(
    _ logical: LogicalMessage, in message: RawSpan, prefix: String
  ) throws(MemberFailure) {
    if !["UTF8", "SQL_ASCII"].contains(configuration.encoding), !message.isASCII(logical.content) {
      throw MemberFailure(member: nil, problem: .foreignEncoding(configuration.encoding))
    }
    event.clear()
    scratch.removeAll(keepingCapacity: scratch.capacity <= 1 << 20)
    (sourceRelation, outbox) = (nil, 0)
    event.source =
      configuration.source ?? EventSource(path: [configuration.database, "message", logical.prefix])
    resetTime()
    var (members, count): ([Member], Int) = ([], 0)
    do {
      try JSONScanner.forEachMember(message, logical.content) { key, value, kind in
        count += 1
        guard count <= MappingConfiguration.mostMembers else { return }
        var name: [UInt8] = []
        guard name.appendUnescaped(message, key), let uses = memberUses[name] else { return }
        members.removeAll { $0.bytes == name }
        if kind != .null { members.append(Member(bytes: name, uses: uses, value: value, kind: kind)) }
      }
    } catch {
      throw MemberFailure(member: nil, problem: .invalidMessage)
    }
    guard count <= MappingConfiguration.mostMembers else { throw MemberFailure(member: nil, problem: .tooManyMembers) }
    for member in members {
      for use in member.uses { try set(use, member.name, member.value, member.kind, message) }
    }
    try fillIn(logical, prefix: prefix)
  }

  /// A member that means something.
  private struct Member {
    let bytes: [UInt8]
    let uses: [TablePlan.Use]
    let value: Range<Int>
    let kind: JSONScanner.Kind

    var name: String { String(decoding: bytes, as: UTF8.self) }
  }

  private mutating func set(
    _ use: TablePlan.Use, _ name: String, _ value: Range<Int>, _ kind: JSONScanner.Kind, _ message: RawSpan
  ) throws(MemberFailure) {
    switch use {
    case .unused, .several: break
    case .attribute(let number):
      let value = try text(name, value, kind, message)
      event.attributes.append(.init(name: configuration.attributes[number].name, value: value))
    case .role(let role): try set(role, name, value, kind, message)
    }
  }

  private mutating func set(
    _ role: ColumnRole, _ name: String, _ value: Range<Int>, _ kind: JSONScanner.Kind, _ message: RawSpan
  ) throws(MemberFailure) {
    switch role {
    case .payload:
      let start = scratch.count
      scratch.append(message, value)
      event.payload = .json(start..<scratch.count)
    case .headers:
      do {
        try mapHeaders(message, value)
      } catch {
        throw MemberFailure(member: name, problem: error)
      }
    case .time:
      let time =
        kind == .string
        ? EventTime.parse(message, (value.lowerBound + 1)..<(value.upperBound - 1))
        : EventTime.parseEpoch(message, value)
      guard let time else { throw MemberFailure(member: name, problem: .invalidTime) }
      event.time = time
      event.hasOwnTime = true
    case .id: event.id = try text(name, value, kind, message)
    case .type: event.type = try text(name, value, kind, message)
    case .aggregateType: event.aggregateType = try text(name, value, kind, message)
    case .aggregateID: event.aggregateID = try text(name, value, kind, message)
    case .version: event.dataVersion = try text(name, value, kind, message)
    case .traceParent: event.traceParent = try text(name, value, kind, message)
    case .traceState: event.traceState = try text(name, value, kind, message)
    case .dataSchema: event.dataSchema = try text(name, value, kind, message)
    }
  }

  /// What a message need not say: an id from its place in the log, an aggregate type from the rest of its prefix.
  private mutating func fillIn(_ logical: LogicalMessage, prefix: String) throws(MemberFailure) {
    if event.type.isEmpty { throw MemberFailure(member: "type", problem: .missing) }
    if event.id.isEmpty {
      // Positions of two timelines can be the same. That of the record, not the present one, so that the same record has the
      // same id before and after a failover.
      let timeline = configuration.timelines.timeline(of: logical.lsn)
      let suffix = timeline > 1 ? "-\(timeline)" : ""
      event.id = appendToScratch(
        "\(configuration.systemIdentifier)-\(Hexadecimal.text(logical.lsn.rawValue))\(suffix)")
    }
    if event.aggregateType.isEmpty {
      let rest = logical.prefix.utf8.dropFirst(prefix.utf8.count).drop { ".:/".utf8.contains($0) }
      event.aggregateType = appendToScratch(rest.isEmpty ? logical.prefix : String(decoding: rest, as: UTF8.self))
    }
  }

  private mutating func appendToScratch(_ text: String) -> Range<Int> {
    let start = scratch.count
    scratch.append(contentsOf: text.utf8)
    return start..<scratch.count
  }

  /// A string unescaped, or a number as it is written.
  private mutating func text(
    _ name: String, _ value: Range<Int>, _ kind: JSONScanner.Kind, _ message: RawSpan
  ) throws(MemberFailure) -> Range<Int> {
    let start = scratch.count
    switch kind {
    case .string:
      guard scratch.appendUnescaped(message, (value.lowerBound + 1)..<(value.upperBound - 1)) else {
        throw MemberFailure(member: name, problem: .envelope(.invalidUTF8))
      }
    case .number: scratch.append(message, value)
    case .object, .array, .boolean, .null: throw MemberFailure(member: name, problem: .invalidMessage)
    }
    return start..<scratch.count
  }

  /// What members mean, by their names. One that is mapped more than once serves all.
  static func memberUses(_ configuration: MappingConfiguration) -> [[UInt8]: [TablePlan.Use]] {
    var uses: [[UInt8]: [TablePlan.Use]] = [:]
    for role in ColumnRole.allCases {
      for name in configuration.columns[role].map({ [$0] }) ?? role.usualNames where !name.isEmpty {
        uses[Array(name.utf8), default: []].append(.role(role))
      }
    }
    for (number, attribute) in configuration.attributes.enumerated() {
      uses[Array(attribute.column.utf8), default: []].append(.attribute(number))
    }
    return uses
  }
}

extension RawSpan {
  fileprivate func isASCII(_ range: Range<Int>) -> Bool { range.allSatisfy { byte(at: $0) < 0x80 } }
}

/// What is wrong with which member.
private struct MemberFailure: Error {
  let member: String?
  let problem: MappingError.Problem
}
