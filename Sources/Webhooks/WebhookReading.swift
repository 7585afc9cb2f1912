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

  /// Makes one.
  public init(verifier: WebhookVerifier?, limits: WebhookLimits = WebhookLimits()) {
    (self.verifier, self.limits) = (verifier, limits)
  }

  /// The events of a request, in their order, at a time that a signed request's must be near: seconds since 1970.
  public func events(of request: WebhookRequest, unixSeconds: Int64) throws(WebhookRefusal) -> [ReceivedEvent] {
    guard request.body.count <= limits.bodyBytes else {
      throw WebhookRefusal(.tooLarge, "the body is longer than \(limits.bodyBytes) bytes")
    }
    let fields = try FieldTable(request, limits)
    // Before anything is read of it.
    if let verifier { try verifier.verify(fields, body: request.body, unixSeconds: unixSeconds) }
    switch try mode(fields) {
    case .binary: return [try BinaryMode(limits: limits).event(fields, request.body)]
    case .structured: return [try StructuredMode(limits: limits).event(request.body)]
    case .batched: return try StructuredMode(limits: limits).events(request.body)
    }
  }

  private func mode(_ fields: FieldTable) throws(WebhookRefusal) -> Mode {
    if let coding = try fields.value("content-encoding"), !coding.isEmpty, coding.lowercased() != "identity" {
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
