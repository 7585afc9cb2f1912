// SPDX-License-Identifier: Apache-2.0

import Contracts
import Octets
import Testing

/// Which versions are compared, and what is said of them.
@Suite struct CompatibilityTests {
  private func findings(_ fields: [String], _ compatibility: Compatibility) -> [ContractFinding] {
    var rules = CompatibilityRules()
    rules.standard = compatibility
    return ContractCatalogue(fields: fields).findings(rules).filter(\.isFatal)
  }

  private typealias Pair = [Int]

  /// Newer and older versions between which something is wrong, by who cannot read.
  private func wrong(_ fields: [String], _ compatibility: Compatibility) -> (reads: [Pair], isRead: [Pair]) {
    let found = findings(fields, compatibility)
    func pairs(_ words: String) -> [Pair] {
      found.filter { $0.rule.hasPrefix(words) }.map { [$0.version ?? 0, $0.other ?? 0] }
    }
    return (pairs("cannot read what"), pairs("cannot be read by"))
  }

  @Test(arguments: Compatibility.allCases)
  func `a field without a default keeps the newer from reading, a field taken away the older`(mode: Compatibility) {
    let readsOld: Set<Compatibility> = [.backward, .backwardTransitive, .full, .fullTransitive]
    let isReadByOld: Set<Compatibility> = [.forward, .forwardTransitive, .full, .fullTransitive]
    let added = wrong([Fields.cents, "\(Fields.cents), \(Fields.note)"], mode)
    #expect(added.reads == (readsOld.contains(mode) ? [[2, 1]] : []) && added.isRead.isEmpty)
    let removed = wrong(["\(Fields.cents), \(Fields.note)", Fields.cents], mode)
    #expect(removed.isRead == (isReadByOld.contains(mode) ? [[2, 1]] : []) && removed.reads.isEmpty)
    #expect(findings([Fields.cents, "\(Fields.cents), \(Fields.noteOrNone)"], mode).isEmpty)
  }

  /// The second goes with its neighbours, the third not with the first.
  private static let chain = [Fields.cents, "\(Fields.cents), \(Fields.noteOrNone)", "\(Fields.cents), \(Fields.note)"]

  @Test func `a transitive mode compares with all before, others with the last`() {
    // A string reads of a union what was written as a string, and so not all: it is told in either mode.
    #expect(wrong(Self.chain, .backward).reads == [[3, 2]])
    #expect(wrong(Self.chain, .backwardTransitive).reads == [[3, 1], [3, 2]])
    let gone = ["\(Fields.cents), \(Fields.note)", "\(Fields.cents), \(Fields.noteOrNone)", Fields.cents]
    #expect(wrong(gone, .forward).isRead == [[2, 1]])
    #expect(wrong(gone, .forwardTransitive).isRead == [[2, 1], [3, 1]])
    #expect(wrong(gone, .full).isRead == [[2, 1]] && wrong(gone, .fullTransitive).isRead == [[2, 1], [3, 1]])
    #expect(wrong(gone, .none).isRead.isEmpty)
  }

