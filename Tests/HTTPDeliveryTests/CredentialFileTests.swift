// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import PostgresWire
import TestDelivery
import TestStream
import Testing

@testable import Delivery
@testable import HTTPDelivery

@Suite(.timeLimit(.minutes(1)))
struct CredentialFileTests {
  /// Files that make no sense, by what they are for.
  @Test(arguments: [
    ("bearer", ""), ("bearer", "\n \n"), ("bearer", "hush-1\nhush-2\n"), ("bearer", "hush hush"),
    ("bearer", "hush\u{7}"),
    ("bearer", "hüsh"), ("bearer", "\u{FEFF}hush"), ("bearer", String(repeating: "hush", count: 10_000)),
    ("basic", ""), ("basic", "hush"), ("basic", "hush:hush\nhush:hush"), ("basic", "hush:\u{1}"),
    ("headers", "hush"), ("headers", "Content-Type: hush"), ("headers", "content-length: 5"),
    ("headers", "ce-id: hush"),
    ("headers", "Transfer-Encoding: hush"), ("headers", "webhook-id: hush"), ("headers", "host: a\nHost: b"),
    ("headers", "x: " + String(repeating: "hush", count: 10_000)), ("signing", "hush"), ("signing", ""),
    ("basic", "\u{FEFF}hush:hush"), ("headers", "\u{FEFF}x: hush"),
    ("signing", "\u{FEFF}whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"),
  ])
  func `a file that makes no sense is refused at the start, and not shown`(kind: String, text: String) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(Array(text.utf8), "secret")
    var configuration = HTTPConfiguration(url: "https://127.0.0.1/")
    configuration.credentials = Self.files(kind, path)
    let error = #expect(throws: Failure.self) { try HTTPPublisher(configuration) }
    #expect(error?.kind == .credentials)
    #expect(error?.description.contains(path) == true)
    #expect(error?.description.contains("hush") == false, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func `of several ways to say who we are there can be only one`() throws {
    let directory = try TemporaryDirectory()
    let (token, user) = (try directory.write(Array("t".utf8), "t"), try directory.write(Array("u:p".utf8), "u"))
    let headers = try directory.write(Array("Authorization: x".utf8), "h")
    for (url, bearer, basic, header) in [
      ("https://h/", token, user, nil), ("https://u:p@h/", token, nil, nil), ("https://u:p@h/", nil, user, nil),
      ("https://h/", token, nil, headers), ("https://u:p@h/", nil, nil, headers),
    ] as [(String, String?, String?, String?)] {
      var configuration = HTTPConfiguration(url: url)
      configuration.credentials.bearerToken = bearer
      configuration.credentials.basic = basic
      configuration.credentials.headers = header
      #expect(throws: Failure.self) { try HTTPPublisher(configuration) }
    }
  }

  @Test(arguments: ["bearer", "basic", "headers", "signing"])
  func `every file is read again when it changes, and while it makes no sense the last one counts`(
    kind: String
  ) async throws {
    let secrets = (1...2).map { "whsec_" + Data(repeating: $0, count: 24).base64EncodedString() }
    let texts: [String] =
      switch kind {
      case "bearer": ["one", "two"]
      case "basic": ["u:one", "u:two"]
      case "headers": ["x-key: one", "x-key: two"]
      default: secrets
      }
    let directory = try TemporaryDirectory()
    let path = try directory.write(Array(texts[0].utf8), "secret")
    let receiver = try await Receiver()
    var parts = SinkParts(url: receiver.url)
    parts.http.credentials = Self.files(kind, path)
    let sink = try parts.sink(DeadLetterOffice())
    try await sink.deliver(try Events.batch([.init(id: "a", key: "k")]))
    try Data("\u{1}\nno".utf8).write(to: URL(filePath: path))
    try await sink.deliver(try Events.batch([.init(id: "b", key: "k")]))
    #expect(sink.health.complaints[path] != nil, "told")
    try FileManager.default.removeItem(atPath: path)
    try await sink.deliver(try Events.batch([.init(id: "b2", key: "k")]))
    #expect(sink.health.complaints == [path: "cannot be read: there is no such file"])
    try Data(texts[1].utf8).write(to: URL(filePath: path), options: .atomic)
    try await sink.deliver(try Events.batch([.init(id: "c", key: "k")]))
    let shown = try receiver.requests.map { request -> String in
      switch kind {
      case "headers": return request.headers["x-key"] ?? ""
      case "signing":
        let (id, time) = (request.headers["webhook-id"] ?? "", request.headers["webhook-timestamp"] ?? "")
        return try secrets.first { secret in
          let key = Array(Data(base64Encoded: String(secret.dropFirst(6))) ?? Data())
          let code = try SHA256.authenticationCode(Array("\(id).\(time).\(request.body)".utf8), key: key)
          return request.headers["webhook-signature"] == "v1,\(Data(code).base64EncodedString())"
        } ?? ""
      default: return request.headers["authorization"] ?? ""
      }
    }
    #expect(shown[0] == shown[1] && shown[0] == shown[2])
    #expect(shown[0] != shown[3] && !shown[3].isEmpty)
    #expect(sink.health.complaints.isEmpty, "told again")
    sink.close()
    await receiver.close()
  }

  private static func files(_ kind: String, _ path: String) -> CredentialFiles {
    var files = CredentialFiles()
    switch kind {
    case "bearer": files.bearerToken = path
    case "basic": files.basic = path
    case "headers": files.headers = path
    default: files.signingSecrets = path
    }
    return files
  }
}
