// SPDX-License-Identifier: Apache-2.0

import AWSDelivery
import Testing

@Suite struct `Addresses of queues and topics` {
  @Test(arguments: [
    ("sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo", "eu-central-1", true),
    ("sqs:https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/orders", "us-gov-west-1", false),
    ("sqs:https://eu-west-1.queue.amazonaws.com/123456789012/orders", "eu-west-1", false),
    ("sqs:https://queue.amazonaws.com/123456789012/orders", "us-east-1", false),
    ("sqs:https://vpce-1-a.sqs.eu-west-3.vpce.amazonaws.com/123456789012/orders", "eu-west-3", false),
    ("sqs:https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders", "cn-north-1", false),
    ("sqs:https://sqs.eu-west-1.api.aws/123456789012/orders", "eu-west-1", false),
    ("sqs:http://127.0.0.1:5000/123456789012/orders.fifo", nil, true),
    ("sqs:https://sqs.evil-1.example/123456789012/orders.fifo", nil, true),
    ("sns:arn:aws:sns:eu-central-1:123456789012:orders.fifo", "eu-central-1", true),
    ("sns:arn:aws-cn:sns:cn-north-1:123456789012:orders", "cn-north-1", false),
  ])
  func `the region and the order are read from an address`(_ text: String, _ region: String?, _ isOrdered: Bool) throws
  {
    let address = try AWSAddress(text)
    #expect(address.region == region)
    #expect(address.isOrdered == isOrdered)
    #expect(address.shown == text)
  }

  @Test(
    arguments: [
      ("sqs:", .malformed), ("sqs:orders", .malformed), ("sqs:https://sqs.eu-central-1.amazonaws.com", .malformed),
      ("sqs:https://sqs.eu-central-1.amazonaws.com/1/", .malformed),
      ("sqs:https://a:hush@sqs.eu-central-1.amazonaws.com/1/orders", .user),
      ("sqs:https://sqs.eu-central-1.amazonaws.com/1/orders?x", .query),
      ("sqs:https://sqs.eu-central-1.amazonaws.com/1/or%20ders", .queue),
      ("sqs:https://sqs.eu-central-1.amazonaws.com/1/.fifo", .queue),
      ("sqs:https://sqs.eu-central-1.amazonaws.com/1/\(String(repeating: "q", count: 81))", .queue),
      ("sns:orders", .arn), ("sns:arn:aws:sqs:eu-central-1:1:orders", .arn), ("sns:arn:aws:sns::1:orders", .arn),
      ("sns:arn:aws:sns:eu.evil:1:orders", .arn), ("sns:arn:aws:sns:eu-central-1:1:orders:sub", .arn),
      ("sns:arn:aws:sns:eu-central-1:1:or ders", .topic),
    ] as [(String, AWSAddress.Problem)])
  func `what is none is refused for what is wrong with it`(_ text: String, _ problem: AWSAddress.Problem) {
    #expect(throws: problem) { try AWSAddress(text) }
  }

  @Test func `a queue of letters stands beside the queue of events`() throws {
    let events = try AWSAddress("sqs:https://sqs.eu-central-1.amazonaws.com/1/orders.fifo")
    #expect(try events.sibling("letters").name == "https://sqs.eu-central-1.amazonaws.com/1/letters")
    #expect(throws: AWSAddress.Problem.queue) { try events.sibling("../letters") }
  }
}
