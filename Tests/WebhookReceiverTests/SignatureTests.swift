// SPDX-License-Identifier: Apache-2.0

import Testing
import Webhooks

struct SignatureTests {
  private static func refusal(
    _ request: WebhookRequest, _ secrets: [String] = [secret], modes: Set<WebhookReading.Mode>? = nil
  ) throws -> WebhookRefusal? {
    let reading = WebhookReading(verifier: try WebhookVerifier(secrets: secrets), modes: modes)
    do throws(WebhookRefusal) {
      _ = try reading.events(of: request, unixSeconds: now)
      return nil
    } catch { return error }
  }

  @Test func `the specification's own example fits`() throws {
    // Source: Standard Webhooks, the reference libraries' test of a known signature.
    let request = WebhookRequest(
      fields: [
        .init("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), .init("webhook-timestamp", "1614265330"),
        .init("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
      ], body: Array(#"{"test": 2432232314}"#.utf8))
    let reading = WebhookReading(verifier: try WebhookVerifier(secrets: [secret]))
    let error = #expect(throws: WebhookRefusal.self) { try reading.events(of: request, unixSeconds: 1_614_265_330) }
    // It is signed, and no CloudEvent.
    #expect(error?.kind == .unsupportedMediaType)
  }

  @Test func `either of two secrets is enough, and one signature of several`() throws {
    let request = structured(line())
    #expect(try Self.refusal(request.signed(), [otherSecret, secret]) == nil)
    #expect(try Self.refusal(request.signed(otherSecret), [otherSecret, secret]) == nil)
    #expect(try Self.refusal(request.signed(otherSecret))?.kind == .unsigned)
    let signed = try request.signed()
    let signature = try #require(signed.fields.last?.value)
    for list in ["v1a,xyz \(signature)", "v1,AAAA \(signature) v2,", "  \(signature)  "] {
      #expect(try Self.refusal(signed.with([("webhook-signature", list)])) == nil)
    }
  }

  @Test func `a body, an id, a timestamp or a signature that was changed does not fit`() throws {
    var changed = try structured(line()).signed()
    changed.body[changed.body.count - 2] ^= 1
    #expect(try Self.refusal(changed)?.kind == .unsigned)
    let signed = try structured(line()).signed()
    let signature = try #require(signed.fields.last?.value)
    let changes = [
      ("webhook-id", "msg_2"), ("webhook-timestamp", "\(now + 1)"), ("webhook-signature", ""),
      ("webhook-signature", "v1,"),
      ("webhook-signature", String(signature.dropLast())), ("webhook-signature", String(signature.dropFirst(3))),
      ("webhook-signature", "v2" + signature.dropFirst(2)), ("webhook-signature", signature.lowercased()),
    ]
    for change in changes { #expect(try Self.refusal(signed.with([change]))?.kind == .unsigned, "\(change)") }
  }

  @Test(arguments: [(-300, true), (300, true), (-301, false), (301, false), (-1_000_000, false)])
  func `a clock may be five minutes off`(offset: Int64, isTaken: Bool) throws {
    let refusal = try Self.refusal(structured(line()).signed(at: now + offset))
    #expect(isTaken ? refusal == nil : refusal?.kind == .unsigned)
  }

  @Test(arguments: ["", "x", "-1", "1e9", "+1795418166", " ", "99999999999999999999", "1795418166.0"])
  func `a timestamp that is none is refused`(text: String) throws {
    #expect(try Self.refusal(structured(line()).signed().with([("webhook-timestamp", text)]))?.kind == .unsigned)
  }

  @Test(arguments: ["webhook-id", "webhook-timestamp", "webhook-signature"])
  func `a field of the signature that is missing or there twice is refused`(name: String) throws {
    var request = try structured(line()).signed()
    let field = try #require(request.fields.first { $0.name == name })
    request.fields.append(.init(name.uppercased(), field.value))
    #expect(try Self.refusal(request)?.kind == .unsigned)
    request.fields.removeAll { $0.name.lowercased() == name }
    #expect(try Self.refusal(request)?.kind == .unsigned)
  }

  @Test func `secrets that cannot be used are refused by their places, without a word of them`() {
    #expect(throws: WebhookVerifier.SecretError.none) { try WebhookVerifier(secrets: []) }
    for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_!", secret + "\n"] {
      let error = #expect(throws: WebhookVerifier.SecretError.malformed(at: 1)) {
        try WebhookVerifier(secrets: [secret, text])
      }
      #expect(error?.description.hasPrefix("secret 2 is not whsec_") == true)
    }
  }

  @Test func `a signed body is not taken in binary mode, whose attributes nobody has signed, unless that is asked for`()
    throws
  {
    let one = try structured(line("1")).signed(id: "1")
    #expect(try Self.refusal(one) == nil)
    #expect(try Self.refusal(batched("[\(line())]").signed()) == nil)
    var again = binary([], line("1"))
    again.fields += one.fields.filter { $0.name.hasPrefix("webhook-") }
    #expect(try Self.refusal(again)?.kind == .unsigned)
    #expect(try Self.refusal(binary().signed(id: "1"))?.kind == .unsigned)
    #expect(try Self.refusal(binary().signed(id: "1"), modes: [.binary]) == nil)
    #expect(try Self.refusal(one, modes: [.binary])?.kind == .unsupportedMediaType)
    // Also where the verifier comes later.
    var reading = WebhookReading(verifier: nil)
    reading.verifier = try WebhookVerifier(secrets: [secret])
    let error = #expect(throws: WebhookRefusal.self) { try reading.events(of: again, unixSeconds: now) }
    #expect(error?.kind == .unsigned)
  }

  @Test(arguments: [
    ("1", "1", true), ("a%20b", "a%20b", true), ("a%c3%a4", "a%C3%A4", true), ("aä", "a%C3%A4", true),
    ("1", "2", false),
    ("msg_1", "1", false), ("a%20b", "a%2520b", false), ("100%", "100%25", false), ("a", "A", false),
    ("K", "%E2%84%AA", false), ("%C3%A9", "e%CC%81", false),
  ])
  func `in binary mode the id that is signed is the event's`(signed: String, id: String, isTaken: Bool) throws {
    let request = try binary().with([("ce-id", id)]).signed(id: signed)
    let refusal = try Self.refusal(request, modes: Set(WebhookReading.Mode.allCases))
    #expect(isTaken ? refusal == nil : refusal?.kind == .unsigned)
  }

  @Test func `nothing is read of a body that nobody has signed`() throws {
    #expect(try Self.refusal(structured("no JSON"))?.kind == .unsigned)
    #expect(try Self.refusal(structured("no JSON").signed())?.kind == .malformed)
  }
}
