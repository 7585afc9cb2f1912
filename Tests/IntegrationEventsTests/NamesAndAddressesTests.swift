// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

@Suite struct AttributeNameTests {
  @Test(arguments: ["a", "z", "tenant", "a1", "0", "traceparent", "tracestate", "averyveryverylongname0123456789"])
  func `letters and digits`(text: String) {
    #expect(AttributeName(text)?.text == text)
  }

  @Test(arguments: ["", "A", "aB", "a-b", "a_b", "a.b", "a b", " a", "é", "a\n", "a\"", "ａ"])
  func `anything else is refused`(text: String) {
    #expect(AttributeName(text) == nil)
  }

  @Test(arguments: [
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "sequence",
    "partitionkey", "aggregatetype", "dataversion",
  ])
  func `the envelope's own names are taken`(text: String) {
    #expect(AttributeName(text) == nil)
  }
}

@Suite struct EventSourceTests {
  @Test(arguments: [
    "/shop/public.outbox", "urn:example:orders", "https://example.com/a?b=c#d", "a", "%20", "//host", "/a%2fB",
    "mailto:a@b.example", "/a;b=c,d", "/(a)!$&'*+~_-.",
  ])
  func `URI references`(text: String) {
    #expect(EventSource(text)?.uri == text)
  }

  @Test(arguments: ["", " ", "a b", "a\"b", "a\\b", "<a>", "a^b", "a`b", "{a}", "a|b", "%", "%2", "%2G", "é", "a\n"])
  func `what is no URI reference`(text: String) {
    #expect(EventSource(text) == nil)
  }

  @Test func `a path is percent-encoded`() {
    #expect(EventSource(path: ["my db", "Größe.out/box"]).uri == "/my%20db/Gr%C3%B6%C3%9Fe.out%2Fbox")
    #expect(EventSource(path: ["a\u{1}b"]).uri == "/a%01b")
    #expect(EventSource(path: []).uri == "")
  }
}
