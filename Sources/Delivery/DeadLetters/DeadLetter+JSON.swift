// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

extension DeadLetter {
  /// One line of JSON, without a newline.
  public var json: String { json(content) }

  /// The same in ASCII alone, for where other letters have no place. The event is in a string, so that it can be had back byte
  /// for byte.
  package var asciiJSON: String { JSONText.ascii(json(inString)) }

  private func json(_ content: String) -> String {
    let owner = slot.map { ["\"slot\":\(JSONText.string($0))"] } ?? []
    let members = [
      "\"id\":\(JSONText.string(id))",
      "\"type\":\(JSONText.string(type))", "\"aggregatetype\":\(JSONText.string(aggregateType))",
      "\"key\":\(JSONText.string(key))", "\"reason\":\(JSONText.string(reason))",
      "\"status\":\(status.map(String.init) ?? "null")", "\"attempts\":\(attempts)",
      "\"firstattempt\":\(Self.time(firstAttempt))", "\"lastattempt\":\(Self.time(lastAttempt))",
      "\"sink\":\(JSONText.string(sink))",
    ]
    let cut = wholeSize.map { ["\"cut\":\($0)"] } ?? []
    let place = ["\"position\":\(JSONText.string(position.sequence))"]
    return "{\((place + owner + members + cut + [content]).joined(separator: ","))}"
  }

  /// What the letter is about: a JSON object as it is, and in a string whatever is none, or is nested so deeply that some
  /// reader of JSON would give up, so that no letter can make others unreadable.
  private var content: String {
    guard NestedJSON.isPlainObject(event) else { return inString }
    return "\"\(isEvent ? "event" : "row")\":\(event)"
  }

  private var inString: String { "\"\(isEvent ? "event" : "row")text\":\(JSONText.string(event))" }

  /// Reads a line back; nil when it is none.
  public init?(json: [UInt8]) {
    self.init(json: json, 0..<json.count)
  }

  /// Reads a range of bytes as a letter.
  init?(json: [UInt8], _ range: Range<Int>) {
    var fields: [String: String] = [:]
    let bytes = unsafe json.span.bytes
    do {
      try JSONScanner.forEachMember(bytes, range) { key, value, kind in
        var text: [UInt8] = []
        let name = bytes.text(key)
        // What was kept as it is is an object, event or row.
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
    let (event, row) = (fields["event"] ?? fields["eventtext"], fields["row"] ?? fields["rowtext"])
    guard let content = event ?? row, let id = fields["id"], let key = fields["key"],
      let position = fields["position"].flatMap({ EventPosition(sequence: $0) }), let reason = fields["reason"],
      let attempts = fields["attempts"].flatMap({ Int($0) }), let sink = fields["sink"],
      let first = fields["firstattempt"].flatMap(Self.seconds), let last = fields["lastattempt"].flatMap(Self.seconds)
    else { return nil }
    self.init(
      event: content, isEvent: event != nil, wholeSize: fields["cut"].flatMap { Int($0) }, id: id,
      type: fields["type"] ?? "", aggregateType: fields["aggregatetype"] ?? "", key: key, position: position,
      reason: reason, status: fields["status"].flatMap { Int($0) }, attempts: attempts, firstAttempt: first,
      lastAttempt: last, sink: sink)
    slot = fields["slot"]
    if event != nil, fields["type"] == nil { takeTypes() }
  }

  /// Letters of version 0.1 say in their event alone of what type they are.
  private mutating func takeTypes() {
    var batch = EventBatch()
    guard (try? batch.append(self)) != nil, let event = batch.events.first else { return }
    (type, aggregateType) = (batch.text(event.type), batch.text(event.aggregateType))
  }

  private static func time(_ seconds: Int64) -> String {
    EventTime(unixMicroseconds: seconds &* 1_000_000).map { "\"\($0)\"" } ?? "null"
  }

  private static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    return unsafe EventTime.parse(bytes.span.bytes, 0..<bytes.count).map { $0.unixMicroseconds / 1_000_000 }
  }
}

/// What is put into other JSON as it is.
private enum NestedJSON {
  /// How deep it may be nested. Some readers of JSON give up at 256.
  private static let depth = 200

  /// Whether a text is a JSON object, on one line and not nested deeply.
  static func isPlainObject(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var (depth, isInString, isEscaped) = (0, false, false)
    for byte in bytes {
      if byte < 0x20 { return false }
      if isInString {
        if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      } else if byte == UInt8(ascii: "\"") {
        isInString = true
      } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        depth += 1
        if depth > Self.depth { return false }
      } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
        depth -= 1
      }
    }
    return unsafe (try? JSONScanner.validate(bytes.span.bytes, 0..<bytes.count)) == .object
  }
}
