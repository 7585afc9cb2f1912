// SPDX-License-Identifier: Apache-2.0

package import HTTPDelivery

/// A queue or a topic as `--sink` names it, taken apart before anything is sent there.
///
/// Source: Amazon SQS Developer Guide, "Queue and message identifiers"; AWS General Reference, "Amazon Resource Names".
package struct AWSAddress: Hashable, Sendable {
  /// What is wrong with an address. Its text is never shown, for it may hold a password.
  package enum Problem: String, Error, Hashable, Sendable, CustomStringConvertible {
    case malformed =
      "this is not sqs: and a queue's URL, such as sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"
    case user = "the queue's URL has a user in it; credentials come from where AWS's own programs find them"
    case query = "the queue's URL has a ? or a port that is none"
    case queue = "the last part of the queue's URL is not the name of a queue: up to 80 letters, digits, - and _"
    case arn =
      "this is not sns: and a topic's ARN, such as sns:arn:aws:sns:eu-central-1:123456789012:orders.fifo"
    case topic = "the last part of the ARN is not the name of a topic: up to 256 letters, digits, - and _"

    package var description: String { rawValue }
  }

  /// What is spoken to.
  package enum Service: String, Hashable, Sendable {
    case sqs, sns, sts
  }

  package let service: Service
  /// The queue's URL, or the topic's ARN, as requests have it.
  package let name: String
  /// Whether it keeps the order of groups (FIFO).
  package let isOrdered: Bool
  /// As far as the address says it.
  package let region: String?
  /// What regions are of, as `aws` or `aws-cn`.
  package let partition: String
  /// Where the queue is; nil for a topic.
  package let queue: HTTPAddress?

  /// As `--sink` has it.
  package var shown: String { "\(service.rawValue):\(name)" }
  /// Such as `the queue orders.fifo`.
  package var place: String { "the \(service == .sqs ? "queue" : "topic") \(lastName)" }

  private let lastName: String

  /// Reads an address.
  package init(_ text: String) throws(Problem) {
    switch text.prefix(4).lowercased() {
    case "sqs:": try self.init(queue: String(text.dropFirst(4)))
    case "sns:": try self.init(topic: String(text.dropFirst(4)))
    default: throw .malformed
    }
  }

  private init(queue text: String) throws(Problem) {
    let address: HTTPAddress
    do { address = try HTTPAddress(text) } catch {
      throw error == .user ? .user : .malformed
    }
    guard address.user == nil else { throw .user }
    guard !address.url.contains("?") else { throw .query }
    let parts = address.url.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 4, let last = parts.last, !last.isEmpty else { throw .malformed }
    guard let isOrdered = Self.isOrdered(last, longest: 80) else { throw .queue }
    (service, name, self.isOrdered, queue) = (.sqs, address.url, isOrdered, address)
    lastName = String(last)
    region = Self.region(ofQueuesAt: address.host.lowercased())
    partition = Self.partition(of: region ?? "")
  }

  private init(topic arn: String) throws(Problem) {
    let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == "arn", parts[2] == "sns", Self.isPlain(parts[1]), Self.isPlain(parts[3]),
      !parts[4].isEmpty, parts[4].utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { throw .arn }
    guard let isOrdered = Self.isOrdered(parts[5], longest: 256) else { throw .topic }
    (service, name, self.isOrdered, queue) = (.sns, arn, isOrdered, nil)
    (lastName, region, partition) = (String(parts[5]), String(parts[3]), String(parts[1]))
  }

  /// Another queue beside this one.
  package func sibling(_ queue: String) throws(Problem) -> AWSAddress {
    guard service == .sqs, let slash = name.lastIndex(of: "/") else { throw .malformed }
    guard Self.isOrdered(queue[...], longest: 80) != nil else { throw .queue }
    return try AWSAddress("sqs:\(name[...slash])\(queue)")
  }

  /// Whether a name is that of a FIFO queue or topic; nil for one that is none.
  private static func isOrdered(_ name: Substring, longest: Int) -> Bool? {
    let isOrdered = name.hasSuffix(".fifo")
    let plain = isOrdered ? name.dropLast(5) : name
    guard !plain.isEmpty, name.utf8.count <= longest,
      plain.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
    else { return nil }
    return isOrdered
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// Whether a text can be part of a host's name, as a region is.
  package static func isPlain(_ text: some StringProtocol) -> Bool {
    (1...40).contains(text.utf8.count) && text.first != "-" && text.last != "-"
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") }
  }

  /// The region in the name of a host of SQS, of whatever kind it is. Source: AWS General Reference, "Amazon SQS endpoints and
  /// quotas"; Amazon SQS Developer Guide, "VPC endpoints".
  private static func region(ofQueuesAt host: String) -> String? {
    let labels = host.split(separator: ".")
    guard host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn") || host.hasSuffix(".api.aws") else {
      return nil
    }
    if labels.count == 3, labels[0] == "queue" { return "us-east-1" }
    let region: Substring? =
      if let service = labels.firstIndex(where: { $0 == "sqs" || $0 == "sqs-fips" }) {
        labels.dropFirst(service + 1).first
      } else if labels.count > 3, labels[1] == "queue" {
        labels[0]
      } else {
        nil
      }
    return region.flatMap { isPlain($0) && $0.contains("-") ? String($0) : nil }
  }

  /// What a region is of.
  private static func partition(of region: String) -> String {
    if region.hasPrefix("cn-") { return "aws-cn" }
    return region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
  }
}
