// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

/// A hook that leaves the row's payload, and says something beside it.
@Suite struct RowPayloadTests {
  private struct Hook: PayloadHook {
    let payload: ReplacedPayload?

    func payload(of event: borrowing IntegrationEvent, in bytes: RawSpan) -> ReplacedPayload? { payload }
  }

  private func line(
    _ draft: Draft, _ payload: ReplacedPayload?, _ envelope: EnvelopeEncoder.Envelope = .cloudevents
  ) throws -> String {
    var buffer = Array("before".utf8)
    let encoder = EnvelopeEncoder(envelope: envelope, payloadHook: Hook(payload: payload))
    let encoded = try draft.encode(with: encoder, into: &buffer)
    #expect(encoded.line == 6..<buffer.count)
    return try #require(String(validating: buffer[6...], as: UTF8.self))
  }

  private static let kinds: [(Draft.PayloadKind, String)] = [
    (.none, ""), (.json, #"{"a": 1}"#), (.uncheckedJSON, "[1,\n2]"), (.text, "a \"word\""), (.hexadecimal, "\\x00ff"),
  ]

  @Test(arguments: EnvelopeEncoder.Envelope.allCases, kinds.indices)
  func `data are as they would be without it`(envelope: EnvelopeEncoder.Envelope, index: Int) throws {
    var draft = Draft()
    (draft.payloadKind, draft.payload) = (Self.kinds[index].0, Array(Self.kinds[index].1.utf8))
    let bare = try draft.line(envelope)
    let row = try line(draft, ReplacedPayload(.row(isJSON: false)), envelope)
    #expect(row == bare)
    let none = try line(draft, nil, envelope)
    #expect(none == bare)
    let said = try line(draft, ReplacedPayload(.row(isJSON: false), schema: DataSchema("urn:s")), envelope)
    guard envelope == .cloudevents else { return #expect(said == bare) }
    let member = #","dataschema":"urn:s""#
    #expect(said.contains(member) && said.replacing(member, with: "") == bare)
  }

  @Test(arguments: kinds.indices)
  func `a content type of its own stands once, before the data`(index: Int) throws {
    var draft = Draft()
    (draft.payloadKind, draft.payload) = (Self.kinds[index].0, Array(Self.kinds[index].1.utf8))
    let said = try line(draft, ReplacedPayload(.row(isJSON: false), contentType: "application/x"))
    #expect(
      said.split(separator: "\"datacontenttype\":").count == 2 && said.contains(#""datacontenttype":"application/x""#))
    let bare = try draft.line()
    for name in ["\"data\":", "\"data_base64\":"] {
      #expect(said.split(separator: name).dropFirst().last == bare.split(separator: name).dropFirst().last)
    }
  }

  @Test func `the row's schema gives way to what the hook says, which is a URI`() throws {
    var draft = Draft()
    (draft.payloadKind, draft.payload, draft.dataSchema) = (.json, Array("1".utf8), Array("urn:row".utf8))
    let said = try line(draft, ReplacedPayload(.row(isJSON: false), schema: DataSchema("urn:hook")))
    #expect(said.contains("\"dataschema\":\"urn:hook\"") && !said.contains("urn:row"))
    let silent = try line(draft, ReplacedPayload(.row(isJSON: false)))
    #expect(silent.contains("\"dataschema\":\"urn:row\""))
    for wrong in ["", "no uri", "path", "1:x", "urn:\"", "urn:%zz"] { #expect(DataSchema(wrong) == nil) }
  }
}
