// SPDX-License-Identifier: Apache-2.0

import Foundation
import Inbox
import IntegrationEvents
import Testing

/// As many as a decimal holds.
private let digits = "12345678901234567890123456789012345678"

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

  private struct OtherV2: VersionedEvent {
    static let type = "OrderPlaced"
    static let version = 2
    var key: String { "" }
  }

  @Test func `steps between which two Swift types stand for one version are refused at the start`() throws {
    let toOther = Upcaster(PlacedV1.self, to: OtherV2.self) { _ in OtherV2() }
    let fromOther = Upcaster(OtherV2.self, to: PlacedV3.self) { _ in PlacedV3(orderID: "", cents: 0, currency: "") }
    for steps in [[toOther, secondToThird], [firstToSecond, fromOther]] {
      #expect(throws: UpcasterError.twoTypes(type: "OrderPlaced", version: 2)) {
        try Upcasters(to: PlacedV3.self, steps)
      }
    }
    #expect(throws: UpcasterError.twoTypes(type: "OrderPlaced", version: 2)) {
      try Upcasters(to: PlacedV2.self, [toOther])
    }
    #expect(throws: Never.self) { try Upcasters(to: PlacedV3.self, [toOther, fromOther]) }
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
  }

  @Test(arguments: [
    "yesterday", "2026-11-23T06:30:00.5", "2026-11-23 06:30:00.5", "2026-11-23 06:30:00+01:00",
    "2026-11-23T06:30:00+01",
    "2026-11-23T24:00:00Z", "2026-11-23T24:59:60Z",
  ])
  func `a time that RFC 3339 does not have is refused`(time: String) throws {
    #expect(throws: EventRefusal.self) {
      try Upcasters(to: Shipped.self).read(event("OrderShipped", #"{"orderID":"7","at":"\#(time)"}"#))
    }
  }

  @Test(arguments: [
    (digits, true), ("0.\(digits)", true), ("-\(digits)e-20", true), ("\(digits)000000", true),
    ("0.000\(digits)000", true),
    ("\(digits)1", false), ("0.\(digits)1", false), ("1.\(digits)", false),
    ("1.\(String(repeating: "0", count: 37))1", false),
    ("1e200", false),
  ])
  func `a number of more digits than a decimal holds is refused, and none is cut`(number: String, isTaken: Bool) throws
  {
    let placed = try? Upcasters(to: PlacedV1.self).read(
      event(version: nil, #"{"euros":\#(number),"orderID":"\#(digits)\"9"}"#))
    #expect(placed.map(\.euros) == (isTaken ? Decimal(string: number) : nil))
  }
}
