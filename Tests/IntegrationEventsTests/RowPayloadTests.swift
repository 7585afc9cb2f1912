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
    let row = try line(draft, ReplacedPayload(.row), envelope)
    #expect(row == bare)
    let none = try line(draft, nil, envelope)
    #expect(none == bare)
    let said = try line(draft, ReplacedPayload(.row, schema: "urn:s"), envelope)
    guard envelope == .cloudevents else { return #expect(said == bare) }
    let member = #","dataschema":"urn:s""#
    #expect(said.contains(member) && said.replacing(member, with: "") == bare)
  }

  @Test(arguments: kinds.indices)
  func `a content type of its own stands once, before the data`(index: Int) throws {
    var draft = Draft()
    (draft.payloadKind, draft.payload) = (Self.kinds[index].0, Array(Self.kinds[index].1.utf8))
    let said = try line(draft, ReplacedPayload(.row, contentType: "application/x"))
    #expect(
      said.split(separator: "\"datacontenttype\":").count == 2 && said.contains(#""datacontenttype":"application/x""#))
    let bare = try draft.line()
    for name in ["\"data\":", "\"data_base64\":"] {
      #expect(said.split(separator: name).dropFirst().last == bare.split(separator: name).dropFirst().last)
    }
  }

  @Test func `the row's schema gives way to what the hook says, and one that is no URI is refused`() throws {
    var draft = Draft()
    (draft.payloadKind, draft.payload, draft.dataSchema) = (.json, Array("1".utf8), Array("urn:row".utf8))
    let said = try line(draft, ReplacedPayload(.row, schema: "urn:hook"))
    #expect(said.contains("\"dataschema\":\"urn:hook\"") && !said.contains("urn:row"))
    let silent = try line(draft, ReplacedPayload(.row))
    #expect(silent.contains("\"dataschema\":\"urn:row\""))
    #expect(throws: EnvelopeError.self) { try line(draft, ReplacedPayload(.row, schema: "no uri")) }
  }
}
