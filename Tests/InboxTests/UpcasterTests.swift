// SPDX-License-Identifier: Apache-2.0

import Foundation
import Inbox
import IntegrationEvents
import Testing

struct UpcasterTests {
  @Test(arguments: [
    ("1", #"{"orderID":"7","euros":19.99}"#), ("2", #"{"orderID":"7","cents":1999}"#),
    ("3", #"{"orderID":"7","cents":1999,"currency":"EUR"}"#),
  ])
  func `an event of each version is read as the present one`(version: String, data: String) throws {
    let read = try Upcasters(to: PlacedV3.self, [secondToThird, firstToSecond]).read(event(version: version, data))
    #expect(read.orderID == "7" && read.cents == 1999 && read.currency == "EUR")
  }

  @Test func `a version without a step, two steps from one, and steps that lead elsewhere are refused at the start`()
    throws
  {
    #expect(throws: UpcasterError.hole(type: "OrderPlaced", version: 1)) {
      try Upcasters(to: PlacedV3.self, [secondToThird])
    }
    #expect(throws: UpcasterError.hole(type: "OrderPlaced", version: 2)) {
      try Upcasters(to: PlacedV3.self, [firstToSecond])
    }
    #expect(throws: UpcasterError.branch(type: "OrderPlaced", version: 1)) {
      try Upcasters(to: PlacedV3.self, [firstToSecond, secondToThird, firstToSecond])
    }
    let past = Upcaster(PlacedV1.self, to: PlacedV3.self) { PlacedV3(orderID: $0.orderID, cents: 0, currency: "") }
    #expect(throws: UpcasterError.notUpward(type: "OrderPlaced", from: 1, to: 3)) {
      try Upcasters(to: PlacedV3.self, [past])
    }
    let down = Upcaster(PlacedV2.self, to: PlacedV1.self) { PlacedV1(orderID: $0.orderID, euros: 0) }
    #expect(throws: UpcasterError.notUpward(type: "OrderPlaced", from: 2, to: 1)) {
      try Upcasters(to: PlacedV2.self, [down])
    }
    let other = Upcaster(Shipped.self, to: PlacedV2.self) { PlacedV2(orderID: $0.orderID, cents: 0) }
    #expect(throws: UpcasterError.otherType("OrderShipped", expected: "OrderPlaced")) {
      try Upcasters(to: PlacedV2.self, [other])
    }
    #expect(throws: UpcasterError.notUpward(type: "OrderPlaced", from: 2, to: 3)) {
      try Upcasters(to: PlacedV2.self, [firstToSecond, secondToThird])
    }
  }

  @Test func `versions below the oldest that may come need no step, and are refused when they come`() throws {
    let upcasters = try Upcasters(to: PlacedV3.self, oldest: 2, [secondToThird])
    #expect(throws: EventRefusal.self) { try upcasters.read(event(version: "1", #"{"orderID":"7","euros":1}"#)) }
    #expect(try upcasters.read(event(version: "2", #"{"orderID":"7","cents":1}"#)).cents == 1)
  }

  @Test(arguments: ["0", "4", "-1", "9223372036854775807", "9223372036854775808", "x", ""])
  func `a version that is not known is refused`(version: String) throws {
    let upcasters = try Upcasters(to: PlacedV3.self, [firstToSecond, secondToThird])
    #expect(throws: EventRefusal.self) {
      try upcasters.read(event(version: version, #"{"orderID":"7","cents":1,"currency":"EUR"}"#))
    }
  }

  @Test func `data that is not what its version says is refused, without a word of it`() throws {
    let upcasters = try Upcasters(to: PlacedV2.self, [firstToSecond])
    for data in [#"{"orderID":"hush"}"#, #"{"orderID":"hush","cents":"hush"}"#, "hush", #"{"orderID":null,"cents":1}"#]
    {
      let error = #expect(throws: EventRefusal.self) { try upcasters.read(event(version: "2", data)) }
      #expect(error?.reason.contains("hush") == false && error?.reason.contains("version 2") == true)
    }
  }

  @Test func `decimals are exact, and times are read as RFC 3339 has them`() throws {
    let first = try Upcasters(to: PlacedV1.self).read(
      event(version: nil, #"{"orderID":"7","euros":0.1234567890123456789}"#))
    #expect(first.euros == Decimal(string: "0.1234567890123456789"))
    for time in ["2026-11-23T07:16:06.5Z", "2026-11-23T08:16:06.500+01:00"] {
      let shipped = try Upcasters(to: Shipped.self).read(event("OrderShipped", #"{"orderID":"7","at":"\#(time)"}"#))
      #expect(shipped.at == Date(timeIntervalSince1970: 1_795_418_166.5))
    }
    #expect(throws: EventRefusal.self) {
      try Upcasters(to: Shipped.self).read(event("OrderShipped", #"{"orderID":"7","at":"yesterday"}"#))
    }
  }
}
