// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

struct ProtobufObstacleTests {
  private static let one = Described.message("Placed", [Described.field("a", 1)])
  private static let two = Described.message("Placed", [Described.field("a", 1), Described.field("b", 2)])

  private static func findings(
    _ sets: [[Described]], _ mode: Compatibility, _ change: (inout CompatibilityRules) -> Void = { _ in }
  ) -> [ContractFinding] {
    var (catalogue, rules) = (ContractCatalogue(), CompatibilityRules())
    for (index, messages) in sets.enumerated() {
      catalogue.add(
        type: "Placed", version: index + 1, file: "Placed/\(index + 1).binpb", text: Described.set(messages))
    }
    rules.standard = mode
    change(&rules)
    return catalogue.findings(rules)
  }

  @Test func `a field may be added, and taken away when its number and name are reserved`() {
    #expect(Self.findings([[Self.one], [Self.two]], .full).isEmpty)
    let found = Self.findings([[Self.two], [Self.one]], .backward)
    #expect(found.map(\.code) == ["backward/field", "backward/field"])
    #expect(
      found.first?.text
        == "violation: Placed/2.binpb: Placed 2 and 1: /Placed: cannot read what 1 wrote: the writer's field b = 2 is not "
        + "there, and its number is not reserved (FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED); write the field again, or "
        + "reserved 2;")
    // 2 to before 3.
    let reserved = Self.one.part(9, Described().number(1, 2).number(2, 3)).text(10, "b")
    #expect(Self.findings([[Self.two], [reserved]], .full).isEmpty)
    #expect(Self.findings([[reserved], [Self.one]], .backward).map(\.rule).count == 2)
  }

  @Test func `names count in JSON alone`() {
    let renamed = Described.message("Placed", [Described.field("c", 1)])
    #expect(Self.findings([[Self.one], [renamed]], .backward).count == 2)
    #expect(Self.findings([[Self.one], [renamed]], .backward) { $0.protobuf = .wire }.isEmpty)
  }

  @Test func `text becomes bytes, and never the other way round`() {
    let bytes = Described.message("Placed", [Described.field("a", 1, kind: 12)])
    let wire: (inout CompatibilityRules) -> Void = { $0.protobuf = .wire }
    #expect(Self.findings([[Self.one], [bytes]], .backward, wire).isEmpty)
    #expect(Self.findings([[bytes], [Self.one]], .backward, wire).map(\.code) == ["backward/type"])
    #expect(Self.findings([[Self.one], [bytes]], .forward, wire).map(\.code) == ["forward/type"])
    #expect(Self.findings([[Self.one], [bytes]], .backward).map(\.path) == ["/Placed/a"])
  }

  @Test func `older readers take new fields unless they are strict`() {
    #expect(Self.findings([[Self.one], [Self.two]], .forward).isEmpty)
    let found = Self.findings([[Self.one], [Self.two]], .forward) { $0.isStrict = true }
    #expect(found.map(\.code) == ["forward/member"])
    // A version may go back to an earlier one: each direction is asked for by itself.
    #expect(Self.findings([[Self.two], [Self.one], [Self.two]], .full).allSatisfy { $0.version == 2 })
  }

  @Test func `an event's message is compared whatever it is called`() {
    let other = Described.message("Ordered", [Described.field("a", 1, kind: 5)])
    #expect(Self.findings([[Self.one], [other]], .backward).map(\.path) == ["/Ordered/a"])
  }

  @Test func `a version that says another thing is another, in another order it is not`() throws {
    let (one, two) = (try Described.schema([Self.one]), try Described.schema([Self.two]))
    let turned = Described.message("Placed", [Described.field("b", 2), Described.field("a", 1)])
    #expect(!one.isSame(as: two) && !two.isSame(as: one))
    #expect(two.isSame(as: try Described.schema([Described.message("Item", []), turned])) == false)
    #expect(two.isSame(as: try Described.schema([turned])))
  }

  @Test func `another format is another`() {
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.avsc", #"{"type": "record", "name": "Placed", "fields": []}"#)
    catalogue.add(type: "Placed", version: 2, file: "Placed/2.binpb", text: Described.set([Self.one]))
    #expect(catalogue.findings(CompatibilityRules()).map(\.code).contains("backward/format"))
  }

  @Test func `ranges that are missing are told`() {
    #expect(ProtobufRanges.missing(of: [1...10], in: [3...4, 6...6]) == [1...2, 5...5, 7...10])
    #expect(ProtobufRanges.missing(of: [1...2, 3...4], in: [0...9]).isEmpty)
    #expect(ProtobufRanges.missing(of: [5...6], in: []) == [5...6])
  }
}
