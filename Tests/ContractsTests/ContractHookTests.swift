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
    let words = "event e-1, Placed 1: its data at /cents breaks its contract in Placed/1.avsc: "
    #expect(reason.hasPrefix(words) && reason.contains("long"), "\(reason)")
    #expect(!reason.contains("secret"))
    let whole = try #require(try DraftedEvent(version: "1", data: "[]").refusal(hook()))
    #expect(whole.hasPrefix("event e-1, Placed 1: its data breaks its contract in Placed/1.avsc: "), "\(whole)")
  }

  @Test(arguments: [("3", true), ("01", false), (" 1", false), ("1.0", false), ("12", true), ("x", false)])
  func `a version that is not there is refused`(version: String, isNumber: Bool) throws {
    let refusal = try DraftedEvent(version: version, data: #"{"cents": 1}"#).refusal(hook())
    let words =
      isNumber
      ? "its type has no contract of its dataversion; there are 1, 2"
      : "its dataversion is none: that is digits, from 1, without zeros before them; there are 1, 2"
    #expect(refusal == "event e-1, Placed \(version): \(words)")
  }

  @Test(arguments: ["", "placed", "Place", "Placedd", "Placee"])
  func `a type that is not there is refused`(type: String) throws {
    let refusal = try DraftedEvent(type: type, data: #"{"cents": 1}"#).refusal(hook())
    #expect(refusal == "event e-1, \(type): there is no contract for its type")
  }

  @Test func `a refusal says what to do, and setting is data`() throws {
    func advice(_ event: DraftedEvent) throws -> PayloadRefusal? {
      do { _ = try event.asked(hook()) } catch let refusal as PayloadRefusal { return refusal }
      return nil
    }
    let unknown = try advice(DraftedEvent(type: "Plac d", data: "1"))
    #expect(unknown?.advice?.contains("make Plac%20d/1.avsc, Plac%20d/1.json or Plac%20d/1.binpb") == true)
    let text = try advice(DraftedEvent(data: "{}", kind: .text))
    #expect(text?.setting == PayloadRefusal.Setting("payload-type", "json"))
  }

  @Test func `names are bounded, on one line, whatever they hold`() throws {
    let long = String(repeating: "x\n", count: 100_000)
    let refusal = try #require(try DraftedEvent(id: long, type: long, version: long).refusal(hook()))
    #expect(refusal.utf8.count < 2000 && !refusal.contains("\n"), "\(refusal.utf8.count)")
  }

  @Test(arguments: [
    (DraftedEvent.Data.none, "it has no data"), (.text, "text that is not called JSON"), (.hexadecimal, "is bytes"),
  ])
  func `what is no JSON is refused`(kind: DraftedEvent.Data, words: String) throws {
    let refusal = try DraftedEvent(data: #"{"cents": 1}"#, kind: kind).refusal(hook())
    #expect(refusal?.contains(words) == true)
  }

  @Test func `a policy that warns lets events leave, and tells of the first, second, fourth of a kind`() throws {
    let told = Told()
    let hook = try hook(.warn, schemaBase: "urn:x", told)
    for _ in 0..<9 {
      let payload = try DraftedEvent(type: "Unknown").asked(hook)
      #expect(payload == nil)
    }
    #expect(told.words.count == 4 && hook.brokenEvents == 9)
    #expect(
      told.words.last
        == "an event leaves that breaks its contract: event e-1, Unknown: there is no contract for its type (8 so far)")
    for n in 0..<3 { _ = try DraftedEvent(version: "1", data: #"{"cents": "\#(n)"}"#).asked(hook) }
    #expect(told.words.count == 6 && told.words.last?.hasSuffix("(2 so far)") == true, "\(told.words)")
    _ = try DraftedEvent(version: "1", data: #"{"cents": 1}"#).asked(hook)
    #expect(hook.brokenEvents == 12)
    #expect(hook.closingWords() == "12 events left that break their contracts: 9 of Unknown, 3 of Placed 1")
  }

  @Test func `it remembers no more kinds than some, and says at the end how many of others there were`() throws {
    let told = Told()
    let hook = try hook(.warn, told)
    #expect(hook.closingWords() == nil)
    for n in 0..<300 { _ = try DraftedEvent(type: "Unknown\(n)").asked(hook) }
    // 44 are too many: the 1st, 2nd, 4th, 8th, 16th and 32nd of these.
    #expect(told.words.count == 256 + 6)
    #expect(told.words.last?.hasPrefix("events leave that break their contracts in further ways, the last") == true)
    let words = try #require(hook.closingWords())
    #expect(words.hasPrefix("300 events left") && words.hasSuffix(", 290 of others"), "\(words)")
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
    #expect(hook.closingWords() == "3 events left whose data is larger than max-payload: 3 of Placed 1")
  }
}
