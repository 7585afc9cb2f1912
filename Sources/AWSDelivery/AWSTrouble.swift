// SPDX-License-Identifier: Apache-2.0

import Delivery
import HTTPDelivery
import PostgresWire

/// Why nothing can be stored now, or why an event was not. Source: the API references of SQS, SNS and STS, "Errors" of each
/// action, and "Common errors".
struct AWSTrouble: Error, Hashable {
  var reason: String
  var subject = TroubleSubject.server
  var status: Int?
  var hint: Wording?
  var retryAfter: Duration?
  /// The code that AWS gives; empty for none.
  private(set) var code = ""
  /// Whether there is no such place.
  private(set) var isMissing = false
  /// Whether other credentials may fare better.
  var wantsCredentials = false

  init(_ reason: String, _ subject: TroubleSubject = .server, hint: Wording? = nil) {
    (self.reason, self.subject, self.hint) = (reason, subject, hint)
  }

  init(_ trouble: CredentialTrouble) {
    self.init(trouble.reason, trouble.subject, hint: trouble.hint)
  }

  /// What an event is told that shares it.
  var verdict: Attempt.Verdict {
    let trouble = Attempt.Trouble(
      reason, status: status, concernsReceiver: subject.concernsReceiver, hint: hint?.description)
    return subject.verdict(trouble)
  }

  /// What whoever asks is told.
  func failure(of destination: String) -> Failure {
    Failure(subject.failureKind, "\(destination): \(reason)", advice: hint)
  }

  /// Whether the refusal of a request with nothing in it says more than that it has nothing in it.
  ///
  /// - Parameter isUnseen: whether the place could not be looked at, so that this is all that is known of it.
  func says(isUnseen: Bool) -> Bool {
    switch subject {
    case .permission, .login, .credentials: true
    case .destination: isMissing || isUnseen && code != "MissingParameter"
    case .server: isUnseen
    case .event, .unclear: false
    }
  }

