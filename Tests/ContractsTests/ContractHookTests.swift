// SPDX-License-Identifier: Apache-2.0

import Contracts
import IntegrationEvents
import Synchronization
import Testing

/// What becomes of an event at the relay.
@Suite struct ContractHookTests {
  /// What was told.
  private final class Told: Sendable {
    private let list = Mutex<[String]>([])
    var words: [String] { list.withLock(\.self) }
    func add(_ words: String) { list.withLock { $0.append(words) } }
  }

  private func hook(
    _ policy: ContractHook.Policy = .reject, schemaBase: String? = nil, maxPayload: Int? = nil, _ told: Told = Told()
  ) throws -> ContractHook {
    var catalogue = ContractCatalogue(fields: [Fields.cents, "\(Fields.cents), \(Fields.noteOrNone)"])
    catalogue.add(type: "a b/ü%", version: 7, file: "7.json", text: Array(#"{"required": ["n"]}"#.utf8))
    return try ContractHook(
      catalogue, policy: policy, schemaBase: schemaBase, maxPayload: maxPayload, tell: { told.add($0) })
  }

  @Test func `an event without a version has the newest, else its own`() throws {
    let hook = try hook()
    let plain = #"{"cents": 1, "note": null}"#
    for data in [DraftedEvent.Data.json, .uncheckedJSON] {
      #expect(try DraftedEvent(data: #"{"cents": 1, "note": 2}"#, kind: data).refusal(hook) != nil)
      #expect(try DraftedEvent(version: "2", data: #"{"cents": 1, "note": 2}"#, kind: data).refusal(hook) != nil)
    }
    let newest = try DraftedEvent(data: plain).refusal(hook)
    #expect(newest == nil)
    let one = try DraftedEvent(version: "1", data: #"{"cents": 1}"#).asked(hook)
    #expect(one == nil, "it leaves as it stands")
  }

  @Test func `the refusal has place and rule, and never the value`() throws {
    let reason = try #require(try DraftedEvent(version: "1", data: #"{"cents": "secret-4711"}"#).refusal(hook()))
    #expect(reason.hasPrefix("its data at /cents breaks its contract: ") && reason.contains("long"), "\(reason)")
    #expect(!reason.contains("secret"))
    let whole = try #require(try DraftedEvent(version: "1", data: "[]").refusal(hook()))
    #expect(whole.hasPrefix("its data breaks its contract: "), "\(whole)")
  }

  @Test(arguments: ["3", "01", " 1", "1.0", "12", "x"])
  func `a version that is not there is refused`(version: String) throws {
    let refusal = try DraftedEvent(version: version, data: #"{"cents": 1}"#).refusal(hook())
    #expect(refusal == "its type has no contract of its dataversion")
  }

  @Test(arguments: ["", "placed", "Place", "Placedd", "Placee"])
  func `a type that is not there is refused`(type: String) throws {
    let refusal = try DraftedEvent(type: type, data: #"{"cents": 1}"#).refusal(hook())
    #expect(refusal == "there is no contract for its type")
  }

  @Test(arguments: [
    (DraftedEvent.Data.none, "it has no data"), (.text, "text that is not called JSON"), (.hexadecimal, "is bytes"),
  ])
  func `what is no JSON is refused`(kind: DraftedEvent.Data, words: String) throws {
    let refusal = try DraftedEvent(data: #"{"cents": 1}"#, kind: kind).refusal(hook())
    #expect(refusal?.contains(words) == true)
  }

  @Test func `a policy that warns lets events leave, and tells of the first, the second, the fourth`() throws {
    let told = Told()
    let hook = try hook(.warn, schemaBase: "urn:x", told)
    for _ in 0..<9 {
      let payload = try DraftedEvent(type: "Unknown").asked(hook)
      #expect(payload == nil)
    }
    #expect(told.words.count == 4 && hook.brokenEvents == 9)
    #expect(told.words.last == "an event leaves that breaks its contract: there is no contract for its type (8 so far)")
    _ = try DraftedEvent(version: "1", data: #"{"cents": 1}"#).asked(hook)
    #expect(hook.brokenEvents == 9)
  }

  @Test func `dataschema has base, type and version, and the row's own counts more`() throws {
    let hook = try hook(schemaBase: "https://x.example/s")
    let placed = try DraftedEvent(version: "1", data: #"{"cents": 1}"#).asked(hook)
    #expect(placed == ReplacedPayload(.row(isJSON: true), schema: DataSchema("https://x.example/s/Placed/1")))
    let newest = try DraftedEvent(data: #"{"cents": 1, "note": null}"#).asked(hook)
    #expect(newest?.schema?.uri == "https://x.example/s/Placed/2")
    let encoded = try DraftedEvent(type: "a b/ü%", data: #"{"n": 1}"#).asked(hook)
    #expect(encoded?.schema?.uri == "https://x.example/s/a%20b%2F%C3%BC%25/7")
    let own = try DraftedEvent(version: "1", schema: "urn:own", data: #"{"cents": 1}"#).asked(hook)
    #expect(own == nil)
  }

  @Test func `data that is larger than it should be is told, and leaves`() throws {
    let told = Told()
    let hook = try hook(maxPayload: 12, told)
    let small = try DraftedEvent(version: "1", data: #"{"cents": 1}"#).refusal(hook)
    #expect(small == nil && told.words.isEmpty)
    for _ in 0..<3 { _ = try DraftedEvent(version: "1", data: #"{"cents": 11}"#).asked(hook) }
    #expect(told.words.count == 2 && told.words[0].contains("13 bytes by Placed 1 (1 so far)"), "\(told.words)")
  }
}
