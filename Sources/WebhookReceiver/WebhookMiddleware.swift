// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
public import Hummingbird
import NIOCore
public import Webhooks

/// Takes events at one path of a hummingbird application, and passes every other request on.
///
/// Add it to the router: `router.add(middleware: WebhookMiddleware(path: "/events", answering))`. The path needs no route.
public struct WebhookMiddleware<Context: RequestContext>: RouterMiddleware {
  private let path: String
  private let answering: WebhookAnswering
  private let now: @Sendable () -> Int64

  /// Makes one for a path as it stands in requests, without a query. Their timestamps are held against the clock, which gives
  /// seconds since 1970.
  public init(
    path: String, _ answering: WebhookAnswering, now: @escaping @Sendable () -> Int64 = WallClock.unixSeconds
  ) {
    (self.path, self.answering, self.now) = (path, answering, now)
  }

  /// Answers a request to the path.
  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard request.uri.path == path else { return try await next(request, context) }
    guard request.method == .post else {
      return Response(status: .methodNotAllowed, headers: [.allow: "POST"])
    }
    let longest = answering.reading.limits.bodyBytes
    let tooLong = WebhookRefusal(.tooLarge, "the body is longer than \(longest) bytes")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > longest {
      return Self.response(WebhookAnswer(tooLong))
    }
    var body: [UInt8] = []
    for try await piece in request.body {
      // No more is kept than what is looked at.
      guard body.count + piece.readableBytes <= longest else { return Self.response(WebhookAnswer(tooLong)) }
      body.append(contentsOf: piece.readableBytesView)
    }
    let fields = request.headers.map { WebhookRequest.Field($0.name.canonicalName, $0.value) }
    return Self.response(
      await answering.answer(WebhookRequest(fields: fields, body: body), unixSeconds: now()))
  }

  private static func response(_ answer: WebhookAnswer) -> Response {
    var headers = HTTPFields()
    for field in answer.fields {
      guard let name = HTTPField.Name(field.name) else { continue }
      headers[name] = field.value
    }
    return Response(
      status: .init(code: answer.status), headers: headers,
      body: answer.body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
  }
}
