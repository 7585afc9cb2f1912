// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Answers in JSON: those of SQS, and of whoever gives credentials to machines and containers. Source: Amazon SQS API Reference,
/// "SendMessageBatch", "GetQueueAttributes", "Common errors"; the user guides of EC2 and ECS.
package enum JSONAnswer {
  /// Nil for something else.
  package static func batch(_ bytes: [UInt8]) -> BatchAnswer? {
    var answer = BatchAnswer()
    var isWell = true
    let isObject = members(bytes, bytes.indices) { name, range, kind in
      guard name == "Successful" || name == "Failed", kind != .null else { return }
      isWell =
        elements(bytes, range) { range in
          guard let fields = fields(bytes, range), let id = fields["Id"] else { return false }
          if name == "Successful" {
            answer.stored.append(.init(id: id, digest: fields["MD5OfMessageBody"]))
          } else {
            answer.failed.append(
              .init(
                id: id, code: fields["Code"] ?? "", message: fields["Message"] ?? "",
                isOurs: fields["SenderFault"] == "true"))
          }
          return true
        } && isWell
    }
    return isObject && isWell ? answer : nil
  }

  /// Nil for something else. Without a code it is an error all the same: a header field may have it.
  package static func error(_ bytes: [UInt8]) -> ErrorAnswer? {
    guard let fields = fields(bytes, bytes.indices) else { return nil }
    let type = fields["__type"] ?? fields["code"] ?? fields["Code"] ?? ""
    return ErrorAnswer(code: ErrorAnswer.code(type), message: fields["message"] ?? fields["Message"] ?? "")
  }

  /// A queue's attributes; nil for something else.
  package static func attributes(_ bytes: [UInt8]) -> [String: String]? {
    var attributes: [String: String]? = [:]
    let isObject = members(bytes, bytes.indices) { name, range, kind in
      if name == "Attributes", kind == .object { attributes = fields(bytes, range) }
    }
    return isObject ? attributes : nil
  }

  /// Nil for something else.
  package static func credentials(_ bytes: [UInt8]) -> AWSCredentials? {
    guard let fields = fields(bytes, bytes.indices), let access = fields["AccessKeyId"],
      let secret = fields["SecretAccessKey"]
    else { return nil }
    var credentials = AWSCredentials(accessKey: access, secretKey: secret, sessionToken: fields["Token"])
    if let text = fields["Expiration"] {
      guard let end = RFC3339.instant(text) else { return nil }
      credentials.end = end.unixMicroseconds / 1_000_000
    }
    return credentials
  }

  /// The members of an object that are text, numbers or truths, as text; nil where it is no object.
  private static func fields(_ bytes: [UInt8], _ range: Range<Int>) -> [String: String]? {
    var fields: [String: String] = [:]
    let isObject = members(bytes, range) { name, range, kind in
      switch kind {
      case .string: fields[name] = text(bytes, (range.lowerBound + 1)..<(range.upperBound - 1))
      case .number, .boolean: fields[name] = String(decoding: bytes[range], as: UTF8.self)
      case .object, .array, .null: return
      }
    }
    return isObject ? fields : nil
  }

  private static func members(
    _ bytes: [UInt8], _ range: Range<Int>, _ body: (String, Range<Int>, JSONScanner.Kind) -> Void
  ) -> Bool {
    do {
      try unsafe JSONScanner.forEachMember(bytes.span.bytes, range) { body(text(bytes, $0), $1, $2) }
      return true
    } catch { return false }
  }

  private static func elements(_ bytes: [UInt8], _ range: Range<Int>, _ body: (Range<Int>) -> Bool) -> Bool {
    unsafe (try? JSONScanner.forEachElement(bytes.span.bytes, range) { range, _ in body(range) }) ?? false
  }

  private static func text(_ bytes: [UInt8], _ range: Range<Int>) -> String {
    var text: [UInt8] = []
    _ = unsafe text.appendUnescaped(bytes.span.bytes, range)
    return String(decoding: text, as: UTF8.self)
  }
}
