// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

@Suite struct HeaderMappingTests {
  @Test(arguments: [
    ("{}", ""),
    (#"{"tenant": "acme"}"#, #","tenant":"acme""#),
    (#"{"Tenant-Id": "a", "X_Y.z": "b"}"#, #","tenantid":"a","xyz":"b""#),
    (#"{"a": true, "b": false}"#, #","a":true,"b":false"#),
    (#"{"a": null, "b": "x"}"#, #","b":"x""#),
    (#"{"a": 12.50, "b": -1e3}"#, #","a":"12.50","b":"-1e3""#),
    (#"{"a": {"b": [1, "x"]}}"#, #","a":"{\"b\": [1, \"x\"]}""#),
    (#"{"a": []}"#, #","a":"[]""#),
    ("{\"a\": {\n\t\"b\":\r\n1}}", #","a":"{  \"b\":  1}""#),
    (#"{"a": "\u00e9\"\\"}"#, #","a":"é\"\\""#),
    (#"{"\u0061": "x"}"#, #","a":"x""#),
    (#"{"a": "1", "b": "2", "a": "3"}"#, #","b":"2","a":"3""#),
    (#"{"a": ""}"#, #","a":"""#),
    (#"{"traceparent": "p"}"#, #","traceparent":"p""#),
  ])
  func `a member becomes an attribute`(headers: String, attributes: String) throws {
    let mapping = Mapping([.init("headers", 3802)])
    #expect(try mapping.line([.text(headers)]) == Mapping.head() + attributes + Mapping.emptyData)
  }

  @Test(arguments: ["[]", "1", "\"a\"", "", "{", "tenant=c"])
  func `headers that are no object`(headers: String) {
    let mapping = Mapping([.init("headers", 25)])
    let error = #expect(throws: MappingError.self) { try mapping.line([.text(headers)]) }
    #expect(error?.problem == .headersNotAnObject)
    #expect(error?.column == "headers")
  }

  @Test(arguments: [#"{"a": "\ud800"}"#, #"{"a": "x\udc00y"}"#])
  func `a header's value with half a surrogate pair is refused by its own name, and can be left out`(
    headers: String
  ) throws {
    var mapping = Mapping([.init("headers", 25)])
    let error = #expect(throws: MappingError.self) { try mapping.line([.text(headers)]) }
    #expect(error?.problem == .headerText("a"))
    let said = try #require(error).description
    #expect(said.contains("half a surrogate pair") && said.contains("ignore-header: a"), "\(said)")
    mapping.configuration.ignoredHeaders = ["a"]
    #expect(try mapping.line([.text(headers)]) != nil)
  }

  private static let unusable = [
    #"{"": 1}"#, #"{"-": 1}"#, #"{"ä": 1}"#, #"{"a b": 1}"#, #"{"id": 1}"#, #"{"Data": 1}"#, #"{"TYPE": 1}"#,
    #"{"time": "x"}"#, #"{"se-quence": 1}"#, #"{"\ud800": 1}"#, #"{"Tenant": "x"}"#, #"{"source": {}}"#,
  ]

  private func mapping(_ policy: ChangePolicy) throws -> Mapping {
    var mapping = Mapping([.init("headers", 3802), .init("tenant")])
    mapping.configuration.attributes = [(try #require(AttributeName("tenant")), "tenant")]
    mapping.configuration.onBadHeader = policy
    return mapping
  }

  @Test(arguments: unusable, [ChangePolicy.ignore, .warn])
  func `a key that makes no free attribute name is left out, counted, and the others stay`(
    headers: String, policy: ChangePolicy
  ) throws {
    let mapping = try mapping(policy)
    let more = headers.dropLast() + #", "region": "eu"}"#
    var run = Mapping.Run(mapping.configuration)
    try run.relation(HandBuilt.relation(1, columns: mapping.columns))
    let row: [Cell] = ["i1", "orders", "order-1", "OrderPlaced", "{}", .text(String(more)), "y"]
    #expect(
      try run.take(HandBuilt.insert(1, row)) == Mapping.head() + #","tenant":"y","region":"eu""# + Mapping.emptyData)
    #expect(run.outbox.leftOutHeaders == (policy == .warn ? 1 : 0))
  }

  @Test(arguments: unusable)
  func `a key that makes no free attribute name is refused where that is wanted`(headers: String) throws {
    let error = #expect(throws: MappingError.self) { try mapping(.fail).line([.text(headers), "y"]) }
    guard case .headerName(let name) = error?.problem else { Issue.record("\(String(describing: error))"); return }
    #expect(error?.column == "headers")
    #expect(error?.isAboutRow == true)
    #expect(error?.description.contains(name) == true && error?.failure.advice != nil)
  }

  @Test func `a key that is to be ignored makes nothing, whatever it would become`() throws {
    var mapping = try mapping(.fail)
    mapping.configuration.ignoredHeaders = ["Tenant", "id", "a_b", "fine"]
    let headers = #"{"Tenant": "x", "id": 1, "a-b": 2, "a_b": 3, "fine": 4, "Fine": 5}"#
    let expected = Mapping.head() + #","tenant":"y","ab":"2","fine":"5""# + Mapping.emptyData
    #expect(try mapping.line([.text(headers), "y"]) == expected)
  }

  @Test func `of different keys that become one name nobody knows which is meant`() throws {
    let headers = #"{"a-b": 1, "A_B": 2, "c": 3, "ab": 4}"#
    for policy in [ChangePolicy.warn, .fail] {
      let error = #expect(throws: MappingError.self) { try mapping(policy).line([.text(headers), nil]) }
      #expect(error?.problem == .headerClash("A_B"))
      #expect(error?.isAboutRow == true)
    }
    #expect(
      try mapping(.ignore).line([.text(headers), nil]) == Mapping.head() + #","c":"3","ab":"4""# + Mapping.emptyData)
  }

  @Test(arguments: ["null", " null\n"])
  func `JSON's null is no headers`(headers: String) throws {
    for type: UInt32 in [114, 3802, 25] {
      #expect(try Mapping([.init("headers", type)]).line([.text(headers)]) == Mapping.head() + Mapping.emptyData)
    }
  }

  @Test(arguments: ["h", "-"])
  func `a thousand headers are taken, and a row with one more is a bad one`(name: String) throws {
    let mapping = Mapping([.init("headers", 3802)])
    func headers(_ count: Int) -> Cell {
      .text("{" + (0..<count).map { "\"\(name)\($0)\":1" }.joined(separator: ",") + "}")
    }
    #expect(MappingConfiguration.mostMembers == 1000)
    #expect(try mapping.line([headers(1000)])?.contains(#""\#(name == "h" ? "h" : "")999":"1""#) == true)
    let error = #expect(throws: MappingError.self) { try mapping.line([headers(1001)]) }
    #expect(error?.problem == .tooManyMembers)
    #expect(error?.column == "headers")
    #expect(error?.isAboutRow == true)
    #expect(error.map { "\($0)" }?.contains("has more than 1000 members") == true)
  }

  @Test func `a control character in a header`() {
    let mapping = Mapping([.init("headers", 3802)])
    let error = #expect(throws: MappingError.self) { try mapping.line([.text(#"{"a": "x\u0001"}"#)]) }
    #expect(error?.problem == .envelope(.controlCharacter))
    #expect(error?.column == "headers")
  }

  @Test func `a line separator within a nested value stays`() throws {
    let mapping = Mapping([.init("headers", 3802)])
    #expect(try mapping.line([.text("{\"a\": [\"x\u{2028}y\"]}")])?.contains("x\u{2028}y") == true)
  }

  @Test func `NULL headers are none`() throws {
    #expect(try Mapping([.init("headers", 3802)]).line([nil]) == Mapping.head() + Mapping.emptyData)
  }
}
