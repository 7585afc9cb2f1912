import IntegrationEvents
import Octets
public import PgOutput
public import PostgresWire

/// Outbox events that were written with `pg_logical_emit_message`, without a table.
extension EventMapper {
  /// Maps a transactional message whose prefix is configured. Its content must be a JSON object with the members
  /// `type` and, if wanted, `id`, `aggregatetype`, `aggregateid`, `payload`, `version`, `occurred_at`, `headers`,
  /// `traceparent`, `tracestate` and `dataschema`, or what these are mapped to.
  public mutating func message(
    _ logical: LogicalMessage, in message: RawSpan, lsn: LSN
  ) throws(MappingError) -> Outcome {
    guard logical.isTransactional else { return .none }
    event.position.ordinal &+= 1
    guard let prefix = configuration.messagePrefixes.first(where: { logical.prefix.hasPrefix($0) }) else {
      return .none
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
    event.clear()
    scratch.removeAll(keepingCapacity: true)
    sourceRelation = nil
    event.source =
      configuration.source ?? EventSource(path: [configuration.database, "message", logical.prefix])
    resetTime()
    let roles = memberRoles
    var members: [(role: ColumnRole?, name: String, value: Range<Int>, kind: JSONScanner.Kind)] = []
    do {
      try JSONScanner.forEachMember(message, logical.content) { key, value, kind in
        var name: [UInt8] = []
        guard kind != .null, name.appendUnescaped(message, key) else { return }
        let text = String(decoding: name, as: UTF8.self)
        members.removeAll { $0.name == text }
        members.append((roles[text], text, value, kind))
      }
    } catch {
      throw MemberFailure(member: nil, problem: .invalidMessage)
    }
    for member in members { try set(member.role, member.name, member.value, member.kind, message) }
    for attribute in configuration.attributes {
      guard let member = members.first(where: { $0.name == attribute.column }) else { continue }
      let value = try text(member.name, member.value, member.kind, message)
      event.attributes.append(.init(name: attribute.name, value: value))
    }
    try fillIn(logical, prefix: prefix)
  }

  private mutating func set(
    _ role: ColumnRole?, _ name: String, _ value: Range<Int>, _ kind: JSONScanner.Kind, _ message: RawSpan
  ) throws(MemberFailure) {
    switch role {
    case nil: break
    case .payload:
      let start = scratch.count
      scratch.append(message, value)
      event.payload = .json(start..<scratch.count)
    case .headers:
      do {
        try HeaderMapping.map(message, value, taken: takenNames, into: &event)
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
      let rest = logical.prefix.dropFirst(prefix.count).drop { ".:/".contains($0) }
      event.aggregateType = appendToScratch(rest.isEmpty ? logical.prefix : String(rest))
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

  private var memberRoles: [String: ColumnRole] {
    var roles: [String: ColumnRole] = [:]
    for role in ColumnRole.allCases {
      for name in configuration.columns[role].map({ [$0] }) ?? role.usualNames { roles[name] = role }
    }
    return roles
  }
}

/// What is wrong with which member.
private struct MemberFailure: Error {
  let member: String?
  let problem: MappingError.Problem
}
