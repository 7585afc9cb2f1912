public import IntegrationEvents
import Octets

/// What could not be delivered, and why: kept until somebody redrives or drops it.
public struct DeadLetter: Hashable, Sendable {
  /// The event as a JSON object: a CloudEvent, or for a row that could not become one, its columns.
  public var event: String
  /// Whether `event` is a CloudEvent, which can be delivered again.
  public var isEvent = true
  /// The event's id; empty for a row.
  public var id: String
  /// The aggregate id; empty for none.
  public var key: String
  /// Where it stands in the log.
  public var position: EventPosition
  /// Why it could not be delivered. Never a receiver's words.
  public var reason: String
  /// The receiver's status code, if it answered.
  public var status: Int?
  /// How often it was tried.
  public var attempts: Int
  /// When it was tried first, in seconds since 1970.
  public var firstAttempt: Int64
  /// When it was tried last, in seconds since 1970.
  public var lastAttempt: Int64
  /// Where it should have gone.
  public var sink: String

  /// Makes a letter.
  public init(
    event: String, isEvent: Bool = true, id: String, key: String, position: EventPosition, reason: String,
    status: Int?, attempts: Int, firstAttempt: Int64, lastAttempt: Int64, sink: String
  ) {
    self.event = event
    self.isEvent = isEvent
    self.id = id
    self.key = key
    self.position = position
    self.reason = reason
    self.status = status
    self.attempts = attempts
    self.firstAttempt = firstAttempt
    self.lastAttempt = lastAttempt
    self.sink = sink
  }

  /// Whether two letters are about the same thing, perhaps parked twice.
  public func isAbout(_ other: DeadLetter) -> Bool { id == other.id && position == other.position }
}

extension DeadLetter {
  /// One line of JSON, without a newline.
  public var json: String {
    let members = [
      "\"position\":\(JSONText.string(position.sequence))", "\"id\":\(JSONText.string(id))",
      "\"key\":\(JSONText.string(key))", "\"reason\":\(JSONText.string(reason))",
      "\"status\":\(status.map(String.init) ?? "null")", "\"attempts\":\(attempts)",
      "\"firstattempt\":\(Self.time(firstAttempt))", "\"lastattempt\":\(Self.time(lastAttempt))",
      "\"sink\":\(JSONText.string(sink))", "\"\(isEvent ? "event" : "row")\":\(event)",
    ]
    return "{\(members.joined(separator: ","))}"
  }

  /// Reads a line back; nil when it is none.
  public init?(json: [UInt8]) {
    var fields: [String: String] = [:]
    let bytes = unsafe json.span.bytes
    do {
      try JSONScanner.forEachMember(bytes, 0..<json.count) { key, value, kind in
        var text: [UInt8] = []
        let name = bytes.text(key)
        // What was kept whole is an object, event or row.
        if name == "event" || name == "row", kind != .object { return }
        if kind == .string {
          guard text.appendUnescaped(bytes, (value.lowerBound + 1)..<(value.upperBound - 1)) else { return }
        } else {
          text = Array(json[value])
        }
        fields[name] = String(decoding: text, as: UTF8.self)
      }
    } catch {
      return nil
    }
    guard let event = fields["event"] ?? fields["row"], let id = fields["id"], let key = fields["key"],
      let position = fields["position"].flatMap({ EventPosition(sequence: $0) }), let reason = fields["reason"],
      let attempts = fields["attempts"].flatMap({ Int($0) }), let sink = fields["sink"],
      let first = fields["firstattempt"].flatMap(Self.seconds), let last = fields["lastattempt"].flatMap(Self.seconds)
    else { return nil }
    self.init(
      event: event, isEvent: fields["event"] != nil, id: id, key: key, position: position, reason: reason,
      status: fields["status"].flatMap { Int($0) }, attempts: attempts, firstAttempt: first, lastAttempt: last,
      sink: sink)
  }

  private static func time(_ seconds: Int64) -> String {
    EventTime(unixMicroseconds: seconds &* 1_000_000).map { "\"\($0)\"" } ?? "null"
  }

  private static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    return unsafe EventTime.parse(bytes.span.bytes, 0..<bytes.count).map { $0.unixMicroseconds / 1_000_000 }
  }
}
