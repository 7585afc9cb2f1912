// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

struct SchemaDocumentTests {
  @Test func `a document keeps order, digits and lines`() throws {
    let document = try SchemaDocument(Array("{\"b\": 1.50,\n \"a\": [true, null,\n \"\\u00e4\\n\"]}".utf8))
    #expect(document["b"]?.value == .number("1.50") && document["a"]?.line == 2)
    #expect(document["a"]?.value == .array([.init(.boolean(true)), .init(.null), .init(.string("ä\n"))]))
    guard case .array(let elements)? = document["a"]?.value else { return #expect(Bool(false)) }
    #expect(elements[2].line == 3)
  }

  @Test func `what is no JSON is told with its line`() {
    #expect(throws: SchemaFault.self) { try SchemaDocument(Array("".utf8)) }
    let fault = #expect(throws: SchemaFault.self) { try SchemaDocument(Array("{\n\"a\": 1,\n}".utf8)) }
    #expect(fault?.line == 3)
    let twice = #expect(throws: SchemaFault.self) { try SchemaDocument(Array("{\"a\": 1,\n\"a\": 2}".utf8)) }
    #expect(twice?.line == 2 && twice?.problem == "the member a is there twice")
  }

  @Test(arguments: [
    ("", "it is empty"), (" \n", "it is empty"), ("\u{FEFF}{}", "it begins with a byte order mark"),
    ("{\"a\": 1,\n }", "column 2: a comma stands before what ends there"),
    ("{ // x\n}", "column 3: JSON has no comments"),
    ("{\"a\": }", "column 7: something is missing"), ("{\"a\": 'b'}", "column 7: ' cannot stand there"),
    ("{\"a\": 1", "something is still open"),
  ])
  func `what is no JSON is told with what stands where it ends`(text: String, words: String) {
    let fault = #expect(throws: SchemaFault.self) { try SchemaDocument(Array(text.utf8)) }
    #expect(fault?.problem.contains(words) == true, "\(fault?.problem ?? "")")
  }

  @Test func `nesting is bounded`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    _ = try SchemaDocument(nested(SchemaDocument.maximumDepth))
    #expect(throws: SchemaFault.self) { try SchemaDocument(nested(SchemaDocument.maximumDepth + 1)) }
    #expect(throws: SchemaFault.self) { try SchemaDocument(nested(1_000_000)) }
  }
}
