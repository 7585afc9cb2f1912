// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

/// What is said of contracts, so that whoever reads it can do something.
@Suite struct ContractAdviceTests {
  private func findings(_ fields: [String], _ compatibility: Compatibility) -> [ContractFinding] {
    var rules = CompatibilityRules()
    rules.standard = compatibility
    return ContractCatalogue(fields: fields).findings(rules).filter(\.isFatal)
  }

  @Test func `those who read lines hear of all open models in one, behind what is wrong`() {
    var catalogue = ContractCatalogue()
    for version in 1...9 { catalogue.add("Placed/\(version).json", #"{"properties": {"a": {}}}"#) }
    catalogue.add("Paid/1.avsc", "\"recrd\"")
    let lines = ContractFinding.lines(catalogue.findings(CompatibilityRules()))
    #expect(lines.count == 2 && lines.first?.hasPrefix("violation: Paid/1.avsc") == true, "\(lines)")
    #expect(
      lines.last?.hasPrefix("remark: 9 contracts are open models") == true && lines.last?.contains("and 3 more") == true
    )
  }

  @Test func `a version that is missing between others is remarked on, one that cannot be read is told already`() {
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.avsc", #""int""#)
    catalogue.add("Placed/3.avsc", #""int""#)
    catalogue.add("Paid/1.avsc", #""int""#)
    catalogue.add("Paid/2.avsc", "{")
    catalogue.add("Paid/3.avsc", #""int""#)
    let found = catalogue.findings(CompatibilityRules()).filter { $0.level == .remark }
    #expect(found.map(\.rule) == ["2 is missing between 1 and 3"] && found.first?.code == "gap", "\(found)")
  }

  @Test func `no advice is to change what is published`() throws {
    let symbols = { (symbols: String) in
      #"{"name": "kind", "type": {"type": "enum", "name": "K", "symbols": [\#(symbols)]}}"#
    }
    let added = try #require(findings([symbols(#""A""#), symbols(#""A", "GIFT""#)], .full).first)
    #expect(
      added.advice
        == "leave GIFT out, or set the mode to backward: 1 cannot be changed once it is published"
        && added.code == "forward/enum")
    let removed = try #require(
      findings(["\(Fields.cents), \(Fields.note)", Fields.cents], .fullTransitive).first)
    #expect(removed.advice.hasPrefix("keep the field note, or set the mode to backward_transitive: 1 cannot"))
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.json", #"{"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}"#)
    catalogue.add("Placed/2.json", #"{"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"]}"#)
    var rules = CompatibilityRules()
    rules.standard = .full
    let found = catalogue.findings(rules).filter(\.isFatal)
    #expect(found.map(\.code) == ["backward/field", "forward/field"])
    #expect(found.first?.advice == "make it optional" && found.last?.advice.hasPrefix("keep it required, or ") == true)
  }

  @Test func `what nobody can tell in either direction is told once, with the line to write`() throws {
    var catalogue = ContractCatalogue()
    let head = #""type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]"#
    catalogue.add("Placed/1.json", #"{\#(head), "not": {"properties": {"a": {"multipleOf": 5}}}}"#)
    catalogue.add("Placed/2.json", #"{\#(head), "not": {"properties": {"a": {"multipleOf": 7}}}}"#)
    var rules = CompatibilityRules()
    rules.standard = .full
    let found = catalogue.findings(rules).filter(\.isFatal)
    #expect(found.map(\.level) == [.unknown], "\(found)")
    #expect(found.first?.advice.hasSuffix("write accepted: [2 after 1] below Placed in contracts.yaml") == true)
  }

  private func remarks(_ file: String, _ text: String) -> [ContractFinding] {
    var catalogue = ContractCatalogue()
    catalogue.add(file, text)
    return catalogue.findings(CompatibilityRules()).filter { $0.code != "open-model" }
  }

  @Test(arguments: [
    (#"{"type": "string", "logicaltype": "uuid"}"#, "/logicaltype", "logicalType may be meant"),
    (
      #"{"type": "record", "name": "R", "fields": [{"name": "n", "type": "int", "defualt": 1}]}"#, "/fields/0/defualt",
      "default may be meant"
    ), (#"{"type": "fixed", "name": "F", "size": 1, "nmaespace": "a"}"#, "/nmaespace", "namespace may be meant"),
  ])
  func `an attribute of Avro that is misspelt is remarked on`(schema: String, path: String, words: String) {
    let found = remarks("A/1.avsc", schema)
    #expect(found.map(\.path) == [path] && found.first?.rule.contains(words) == true, "\(found)")
    #expect(found.map(\.level) == [.remark])
    #expect(remarks("A/1.avsc", #"{"type": "string", "owner": "orders", "pii": true}"#).isEmpty)
  }

  @Test(arguments: [
    (
      #"{"properties": {"a": {}}, "additionalProperty": false}"#, "/additionalProperty",
      "additionalProperties may be meant"
    ),
    (#"{"cents": "integer"}"#, "", "it has no keyword of JSON Schema"),
    (#"{"id": 3, "name": "x"}"#, "", "it has no keyword of JSON Schema"),
    (#"{"properties": {"a": {"b": "string"}}}"#, "/properties/a", "it has no keyword of JSON Schema"),
  ])
  func `a schema that says nothing is remarked on`(schema: String, path: String, words: String) {
    let found = remarks("A/1.json", schema)
    #expect(found.map(\.path) == [path] && found.first?.rule.contains(words) == true, "\(found)")
    #expect(remarks("A/1.json", "{}").isEmpty && remarks("A/1.json", #"{"description": "anything"}"#).isEmpty)
  }

  @Test func `a schema of the other format is told so`() {
    #expect(remarks("A/1.avsc", #"{"type": "object", "properties": {}}"#).first?.advice == "name it 1.json")
    #expect(remarks("A/1.json", ##"{"type": "record", "name": "R", "fields": []}"##).first?.advice == "name it 1.avsc")
  }

  @Test func `values that a list lacks are named`() throws {
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.json", #"{"properties": {"a": {"enum": ["A", "B", 3]}}}"#)
    catalogue.add("Placed/2.json", #"{"properties": {"a": {"enum": ["A"]}}}"#)
    let found = catalogue.findings(CompatibilityRules()).filter(\.isFatal)
    #expect(found.map(\.code) == ["backward/enum"] && found.first?.path == "/properties/a/enum", "\(found)")
    #expect(found.first?.rule.hasSuffix("enum, which lacks \"B\", 3") == true && found.first?.advice == "add \"B\", 3")
  }

  @Test func `strictly, it is said that a member was left open`() throws {
    var catalogue = ContractCatalogue()
    catalogue.add("Placed/1.json", #"{"type": "object", "properties": {"a": {}}}"#)
    catalogue.add("Placed/2.json", #"{"type": "object", "properties": {"a": {}, "b": {"type": "string"}}}"#)
    var rules = CompatibilityRules()
    rules.isStrict = true
    let found = catalogue.findings(rules).filter(\.isFatal)
    #expect(!found.isEmpty && !found.contains { !$0.advice.contains("leaves this member open") }, "\(found)")
  }

  private static let sizes: [(file: String, schema: String, bytes: Int?, path: String?)] = [
    ("A/1.avsc", #""long""#, 20, nil), ("A/1.avsc", #""string""#, nil, ""),
    (
      "A/1.avsc",
      #"{"type":"record","name":"R","fields":[{"name":"n","type":"int"},{"name":"s","type":["null","string"]}]}"#, nil,
      "/fields/1/type/1"
    ),
    (
      "A/1.avsc",
      #"{"type":"record","name":"R","fields":[{"name":"k","type":{"type":"enum","name":"E","symbols":["AB","C"]}}]}"#,
      11,
      nil
    ),
    ("A/1.avsc", #"{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}"#, nil, "/fields/0/type/1"),
    ("A/1.json", #"{"type":"object","properties":{"a":{"type":"string","maxLength":2}}}"#, 21, nil),
    (
      "A/1.json", #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}}}"#, nil,
      "/properties/b"
    ),
    ("A/1.json", #"{"type":"array","maxItems":3,"items":{"enum":["a","bcd"]}}"#, 20, nil),
    ("A/1.json", ##"{"$ref":"#/$defs/a","$defs":{"a":{"type":["boolean","null"]}}}"##, 5, nil),
    ("A/1.json", "{}", nil, ""),
    ("A/1.json", #"{"type":"object","additionalProperties":{"type":"null"}}"#, nil, ""),
    ("A/1.json", ##"{"type":"object","properties":{"a":{"$ref":"#"}}}"##, nil, ""),
  ]

  @Test(arguments: sizes.indices)
  func `the most that data can have is told, or what bounds it not`(_ index: Int) {
    let (file, schema, bytes, path) = Self.sizes[index]
    var catalogue = ContractCatalogue()
    catalogue.add(file, schema)
    #expect(catalogue.faults.isEmpty)
    let found = catalogue.largerThan(0)
    #expect(found.map(\.path) == [path ?? ""] && found.first?.level == .remark, "\(found)")
    if let bytes { #expect(found.first?.rule == "its data can have \(bytes) bytes, and 0 are wanted", "\(found)") }
    #expect(bytes.map { catalogue.largerThan($0).isEmpty } ?? !catalogue.largerThan(1 << 30).isEmpty)
  }
}
