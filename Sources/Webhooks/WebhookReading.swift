// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents

/// Reads requests: whether they may be taken, and the events in them. Neither waits nor allocates on a count that it has not seen.
public struct WebhookReading: Sendable {
  /// How the events of a request are written. Source: CloudEvents HTTP Protocol Binding 1.0.2, "HTTP Message Mapping".
  public enum Mode: String, CaseIterable, Hashable, Sendable {
    /// The attributes as header fields, the data as the body.
    case binary
    /// One event as the body.
    case structured
    /// An array of events as the body.
    case batched
  }

  /// The bounds.
  public var limits: WebhookLimits
  /// Who verifies; nil to take what nobody has signed, as behind a gateway that has verified it.
  public var verifier: WebhookVerifier?

  /// Which modes are taken; nil for all where nobody verifies, and else for those that a signature covers whole: structured and
  /// batched.
  ///
  /// In binary mode it covers the id and the data, and **no other attribute**: not the type, the source, the subject or the time.
  /// Whoever has recorded a signed request can send it again within the verifier's tolerance with others; so can be sent, as the
  /// data of whatever type, the body of a structured one. Take it only over a way on which nobody records, or where the handlers
  /// look at nothing but the id and the data.
  public var modes: Set<Mode>?

  /// Makes one.
  public init(verifier: WebhookVerifier?, limits: WebhookLimits = WebhookLimits(), modes: Set<Mode>? = nil) {
    (self.verifier, self.limits, self.modes) = (verifier, limits, modes)
  }

  /// The events of a request, in their order, at a time that a signed request's must be near: seconds since 1970.
  public func events(of request: WebhookRequest, unixSeconds: Int64) throws(WebhookRefusal) -> [ReceivedEvent] {
    guard request.body.count <= limits.bodyBytes else {
      throw WebhookRefusal(.tooLarge, "the body is longer than \(limits.bodyBytes) bytes")
    }
    let fields = try FieldTable(request, limits)
    // Before anything is read of it.
    if let verifier { try verifier.verify(fields, body: request.body, unixSeconds: unixSeconds) }
    let mode = try mode(fields)
    guard takes(mode) else {
      guard mode == .binary, verifier != nil else {
        throw WebhookRefusal(.unsupportedMediaType, "the mode \(mode) is not taken here")
      }
      // Speaks of the receiver, so that no sender gives an event up for it.
      throw WebhookRefusal(.unsigned, "the mode binary, whose attributes nobody has signed, is not taken here")
    }
    switch mode {
    case .binary:
      let event = try BinaryMode(limits: limits).event(fields, request.body)
      if verifier != nil { try checkID(of: event, fields) }
      return [event]
    case .structured: return [try StructuredMode(limits: limits).event(request.body)]
    case .batched: return try StructuredMode(limits: limits).events(request.body)
    }
  }

  private func takes(_ mode: Mode) -> Bool {
    if let modes { return modes.contains(mode) }
    return verifier == nil || mode != .binary
  }

  /// The signature covers `webhook-id`, so that one request is no other event. Both are decoded, so that one is one id only.
  private func checkID(of event: ReceivedEvent, _ fields: FieldTable) throws(WebhookRefusal) {
    // By their bytes: a Kelvin sign is another letter than K to whoever signs.
    guard let signed = try fields.value("webhook-id", .unsigned), let decoded = try? BinaryMode.decoded(signed),
      decoded.utf8.elementsEqual(event.id.utf8)
    else {
      throw WebhookRefusal(.unsigned, "webhook-id is not ce-id, which nobody has signed then")
    }
  }

  private func mode(_ fields: FieldTable) throws(WebhookRefusal) -> Mode {
    if let coding = try fields.value("content-encoding"), !coding.isEmpty, coding.lowercasedInASCII != "identity" {
      throw WebhookRefusal(.unsupportedMediaType, "a body that is compressed is not read")
    }
    let type = try fields.value("content-type") ?? ""
    let essence = MediaType.essence(type)
    guard essence.hasPrefix("application/cloudevents") else {
      guard !fields.names(prefix: "ce-").isEmpty else {
        throw WebhookRefusal(
          .unsupportedMediaType, "it is no CloudEvent: neither its Content-Type nor a field ce-id says so")
      }
      return .binary
    }
    guard !MediaType.hasOtherCharset(type) else {
      throw WebhookRefusal(.unsupportedMediaType, "JSON is read in UTF-8 only")
    }
    switch essence {
    case "application/cloudevents+json": return .structured
    case "application/cloudevents-batch+json": return .batched
    default: throw WebhookRefusal(.unsupportedMediaType, "CloudEvents are read as JSON only")
    }
  }
}
