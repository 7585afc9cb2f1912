// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import Testing

@testable import AWSDelivery

@Suite struct `Endpoints` {
  private func endpoint(_ address: String, _ environment: [String: String] = [:], allowsPlain: Bool = false)
    throws(Failure)
    -> ServiceEndpoint
  {
    var configuration = AWSConfiguration(address: address, environment: environment)
    configuration.allowsPlain = allowsPlain
    let place: AWSAddress
    do throws(AWSAddress.Problem) { place = try AWSAddress(address) } catch {
      throw Failure(.settings, Wording("\(error)"))
    }
    return try ServiceEndpoint(of: place, configuration, region: environment["AWS_REGION"])
  }

  @Test func `a queue is spoken to where its URL is, a topic where its region is`() throws {
    let queue = try endpoint("sqs:https://sqs.EU-central-1.amazonaws.com/1/orders")
    #expect(queue.url == "https://sqs.EU-central-1.amazonaws.com/" && queue.path == "/")
    #expect(queue.host == "sqs.eu-central-1.amazonaws.com" && queue.region == "eu-central-1")
    #expect(try endpoint("sns:arn:aws-cn:sns:cn-north-1:1:orders").url == "https://sns.cn-north-1.amazonaws.com.cn/")
  }

  @Test func `the environment names another place, that of the service first`() throws {
    let both = ["AWS_ENDPOINT_URL": "http://127.0.0.1:1/all", "AWS_ENDPOINT_URL_SNS": "http://[::1]:2"]
    let topic = try endpoint("sns:arn:aws:sns:eu-central-1:1:orders", both)
    #expect(topic.url == "http://[::1]:2/" && topic.host == "[::1]:2")
    let queue = try endpoint("sqs:https://sqs.eu-central-1.amazonaws.com/1/orders", both)
    #expect(queue.url == "http://127.0.0.1:1/all/" && queue.path == "/all/")
  }

  @Test func `what travels in the clear to another host is refused unless that is allowed`() throws {
    let plain = ["AWS_ENDPOINT_URL": "http://sqs.example"]
    let failure = #expect(throws: Failure.self) { try endpoint("sns:arn:aws:sns:eu-central-1:1:orders", plain) }
    #expect(failure?.what.description.hasPrefix("AWS_ENDPOINT_URL names another host by http://: events") == true)
    let security = ["AWS_ENDPOINT_URL_STS": "http://sts.example", "AWS_ENDPOINT_URL": "https://sqs.example"]
    let place = try AWSAddress("sns:arn:aws:sns:eu-central-1:1:orders")
    let configuration = AWSConfiguration(address: place.shown, environment: security)
    let other = #expect(throws: Failure.self) {
      try ServiceEndpoint(.sts, beside: place, region: "eu-central-1", configuration)
    }
    #expect(other?.what.description.contains("AWS_ENDPOINT_URL_STS names another host by http://: the token") == true)
    #expect(try endpoint("sns:arn:aws:sns:eu-central-1:1:orders", plain, allowsPlain: true).host == "sqs.example")
  }

  @Test func `a region that nobody names, and a partition that is not known, are refused`() {
    #expect(throws: Failure.self) { try endpoint("sqs:http://127.0.0.1:1/1/orders") }
    #expect(throws: Failure.self) { try endpoint("sns:arn:aws-iso:sns:us-iso-east-1:1:orders") }
    #expect(throws: Failure.self) { try endpoint("sqs:http://127.0.0.1:1/1/orders", ["AWS_REGION": "a/b"]) }
  }
}
