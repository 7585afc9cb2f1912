// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Answers of the query protocol, which SNS and STS speak. Source: their API references, "PublishBatch",
/// "AssumeRoleWithWebIdentity", "GetTopicAttributes", "Common errors".
package enum XMLAnswer {
  /// Nil for something else.
  package static func batch(_ bytes: [UInt8]) -> BatchAnswer? {
    var answer = BatchAnswer()
    var fields: [String: String] = [:]
    var isOne = false
    let result = read(bytes) { path, text in
      guard path.first == "PublishBatchResponse" else { return }
      isOne = true
      guard path.count >= 4, path[1] == "PublishBatchResult", path[3] == "member" else { return }
      if path.count == 5 { fields[path[4]] = text }
      guard path.count == 4 else { return }
      switch path[2] {
      case "Successful": answer.stored.append(.init(id: fields["Id"] ?? "", digest: nil))
      case "Failed":
        answer.failed.append(
          .init(
            id: fields["Id"] ?? "", code: fields["Code"] ?? "", message: fields["Message"] ?? "",
            isOurs: fields["SenderFault"] == "true"))
      default: break
      }
      fields = [:]
    }
    return result && isOne ? answer : nil
  }

  /// Nil for something else.
  package static func error(_ bytes: [UInt8]) -> ErrorAnswer? {
    var (code, message): (String?, String) = (nil, "")
    let result = read(bytes) { path, text in
      // `ErrorResponse/Error/Code`; older ones `Response/Errors/Error/Code`.
      guard path.count >= 2, path[path.count - 2] == "Error" else { return }
      if path.last == "Code", code == nil { code = text }
      if path.last == "Message" { message = text }
    }
    guard result, let code else { return nil }
    return ErrorAnswer(code: ErrorAnswer.code(code), message: message)
  }

  /// Nil for something else.
  package static func credentials(_ bytes: [UInt8]) -> AWSCredentials? {
    var fields: [String: String] = [:]
    let result = read(bytes) { path, text in
      if path.count == 4, path[2] == "Credentials" { fields[path[3]] = text }
    }
    guard result, let access = fields["AccessKeyId"], let secret = fields["SecretAccessKey"],
      let token = fields["SessionToken"], let end = fields["Expiration"].flatMap(RFC3339.instant)
    else { return nil }
    return AWSCredentials(
      accessKey: access, secretKey: secret, sessionToken: token, end: end.unixMicroseconds / 1_000_000)
  }

  /// Whether it tells a topic's attributes.
  package static func isAttributes(_ bytes: [UInt8]) -> Bool {
    var isOne = false
    let result = read(bytes) { path, _ in isOne = isOne || path.first == "GetTopicAttributesResponse" }
    return result && isOne
  }

  private static func read(_ bytes: [UInt8], _ body: (_ path: [String], _ text: String) -> Void) -> Bool {
    do {
      try XMLElements.read(bytes, body)
      return true
    } catch { return false }
  }
}
