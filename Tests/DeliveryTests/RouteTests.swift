// SPDX-License-Identifier: Apache-2.0

import Delivery
import TestDelivery
import Testing

@Suite struct RouteTests {
  @Test(arguments: [
    ("outbox.event.{aggregatetype}", "outbox.event.order"), ("{aggregatetype}.{type}", "order.OrderPlaced"),
    ("all", "all"), ("{aggregateid}", "a b"), ("x{partitionkey}y", "xa by"), ("{id}-{source}", "1-/shop/public.outbox"),
  ])
  func `a pattern is filled in with what the event has`(pattern: String, name: String) throws {
    let route = try #require(Route(pattern))
    let batch = try Events.batch([.init(id: "1", key: "a b")])
    #expect(try route.name(of: OutgoingEvent(batch, batch.events[0])) == name)
    #expect(route.description == pattern)
  }

  @Test(arguments: ["", "{", "}", "{}", "a}b", "{a", "{A}", "{a b}", "{{type}}", "{type"])
  func `what is no pattern is refused`(pattern: String) { #expect(Route(pattern) == nil) }

  @Test func `an attribute that the event has not got is named`() throws {
    let route = try #require(Route("{aggregatetype}.{region}"))
    let batch = try Events.batch([.init(id: "1", key: "a")])
    let missing = #expect(throws: Route.Missing.self) { try route.name(of: OutgoingEvent(batch, batch.events[0])) }
    #expect(missing?.attribute == "region")
  }
}