  /// What AWS says of a request or of an entry. The words are ours.
  ///
  /// - Parameters:
  ///   - code: its code; empty for none.
  ///   - message: its words, which are looked at and not shown.
  ///   - status: of the whole answer; nil for an entry.
  ///   - place: what is sent to.
  ///   - hint: what to look at where it does not know us.
  init(_ code: String, _ message: String, status: Int?, at place: AWSAddress, credentials: String) {
    let shown = Self.shown(code, status)
    switch code {
    case _ where status == 413:
      self.init("\(shown): it is larger than a request can be", .event)
    case _ where Self.isThrottling(code):
      self.init(
        "\(shown): it is asked too often", hint: "raise the quota, or the queue's throughput (high throughput FIFO)")
    case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "NotFound",
      "NotFoundException", "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", "InvalidAddress":
      self.init(
        "\(shown): there is no such \(place.service == .sqs ? "queue" : "topic")", .destination,
        hint: "make it, or check its name, account and region")
      isMissing = true
    case "RequestTimeTooSkewed", "RequestExpired":
      self = Self.skewed(shown)
    case "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSignature":
      let isLate = ["expired", "not yet current", "skew"].contains { message.lowercased().contains($0) }
      guard !isLate else {
        self = Self.skewed(shown)
        break
      }
      self.init("\(shown): the secret key is not that of the access key", .login, hint: Wording(credentials))
      wantsCredentials = true
    case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure",
      "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
      "IncompleteSignatureException", "InvalidToken", "InvalidTokenException":
      self.init("\(shown): it does not know the access key", .login, hint: Wording(credentials))
      wantsCredentials = true
    case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
      self.init("\(shown): the session's token has expired", .login, hint: Wording(credentials))
      wantsCredentials = true
    case "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "NotAuthorized",
      "UnauthorizedOperation", "OptInRequired", "KmsAccessDenied", "KMSAccessDenied", "KMSAccessDeniedException":
      let isKey = code.lowercased().hasPrefix("kms")
      let right = place.service == .sqs ? "sqs:SendMessage" : "sns:Publish"
      self.init(
        "\(shown): we may not \(isKey ? "use its key" : "send there")", .permission,
        hint: isKey
          ? "allow kms:GenerateDataKey and kms:Decrypt on its key"
          : "allow \(right) on \(place.place), for us and in its own policy")
    case _ where code.lowercased().hasPrefix("kms"):
      self.init(
        "\(shown): its key cannot be used", .destination,
        hint: "enable the key of KMS that it is encrypted with, or name another")
    case "InvalidMessageContents", "AWS.SimpleQueueService.InvalidMessageContents":
      self.init("\(shown): it has a character that no message can have", .event)
    case "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", "MessageTooLong", "RequestEntityTooLarge":
      self.init("\(shown): it is larger than a message can be", .event)
    case "InvalidAttributeValue", "InvalidMessageAttributeValue":
      self.init("\(shown): its type or aggregate type cannot be an attribute", .event)
    case _ where Self.isInternal(code): self.init("it answers with \(shown)")
    case "PendingVerification", "Blocked":
      self.init("\(shown): the account may not use it now", .permission, hint: "see to the account at AWS")
    case "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "InvalidParameterException",
      "InvalidParameterValueException", "InvalidParameterCombination", "ValidationError":
      let words = message.lowercased()
      guard !Self.isOfPlace(words) else {
        self.init(
          "\(shown): something in the request is not for such a \(place.service == .sqs ? "queue" : "topic")",
          .destination,
          hint: "check the address: the name of one that is FIFO ends in .fifo, and no other's does")
        break
      }
      let isSize = ["must be shorter than", "too long", "too large"].contains { words.contains($0) }
      let isEmpty = words.contains("invalid characters") || words.contains("invalid binary character")
      self.init(
        isSize
          ? "\(shown): it is larger than a message can be"
          : isEmpty
            ? "\(shown): it has a character that no message can have"
            : "\(shown): something in the request is not taken",
        isSize || isEmpty ? .event : .unclear)
    case "InvalidSecurity": self.init("\(shown): it wants https://", .destination, hint: "give an https:// address")
    case "InvalidAction", "MissingAction", "MissingParameter", "UnknownEndpoint", "UnknownOperationException",
      "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation":
      self.init(
        "\(shown): it does not take batches of messages", .destination, hint: "check the address, and AWS_ENDPOINT_URL")
    default:
      let meaning = status.map { AnswerPolicy().meaning(of: $0) }
      let isPlace = meaning == .misdirected || meaning == .gone
      let isServer = meaning == .retry || (status ?? 0) >= 500
      self.init(
        "it answers with \(shown)", isPlace ? .destination : isServer ? .server : .unclear,
        hint: isPlace ? "check the address, and AWS_ENDPOINT_URL" : nil)
    }
    (self.status, self.code) = (status, code)
  }

  /// Whether trouble of theirs is told, whomever else they blame.
  static func isInternal(_ code: String) -> Bool {
    let name = code.split(separator: ".").last ?? ""
    return name.hasPrefix("Internal") || name.hasPrefix("ServiceUnavailable") || name.hasPrefix("RequestTimeout")
  }

  /// Whether the words of a refusal are about the queue or the topic, and not about what a message has.
  private static func isOfPlace(_ words: String) -> Bool {
    let ofMessage = ["messagegroupid", "messagededuplicationid", "messagebody", "messageattribute"]
    return !ofMessage.contains { words.contains($0) }
      && ["queueurl", "queue url", "topicarn", "topic arn", "queue type", "topic type"].contains { words.contains($0) }
  }

  static func isThrottling(_ code: String) -> Bool {
    code.contains("Throttl") || code.contains("TooManyRequests")
      || ["RequestLimitExceeded", "SlowDown", "OverLimit", "PriorRequestNotComplete", "BandwidthLimitExceeded"]
        .contains(code)
  }

  private static func skewed(_ shown: String) -> AWSTrouble {
    AWSTrouble("\(shown): the time of the request is not now", hint: "set this machine's clock (timedatectl)")
  }

  /// A code as AWS has them, and nothing else; or the status.
  static func shown(_ code: String, _ status: Int?) -> String {
    let isCode =
      (1...64).contains(code.utf8.count)
      && code.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: ".") }
    return isCode ? code : status.map { "status \($0)" } ?? "an error without a code"
  }

  static func breach(_ service: AWSAddress.Service) -> AWSTrouble {
    AWSTrouble(
      "what it answers is not what \(service.rawValue.uppercased()) answers",
      hint: "check the address, and AWS_ENDPOINT_URL")
  }
}
