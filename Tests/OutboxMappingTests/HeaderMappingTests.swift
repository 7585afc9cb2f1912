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
    (#"{"a": "1", "b": "2", "A": "3"}"#, #","b":"2","a":"3""#),
    (#"{"a-b": "1", "a_b": "2"}"#, #","ab":"2""#),
    (#"{"a": ""}"#, #","a":"""#),
    (#"{"traceparent": "p"}"#, #","traceparent":"p""#),
  ])
  func `a member becomes an attribute`(headers: String, attributes: String) throws {
    let mapping = Mapping([.init("headers", 3802)])
    #expect(try mapping.line([.text(headers)]) == Mapping.head() + attributes + Mapping.emptyData)
  }

  @Test(arguments: ["[]", "1", "\"a\"", "", "{", "tenant=c", #"{"a": "\ud800"}"#])
  func `headers that are no object`(headers: String) {
    let mapping = Mapping([.init("headers", 25)])
    let error = #expect(throws: MappingError.self) { try mapping.line([.text(headers)]) }
    #expect(error?.problem == .headersNotAnObject)
    #expect(error?.column == "headers")
  }

  @Test(arguments: [
    #"{"": 1}"#, #"{"-": 1}"#, #"{"ä": 1}"#, #"{"a b": 1}"#, #"{"id": 1}"#, #"{"Data": 1}"#,
    #"{"se-quence": 1}"#, #"{"\ud800": 1}"#,
  ])
  func `a key that makes no free attribute name`(headers: String) {
    let mapping = Mapping([.init("headers", 3802)])
    let error = #expect(throws: MappingError.self) { try mapping.line([.text(headers)]) }
    #expect(error?.problem == .headerName)
  }

  @Test func `a key that a column already serves`() throws {
    var mapping = Mapping([.init("headers", 3802), .init("tenant")])
    mapping.configuration.attributes = [(try #require(AttributeName("tenant")), "tenant")]
    let error = #expect(throws: MappingError.self) { try mapping.line([.text(#"{"Tenant": "x"}"#), "y"]) }
    #expect(error?.problem == .headerName)
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
