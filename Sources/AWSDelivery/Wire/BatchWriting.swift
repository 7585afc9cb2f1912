// SPDX-License-Identifier: Apache-2.0

import Octets

/// Requests with some messages in them. An entry's id is its place there.
enum BatchWriting {
  /// Source: Amazon SQS API Reference, "SendMessageBatch".
  static func json(_ messages: some Collection<AWSMessage>, to queue: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(messages.reduce(256) { $0 + $1.size * 5 / 4 + 512 })
    bytes += #"{"QueueUrl":""#.utf8
    bytes.appendInString(queue.utf8)
    bytes += #"","Entries":["#.utf8
    for (place, message) in messages.enumerated() {
      bytes += "\(place > 0 ? "," : ""){\"Id\":\"\(place)\",\"MessageBody\":\"".utf8
      bytes.appendInString(message.body)
      bytes.append(UInt8(ascii: "\""))
      if !message.attributes.isEmpty {
        bytes += #","MessageAttributes":{"#.utf8
        for (number, attribute) in message.attributes.enumerated() {
          bytes += "\(number > 0 ? "," : "")\"\(attribute.name)\":{\"DataType\":\"String\",\"StringValue\":\"".utf8
          bytes.appendInString(attribute.value)
          bytes += "\"}".utf8
        }
        bytes.append(UInt8(ascii: "}"))
      }
      if let group = message.group {
        bytes += #","MessageGroupId":""#.utf8
        bytes.appendInString(group.utf8)
        bytes.append(UInt8(ascii: "\""))
      }
      if let id = message.deduplication { bytes += ",\"MessageDeduplicationId\":\"\(id)\"".utf8 }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes += "]}".utf8
    return bytes
  }

  /// A request about a queue alone.
  static func json(queue: String, _ rest: String) -> [UInt8] {
    var bytes = Array(#"{"QueueUrl":""#.utf8)
    bytes.appendInString(queue.utf8)
    bytes += "\",\(rest)}".utf8
    return bytes
  }

  /// Source: Amazon SNS API Reference, "PublishBatch".
  static func form(_ messages: some Collection<AWSMessage>, to topic: String) -> [UInt8] {
    var form = FormWriter()
    form.append("Action", "PublishBatch")
    form.append("Version", "2010-03-31")
    form.append("TopicArn", topic)
    for (place, message) in messages.enumerated() {
      let entry = "PublishBatchRequestEntries.member.\(place + 1)"
      form.append("\(entry).Id", "\(place)")
      form.append("\(entry).Message", message.body)
      for (number, attribute) in message.attributes.enumerated() {
        let field = "\(entry).MessageAttributes.entry.\(number + 1)"
        form.append("\(field).Name", attribute.name)
        form.append("\(field).Value.DataType", "String")
        form.append("\(field).Value.StringValue", attribute.value)
      }
      if let group = message.group { form.append("\(entry).MessageGroupId", group) }
      if let id = message.deduplication { form.append("\(entry).MessageDeduplicationId", id) }
    }
    return form.bytes
  }

  /// A request about a topic alone.
  static func form(topic: String, _ action: String) -> [UInt8] {
    var form = FormWriter()
    form.append("Action", action)
    form.append("Version", "2010-03-31")
    form.append("TopicArn", topic)
    return form.bytes
  }
}

extension [UInt8] {
  /// Appends text within a JSON string's quotes. Source: RFC 8259, section 7.
  fileprivate mutating func appendInString(_ text: some Sequence<UInt8>) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append(contentsOf: "\\u00".utf8)
        appendHexadecimal(byte)
      default: append(byte)
      }
    }
  }
}
