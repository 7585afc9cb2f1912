// SPDX-License-Identifier: Apache-2.0

import Delivery
import Testing

@testable import AWSDelivery

@Suite struct `What AWS answers` {
  private let batch = """
    <?xml version="1.0"?><!-- a --><PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
    <PublishBatchResult><Successful><member><Id>0</Id><MessageId>x</MessageId></member></Successful>
    <Failed><member><Id>1</Id><Code>InvalidParameter</Code><SenderFault>true</SenderFault>
    <Message>a &lt;b&gt; &#228;&#xE4; <![CDATA[<c>]]></Message></member></Failed></PublishBatchResult>
    <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>
    """

  private let queueBatch = #"""
    {"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"00"}],
     "Failed":[{"Id":"1","SenderFault":true,"Code":"InvalidMessageContents","Message":"\u00e4"}],"ResultMetadata":{"a":[1]}}
    """#

  @Test func `a batch's answer is read the same from XML and from JSON`() {
    let xml = XMLAnswer.batch(Array(batch.utf8))
    #expect(xml?.stored == [.init(id: "0", digest: nil)])
    #expect(
      xml?.failed == [.init(id: "1", code: "InvalidParameter", message: "a <b> ää <c>", isOurs: true)])
    let json = JSONAnswer.batch(Array(queueBatch.utf8))
    #expect(json?.stored == [.init(id: "0", digest: "00")])
    #expect(json?.failed == [.init(id: "1", code: "InvalidMessageContents", message: "ä", isOurs: true)])
  }

  @Test func `an answer that is cut off anywhere is none`() {
    let (xml, json) = (Array(batch.utf8), Array(queueBatch.utf8))
    for count in 0..<xml.count { #expect(XMLAnswer.batch(Array(xml[..<count])) == nil) }
    for count in 0..<json.count { #expect(JSONAnswer.batch(Array(json[..<count])) == nil) }
  }

  @Test(arguments: [
    "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a>&b;</a>", "<a></b>", "<a/><b/>", "<a>&#0;</a>", "<a>&#xD800;</a>",
    "<a b=c/>", "<a b=\"<\"/>", "text", "", "<a>&#99999999999;</a>", "<", "</a>", String(repeating: "<a>", count: 20),
    "<html><body>502 Bad Gateway</body>",
  ])
  func `what is no XML of theirs is none`(_ text: String) {
    #expect(throws: AnswerBreach.self) { try XMLElements.read(Array(text.utf8)) { _, _ in } }
  }

  @Test func `an error's code is read from either protocol, without its namespace`() {
    let json = #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#
    #expect(JSONAnswer.error(Array(json.utf8)) == ErrorAnswer(code: "QueueDoesNotExist", message: "gone"))
    let xml =
      "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>m</Message></Error></ErrorResponse>"
    #expect(XMLAnswer.error(Array(xml.utf8)) == ErrorAnswer(code: "NotFound", message: "m"))
    let behind = #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist:http://internal.example/x#y","message":"gone"}"#
    #expect(JSONAnswer.error(Array(behind.utf8))?.code == "QueueDoesNotExist")
    #expect(JSONAnswer.error(Array("<html>".utf8)) == nil && XMLAnswer.error(Array("{}".utf8)) == nil)
  }

  @Test(
    arguments: [
      (
        #"{"message":"m"}"#, ["x-amzn-errortype": "AccessDeniedException:http://internal.example/"],
        "AccessDeniedException"
      ),
      (
        #"{"message":"m"}"#, ["x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"],
        "AWS.SimpleQueueService.NonExistentQueue"
      ),
      (#"{"__type":"x#QueueDoesNotExist"}"#, ["x-amzn-errortype": "AccessDenied"], "QueueDoesNotExist"),
      ("", ["x-amzn-errortype": "com.amazonaws.sqs#AccessDenied"], "AccessDenied"), ("<html>", [:], ""),
    ] as [(String, [String: String], String)])
  func `the header counts where the body has no code`(_ body: String, _ header: [String: String], _ code: String) {
    #expect(ErrorAnswer(Array(body.utf8), header).code == code)
  }

  @Test func `credentials are read with their end`() {
    let json = #"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-29T08:00:00Z"}"#
    #expect(
      JSONAnswer.credentials(Array(json.utf8))
        == AWSCredentials(accessKey: "A", secretKey: "S", sessionToken: "T", end: 1_795_939_200))
    #expect(JSONAnswer.credentials(Array(json.replacing("2026-11-29T08:00:00Z", with: "soon").utf8)) == nil)
  }

  @Test(
    arguments: [
      ("AccessDenied", "", .permission), ("QueueDoesNotExist", "", .destination), ("RequestThrottled", "", .server),
      ("KmsDisabled", "", .destination), ("KmsAccessDenied", "", .permission), ("KmsThrottled", "", .server),
      ("InvalidClientTokenId", "", .login), ("SignatureDoesNotMatch", "Signature expired: 1", .server),
      ("SignatureDoesNotMatch", "", .login), ("InvalidMessageContents", "", .event), ("InternalError", "", .server),
      ("InvalidParameterValue", "Message must be shorter than 1024 bytes", .event),
      ("InvalidParameterValue", "The queue is odd", .unclear), ("<script>", "", .server),
      ("UnknownEndpoint", "", .destination), ("PendingVerification", "", .permission), ("Blocked", "", .permission),
      ("MissingAction", "", .destination), ("MissingParameter", "", .destination),
      ("InvalidParameterValue", "Value x for parameter QueueUrl is invalid.", .destination),
      ("InvalidParameter", "Invalid parameter: TopicArn", .destination),
      ("InvalidParameterValue", "The request include parameter that is not valid for this queue type", .destination),
      ("InvalidParameterValue", "Value QueueUrl for parameter MessageGroupId is invalid.", .unclear),
    ] as [(String, String, TroubleSubject)])
  func `only what speaks of the event is the event's`(_ code: String, _ message: String, _ subject: TroubleSubject)
    throws
  {
    let place = try AWSAddress("sns:arn:aws:sns:eu-central-1:1:orders")
    let trouble = AWSTrouble(code, message, status: 500, at: place, credentials: "")
    #expect(trouble.subject == subject)
    #expect(!trouble.reason.contains("<") && !trouble.reason.contains("odd"))
  }

  @Test(
    arguments: [
      (402, .destination), (405, .destination), (421, .destination), (451, .destination), (400, .unclear),
      (413, .event), (429, .server), (503, .server),
    ] as [(Int, TroubleSubject)])
  func `a status speaks where no code does`(_ status: Int, _ subject: TroubleSubject) throws {
    let place = try AWSAddress("sns:arn:aws:sns:eu-central-1:1:orders")
    #expect(AWSTrouble("", "", status: status, at: place, credentials: "").subject == subject)
  }

  @Test(arguments: ["InternalFailure", "InternalError", "ServiceUnavailable", "AWS.SimpleQueueService.InternalError"])
  func `trouble of theirs is theirs, whomever they blame`(_ code: String) throws {
    let place = try AWSAddress("sns:arn:aws:sns:eu-central-1:1:orders")
    for status in [nil, 400] as [Int?] {
      #expect(AWSTrouble(code, "", status: status, at: place, credentials: "").subject == .server)
    }
  }
}
