// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

@testable import RedisDelivery

/// What a publisher remembers of streams.
@Suite struct KnownStreamsTests {
  private let name = Array("s".utf8)

  private func at(_ number: UInt64) -> EventPosition { EventPosition(commitLSN: number, ordinal: 1) }

  /// What the script says of a newest entry and the highest id that ever was there.
  private func top(_ newest: UInt64?, highest: String) throws -> StreamTop {
    let id = newest.map { at($0).streamID } ?? ""
    let reply = Reply.list(
      ["", "top", id, newest.map { at($0).sequence } ?? "", highest].enumerated().map {
        $0 == 0 ? .integer(0) : .text(Array($1.utf8))
      })
    guard case .top(let top) = try AddingScript.answer(reply, of: 1) else { throw ReplyBreach.unexpected }
    return top
  }

  @Test func `only what was sent behind all that was known, and not answered, counts as sent again`() throws {
    var streams = KnownStreams()
    // Of a stream that was never seen nothing is known: what is there may be from an earlier run.
    #expect(streams.send(at(1)...at(5), to: name) == ("", false))
    #expect(streams.send(at(1)...at(5), to: name) == ("", false))
    #expect(streams.find(try top(4, highest: "4-1"), in: name, hasPositions: true) == nil)
    #expect(streams.send(at(1)...at(5), to: name) == ("4-1", false))
    #expect(streams.send(at(1)...at(5), to: name) == ("4-1", false))
    streams.add(upTo: at(5), to: name)
    #expect(streams.send(at(6)...at(9), to: name) == ("5-1", false))
    #expect(streams.send(at(6)...at(9), to: name) == ("5-1", true))
    #expect(streams.send(at(7)...at(8), to: name) == ("5-1", true))
    // The newest entry is one of them.
    #expect(streams.find(try top(9, highest: "9-1"), in: name, hasPositions: true) == nil)
    #expect(streams.send(at(6)...at(9), to: name) == ("9-1", true))
    #expect(streams.send(at(6)...at(10), to: name) == ("9-1", false))
    streams.add(upTo: at(10), to: name)
    #expect(streams.send(at(11)...at(12), to: name) == ("10-1", false))
    streams.answered(name)
    #expect(streams.send(at(11)...at(12), to: name) == ("10-1", false))
  }

  @Test func `a stream that has forgotten what it had is noticed once, and one whose entries were deleted is none`()
    throws
  {
    var streams = KnownStreams()
    streams.add(upTo: at(7), to: name)
    #expect(streams.find(try top(nil, highest: "7-1"), in: name, hasPositions: true) == nil)
    streams.add(upTo: at(8), to: name)
    #expect(streams.find(try top(nil, highest: ""), in: name, hasPositions: true) == nil, "it is not to be seen")
    streams.add(upTo: at(9), to: name)
    #expect(streams.find(try top(nil, highest: "0-0"), in: name, hasPositions: true) == at(9))
    #expect(streams.find(try top(nil, highest: "0-0"), in: name, hasPositions: true) == nil)
    streams.add(upTo: at(12), to: name)
    #expect(streams.find(try top(3, highest: "3-1"), in: name, hasPositions: true) == at(12))
    #expect(streams.send(at(13)...at(13), to: name).top == "3-1")
  }

  @Test func `ids of the server's own need no memory`() throws {
    var streams = KnownStreams()
    #expect(streams.send(nil, to: name) == ("", false))
    #expect(streams.find(try top(nil, highest: "3-1"), in: name, hasPositions: false) == nil)
    #expect(streams.send(nil, to: name) == ("*", false))
    for number in 0..<10_001 { streams.add(upTo: at(1), to: Array("\(number)".utf8)) }
    #expect(streams.send(nil, to: name) == ("", false), "not all streams are kept in mind")
  }
}