  @Test func `versions are compared by number, in whichever order they come`() {
    var catalogue = ContractCatalogue()
    func text(_ fields: String) -> String { #"{"type": "record", "name": "Placed", "fields": [\#(fields)]}"# }
    catalogue.add("Placed/10.avsc", text("\(Fields.cents), \(Fields.note)"))
    catalogue.add("Placed/2.avsc", text(Fields.cents))
    let found = catalogue.findings(CompatibilityRules()).filter(\.isFatal)
    #expect(found.map(\.version) == [10] && found.map(\.other) == [2])
  }

  @Test func `a type may have a mode of its own`() {
    var rules = CompatibilityRules()
    rules.byType[ForeignText("Placed")] = Compatibility.none
    let catalogue = ContractCatalogue(fields: [Fields.cents, "\(Fields.cents), \(Fields.note)"])
    #expect(catalogue.findings(rules).isEmpty)
    rules.byType = [ForeignText("Other"): .none]
    #expect(catalogue.findings(rules).count == 1)
  }

  @Test func `what is proved is not to be accepted by hand`() {
    var rules = CompatibilityRules()
    rules.accepted = [.init(type: "Placed", version: 2, before: 1)]
    let catalogue = ContractCatalogue(fields: [Fields.cents, "\(Fields.cents), \(Fields.note)"])
    let found = catalogue.findings(rules)
    #expect(found.map(\.level) == [.violation] && found.first?.advice.contains("accepted does not count") == true)
  }

  @Test func `what nobody can tell is refused until it is accepted by hand, for these two versions`() throws {
    var catalogue = ContractCatalogue()
    let head = #""type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]"#
    catalogue.add("Placed/1.json", "{\(head)}")
    catalogue.add("Placed/2.json", #"{\#(head), "not": {"properties": {"a": {"multipleOf": 7}}}}"#)
    var rules = CompatibilityRules()
    let found = try #require(catalogue.findings(rules).first { $0.level == .unknown })
    #expect(found.isFatal && found.text.contains("cannot tell: ") && found.text.contains("accepted"), "\(found.text)")
    rules.accepted = [.init(type: "Placed", version: 2, before: 1)]
    #expect(catalogue.findings(rules).filter(\.isFatal).isEmpty)
    rules.accepted = [.init(type: "Placed", version: 1, before: 2), .init(type: "Other", version: 2, before: 1)]
    #expect(catalogue.findings(rules).contains { $0.level == .unknown })
  }

  @Test func `strictly, what a schema leaves open may be anything`() {
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.json", #"{"type": "object", "properties": {"a": {}}}"#)
    catalogue.add("Placed/2.json", #"{"type": "object", "properties": {"a": {}, "b": {"type": "string"}}}"#)
    var rules = CompatibilityRules()
    #expect(catalogue.findings(rules).filter(\.isFatal).isEmpty)
    rules.isStrict = true
    #expect(catalogue.findings(rules).contains { $0.isFatal })
    rules.strictByType = [ForeignText("Placed"): false]
    #expect(catalogue.findings(rules).filter(\.isFatal).isEmpty)
    rules = CompatibilityRules()
    rules.strictByType = [ForeignText("Placed"): true]
    #expect(catalogue.findings(rules).contains { $0.isFatal })
  }

  @Test func `a line says where, between which versions, by which rule, and what to do`() throws {
    let found = try #require(findings([Fields.cents, "\(Fields.cents), \(Fields.note)"], .backward).first)
    #expect(
      found.text.hasPrefix("violation: Placed/2.avsc: Placed 2 and 1: /fields/1: cannot read what 1 wrote: "),
      "\(found.text)")
    #expect(found.text.contains("; ") && !found.text.contains("\n"))
  }

  @Test func `names and rules that hold line ends stay on their line`() {
    var finding = ContractFinding(.violation, "schema", file: "a\nb", line: 3, rule: "r\u{1B}[0m", advice: "d")
    (finding.type, finding.version, finding.path) = ("t\r", 1, "/p\u{85}")
    #expect(!finding.text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x85 })
  }

  @Test func `an open model is remarked on, once for each file`() {
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.json", #"{"properties": {"a": {"type": "object", "properties": {"b": {}}}}}"#)
    catalogue.add("Paid/1.json", #"{"properties": {"a": {}}, "additionalProperties": false}"#)
    let found = catalogue.findings(CompatibilityRules())
    #expect(found.map(\.level) == [.remark] && found.first?.rule.contains("open") == true, "\(found)")
  }

  @Test func `types that differ in their bytes alone are two, with a remark`() {
    var catalogue = ContractCatalogue()
    let fields = [Fields.cents, "\(Fields.cents), \(Fields.note)"].map {
      #"{"type": "record", "name": "P", "fields": [\#($0)]}"#
    }
    let (one, two) = ("Gr\u{f6}\u{df}e", "Gro\u{308}\u{df}e")
    for (type, text) in zip([one, two], fields) {
      catalogue.add(type: type, version: 1, file: "\(type)/1.avsc", text: Array(text.utf8))
    }
    let found = catalogue.findings(CompatibilityRules())
    #expect(catalogue.faults.isEmpty && catalogue.types.count == 2)
    #expect(found.map(\.level) == [.remark, .remark], "\(found)")
    #expect(found.first?.rule.contains(#"Gro\u0308\u00dfe looks like the type Gr\u00f6\u00dfe"#) == true, "\(found)")
    catalogue.add(type: one, version: 2, file: "\(one)/2.avsc", text: Array(fields[1].utf8))
    var rules = CompatibilityRules()
    rules.byType = [ForeignText(two): .none]
    #expect(catalogue.findings(rules).filter(\.isFatal).count == 1)
    rules.byType = [ForeignText(one): .none]
    #expect(catalogue.findings(rules).filter(\.isFatal).isEmpty)
    // What one has published is not there because the other has it.
    var now = ContractCatalogue()
    now.add(type: two, version: 1, file: "\(two)/1.avsc", text: Array(fields[0].utf8))
    #expect(now.changes(since: catalogue).count == 3)
  }

  @Test func `two formats do not go together`() {
    var catalogue = ContractCatalogue(fields: [Fields.cents])
    catalogue.add("Placed/2.json", #"{"type": "object"}"#)
    #expect(catalogue.findings(CompatibilityRules()).filter(\.isFatal).map(\.version) == [2])
    var rules = CompatibilityRules()
    rules.standard = .none
    #expect(catalogue.findings(rules).filter(\.isFatal).isEmpty)
  }

  @Test func `a version in two files, a broken schema and a strange ending are faults, with their places`() {
    var catalogue = ContractCatalogue(fields: [Fields.cents])
    catalogue.add("Placed/1.json", "{}")
    catalogue.add("Placed/2.avsc", "{\n\"type\": \"recrd\"\n}")
    catalogue.add("Placed/3.proto", "x")
    catalogue.add("Placed/4.json", "{\n\n,}")
    #expect(catalogue.faults.map(\.version) == [1, 2, 3, 4] && catalogue.faults.allSatisfy(\.isFatal))
    #expect(catalogue.faults.last?.line == 3)
    #expect(catalogue.types[ForeignText("Placed")]?.map(\.version) == [1])
  }

  @Test func `a version that was changed or taken away is told, one that is written otherwise or new is not`() {
    let committed = ContractCatalogue(fields: [Fields.cents, Fields.cents, Fields.cents])
    var now = ContractCatalogue()
    now.add("Placed/1.avsc", #"{"fields": [\#(Fields.cents)], "name": "Placed","type":"record"}"#)
    now.add("Placed/2.avsc", #"{"type": "record", "name": "Placed", "fields": [\#(Fields.note)]}"#)
    now.add("Placed/4.avsc", #"{"type": "record", "name": "Placed", "fields": [\#(Fields.cents)]}"#)
    let found = now.changes(since: committed)
    #expect(found.map(\.version) == [2, 3] && found.allSatisfy(\.isFatal))
    #expect(found.first?.rule.contains("changed") == true && found.last?.rule.contains("taken away") == true)
    #expect(now.changes(since: now).isEmpty && now.changes(since: ContractCatalogue()).isEmpty)
    now.add("Placed/3.avsc", "{")
    #expect(now.changes(since: committed).map(\.version) == [2], "what cannot be read is told already")
    #expect(ContractCatalogue().changes(since: committed).map(\.version) == [1, 2, 3])
  }

  @Test func `comparisons that are left out for all together are too large are told, the newest come first`() throws {
    let fields = (0..<20).map { "\(Fields.cents), {\"name\": \"f\($0)\", \"type\": \"int\", \"default\": 0}" }
    let catalogue = ContractCatalogue(fields: [Fields.note] + fields)
    var rules = CompatibilityRules()
    let whole = catalogue.findings(rules)
    #expect(whole.map(\.other) == Array(repeating: 1, count: 20))
    let some = catalogue.findings(rules, effort: Effort(1_000))
    let rest = try #require(some.last)
    #expect(rest.level == .unknown && rest.isFatal && rest.version ?? 0 < 21 && rest.text.contains("left out"))
    #expect(some.dropLast().map(\.version).last == 21 && some.count < whole.count, "\(some.map(\.text))")
    for effort in 0..<100 {
      #expect(!catalogue.findings(rules, effort: Effort(effort * 10)).filter(\.isFatal).isEmpty)
    }
    rules.standard = .backward
    #expect(catalogue.findings(rules, effort: Effort(100_000)).count == 1)
    rules.accepted = Set((2...21).flatMap { new in (1..<new).map { .init(type: "Placed", version: new, before: $0) } })
    rules.standard = .backwardTransitive
    #expect(catalogue.findings(rules, effort: Effort(0)).isEmpty)
  }

  @Test func `versions of the same text are compared once`() {
    let fields = Array(repeating: [Fields.cents, "\(Fields.cents), \(Fields.note)"], count: 20).flatMap(\.self)
    var rules = CompatibilityRules()
    rules.standard = .backwardTransitive
    let found = ContractCatalogue(fields: fields).findings(rules, effort: Effort(400))
    #expect(found.count == 20 * 21 / 2 && found.allSatisfy { $0.level == .violation })
  }
}
