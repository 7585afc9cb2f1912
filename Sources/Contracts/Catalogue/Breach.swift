// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// How an event breaks its contract: in words without a value of its data.
struct Breach: Error {
  /// Of which kind it is, whatever the event.
  let rule: String
  /// What is wrong.
  let reason: String
  /// What to do.
  private let advice: String
  private let setting: PayloadRefusal.Setting?

  private init(_ reason: String, rule: String? = nil, advice: String, setting: PayloadRefusal.Setting? = nil) {
    (self.rule, self.reason, self.advice, self.setting) = (rule ?? reason, reason, advice, setting)
  }

  /// The same of an event, by name.
  func refusal(of event: borrowing IntegrationEvent, _ bytes: RawSpan) -> PayloadRefusal {
    PayloadRefusal("\(Self.name(of: event, bytes)): \(reason)", advice: advice, setting: setting)
  }

  /// `event 4711, OrderPlaced 3`, whatever these hold.
  static func name(of event: borrowing IntegrationEvent, _ bytes: RawSpan) -> String {
    let version = event.dataVersion.isEmpty ? "" : " \(shown(bytes.text(event.dataVersion), to: 32))"
    return "event \(shown(bytes.text(event.id))), \(shown(bytes.text(event.type)))\(version)"
  }

  static func mismatch(at pointer: String, _ rule: String, _ file: String) -> Breach {
    let place = pointer.isEmpty ? "its data" : "its data at \(shown(pointer, to: 512))"
    let (file, rule) = (shown(file), shown(rule, to: 512))
    return Breach(
      "\(place) breaks its contract in \(file): \(rule)", rule: "\(shapeless(pointer)): \(rule)",
      advice: "mend the producer, or write a version of the contract that takes it")
  }

  static func unknownType(_ name: Range<Int>, _ bytes: RawSpan) -> Breach {
    let type = bytes.text(name)
    let directory = (1...128).contains(type.utf8.count) ? ContractHook.encoded(type) : "TYPE"
    return Breach(
      "there is no contract for its type",
      advice: "mend the type that the producer writes, or make \(directory)/1.avsc, \(directory)/1.json or "
        + "\(directory)/1.binpb among the "
        + "contracts")
  }

  static func unknownVersion(_ name: Range<Int>, _ bytes: RawSpan, among versions: [[UInt8]]) -> Breach {
    var names = versions.map { String(decoding: $0, as: UTF8.self) }
    if names.count > 6 { names.replaceSubrange(2..<(names.count - 2), with: ["…"]) }
    let there = names.joined(separator: ", ")
    let (first, rest) = (bytes.byte(at: name.lowerBound), (name.lowerBound + 1)..<name.upperBound)
    let isNumber = (0x31...0x39).contains(first) && rest.allSatisfy { (0x30...0x39).contains(bytes.byte(at: $0)) }
    guard isNumber else {
      return Breach(
        "its dataversion is none: that is digits, from 1, without zeros before them; there are \(there)",
        advice: "mend what the producer writes as the version")
    }
    return Breach(
      "its type has no contract of its dataversion; there are \(there)",
      advice: "mend the version that the producer writes, or add its contract")
  }

  static func noData(_ file: String) -> Breach {
    Breach("it has no data, and its contract in \(shown(file)) wants some", advice: "mend the producer")
  }

  static func text(_ file: String) -> Breach {
    Breach(
      "its data is text that is not called JSON, and its contract in \(shown(file)) is of JSON",
      advice: "if it is JSON, say so with", setting: PayloadRefusal.Setting("payload-type", "json"))
  }

  static func bytes(_ file: String) -> Breach {
    Breach(
      "its data is bytes, and its contract in \(shown(file)) is of JSON",
      advice: "write JSON into a column of type json, jsonb or text")
  }

  /// Bytes that are not what data is when it is encoded.
  static func encoded(_ problem: String, _ file: String) -> Breach {
    Breach(
      "its data is bytes that are not encoded by its contract in \(shown(file)): \(problem)", rule: problem,
      advice: "mend what encodes them, or write JSON into a column of type json, jsonb or text")
  }

  private static func shown(_ text: String, to count: Int = 128) -> String {
    "\(ForeignText(ForeignText(text).shortened(to: count)))"
  }

  /// A pointer in which an item is any item, so that a long array is not of many kinds.
  private static func shapeless(_ pointer: String) -> String {
    shown(
      pointer.split(separator: "/", omittingEmptySubsequences: false)
        .map { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? "*" : $0 }.joined(separator: "/"))
  }
}
